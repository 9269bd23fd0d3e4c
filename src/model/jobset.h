// jobset.x-k8s.io/v1alpha2: JobSet.
//
// Source: spec/jobset.md 1.2, 1.3. Plain values. A JobSet shares its spec among copies, so that a new status costs what
// a status costs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/batch.h"

namespace reprieve::jobset {

using meta::Value;
using model::kAlwaysWritten;

inline constexpr std::string_view kApiVersion = "jobset.x-k8s.io/v1alpha2";
inline constexpr std::string_view kBuiltInController = "jobset.sigs.k8s.io/jobset-controller";

// Labels and annotations of child Jobs and of their pods (spec/jobset.md 2.9).
inline constexpr std::string_view kJobSetName = "jobset.sigs.k8s.io/jobset-name";
inline constexpr std::string_view kJobSetUid = "jobset.sigs.k8s.io/jobset-uid";
inline constexpr std::string_view kReplicatedJobName = "jobset.sigs.k8s.io/replicatedjob-name";
inline constexpr std::string_view kRestartAttempt = "jobset.sigs.k8s.io/restart-attempt";
inline constexpr std::string_view kJobRestartAttempt = "jobset.sigs.k8s.io/job-restart-attempt";
inline constexpr std::string_view kReplicatedJobReplicas = "jobset.sigs.k8s.io/replicatedjob-replicas";
inline constexpr std::string_view kGlobalReplicas = "jobset.sigs.k8s.io/global-replicas";
inline constexpr std::string_view kJobIndex = "jobset.sigs.k8s.io/job-index";
inline constexpr std::string_view kJobKey = "jobset.sigs.k8s.io/job-key";
inline constexpr std::string_view kJobGlobalIndex = "jobset.sigs.k8s.io/job-global-index";
inline constexpr std::string_view kGroupName = "jobset.sigs.k8s.io/group-name";
inline constexpr std::string_view kGroupReplicas = "jobset.sigs.k8s.io/group-replicas";
inline constexpr std::string_view kJobGroupIndex = "jobset.sigs.k8s.io/job-group-index";
inline constexpr std::string_view kCoordinator = "jobset.sigs.k8s.io/coordinator";
inline constexpr std::string_view kPriority = "jobset.sigs.k8s.io/priority";
inline constexpr std::string_view kExclusiveTopology = "alpha.jobset.sigs.k8s.io/exclusive-topology";
inline constexpr std::string_view kNodeSelector = "alpha.jobset.sigs.k8s.io/node-selector";
inline constexpr std::string_view kNamespacedJob = "alpha.jobset.sigs.k8s.io/namespaced-job";
inline constexpr std::string_view kNoSchedule = "alpha.jobset.sigs.k8s.io/no-schedule";
// In-place restart (spec/jobset.md 2.14).
inline constexpr std::string_view kInPlaceRestartAttempt = "jobset.sigs.k8s.io/in-place-restart-attempt";
inline constexpr std::string_view kDisableInPlaceRestart = "jobset.sigs.k8s.io/disable-in-place-restart";

// What a text that is none of the API's words reads as comes last.
enum class FailureAction : std::uint8_t {
  kFailJobSet,
  kRestartJobSet,
  kRestartJobSetAndIgnoreMaxRestarts,
  kRestartJob,
  kRestartJobAndIgnoreMaxRestarts,
  kUnknown,
};
std::string_view NameOf(FailureAction action);
void FromName(std::string_view name, FailureAction& out);

enum class RestartStrategy : std::uint8_t { kRecreate, kBlockingRecreate, kInPlaceRestart };
std::string_view NameOf(RestartStrategy strategy);
void FromName(std::string_view name, RestartStrategy& out);

enum class SuccessOperator : std::uint8_t { kAll, kAny };
std::string_view NameOf(SuccessOperator op);
void FromName(std::string_view name, SuccessOperator& out);

enum class StartupOrder : std::uint8_t { kAnyOrder, kInOrder };
std::string_view NameOf(StartupOrder order);
void FromName(std::string_view name, StartupOrder& out);

enum class DependencyStatus : std::uint8_t { kReady, kComplete };
std::string_view NameOf(DependencyStatus status);
void FromName(std::string_view name, DependencyStatus& out);

enum class ClaimRetention : std::uint8_t { kDelete, kRetain };
std::string_view NameOf(ClaimRetention retention);
void FromName(std::string_view name, ClaimRetention& out);

struct Network {
  using BoundTag = void;
  std::optional<bool> enable_dns_hostnames;
  std::string subdomain;  // empty: the JobSet's name
  std::optional<bool> publish_not_ready_addresses;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("enableDNSHostnames", &Network::enable_dns_hostnames);
    v.Field("subdomain", &Network::subdomain);
    v.Field("publishNotReadyAddresses", &Network::publish_not_ready_addresses);
  }
};

struct SuccessPolicy {
  using BoundTag = void;
  SuccessOperator op = SuccessOperator::kAll;
  std::vector<std::string> target_replicated_jobs;  // empty: all
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("operator", &SuccessPolicy::op, kAlwaysWritten);
    v.Field("targetReplicatedJobs", &SuccessPolicy::target_replicated_jobs);
  }
};

// Each list that is empty matches anything.
struct FailurePolicyRule {
  using BoundTag = void;
  std::string name;
  FailureAction action = FailureAction::kUnknown;
  std::vector<std::string> on_job_failure_reasons;
  std::vector<std::string> on_job_failure_message_patterns;  // RE2, unanchored
  std::vector<std::string> target_replicated_jobs;
  model::Rest rest;
  document::Mark mark;  // where the rule stands in the user's file
  template <class V>
  static void Fields(V& v) {
    v.Field("name", &FailurePolicyRule::name, kAlwaysWritten);
    v.Field("action", &FailurePolicyRule::action, kAlwaysWritten);
    v.Field("onJobFailureReasons", &FailurePolicyRule::on_job_failure_reasons);
    v.Field("onJobFailureMessagePatterns", &FailurePolicyRule::on_job_failure_message_patterns);
    v.Field("targetReplicatedJobs", &FailurePolicyRule::target_replicated_jobs);
  }
};

struct FailurePolicy {
  using BoundTag = void;
  std::int32_t max_restarts = 0;
  RestartStrategy restart_strategy = RestartStrategy::kRecreate;
  std::vector<FailurePolicyRule> rules;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("maxRestarts", &FailurePolicy::max_restarts);
    v.Field("restartStrategy", &FailurePolicy::restart_strategy);
    v.Field("rules", &FailurePolicy::rules);
  }
};

struct StartupPolicy {
  using BoundTag = void;
  StartupOrder order = StartupOrder::kAnyOrder;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("startupPolicyOrder", &StartupPolicy::order, kAlwaysWritten);
  }
};

struct Coordinator {
  using BoundTag = void;
  std::string replicated_job;
  std::int32_t job_index = 0;
  std::int32_t pod_index = 0;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("replicatedJob", &Coordinator::replicated_job, kAlwaysWritten);
    v.Field("jobIndex", &Coordinator::job_index);
    v.Field("podIndex", &Coordinator::pod_index);
  }
};

struct RetentionPolicy {
  using BoundTag = void;
  std::optional<ClaimRetention> when_deleted;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("whenDeleted", &RetentionPolicy::when_deleted);
  }
};

struct VolumeClaimPolicy {
  using BoundTag = void;
  std::vector<core::PersistentVolumeClaim> templates;
  std::optional<RetentionPolicy> retention_policy;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("templates", &VolumeClaimPolicy::templates);
    v.Field("retentionPolicy", &VolumeClaimPolicy::retention_policy);
  }
  bool deletes_with_jobset() const {
    return retention_policy && retention_policy->when_deleted == ClaimRetention::kDelete;
  }
};

struct Dependency {
  using BoundTag = void;
  std::string name;
  DependencyStatus status = DependencyStatus::kReady;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("name", &Dependency::name, kAlwaysWritten);
    v.Field("status", &Dependency::status, kAlwaysWritten);
  }
};

struct JobTemplateSpec {
  using BoundTag = void;
  meta::ObjectMeta metadata;
  std::shared_ptr<const batch::JobSpec> spec;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("metadata", &JobTemplateSpec::metadata, kAlwaysWritten);
    v.Field("spec", &JobTemplateSpec::spec, kAlwaysWritten);
  }
};

struct ReplicatedJob {
  using BoundTag = void;
  std::string name;
  std::string group_name;
  JobTemplateSpec job_template;
  std::int32_t replicas = 0;
  std::vector<Dependency> depends_on;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("name", &ReplicatedJob::name, kAlwaysWritten);
    v.Field("groupName", &ReplicatedJob::group_name);
    v.Field("template", &ReplicatedJob::job_template, kAlwaysWritten);
    v.Field("replicas", &ReplicatedJob::replicas);
    v.Field("dependsOn", &ReplicatedJob::depends_on);
  }
};

struct JobSetSpec {
  using BoundTag = void;
  std::vector<ReplicatedJob> replicated_jobs;
  std::optional<Network> network;
  std::optional<SuccessPolicy> success_policy;
  std::optional<FailurePolicy> failure_policy;
  std::optional<StartupPolicy> startup_policy;
  std::optional<bool> suspend;
  std::optional<Coordinator> coordinator;
  std::optional<std::string> managed_by;
  std::optional<std::int32_t> ttl_seconds_after_finished;
  std::vector<VolumeClaimPolicy> volume_claim_policies;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("replicatedJobs", &JobSetSpec::replicated_jobs);
    v.Field("network", &JobSetSpec::network);
    v.Field("successPolicy", &JobSetSpec::success_policy);
    v.Field("failurePolicy", &JobSetSpec::failure_policy);
    v.Field("startupPolicy", &JobSetSpec::startup_policy);
    v.Field("suspend", &JobSetSpec::suspend);
    v.Field("coordinator", &JobSetSpec::coordinator);
    v.Field("managedBy", &JobSetSpec::managed_by);
    v.Field("ttlSecondsAfterFinished", &JobSetSpec::ttl_seconds_after_finished);
    v.Field("volumeClaimPolicies", &JobSetSpec::volume_claim_policies);
  }

  bool suspended() const { return suspend.value_or(false); }
  bool in_order() const { return startup_policy && startup_policy->order == StartupOrder::kInOrder; }
  bool has_hostnames() const { return network && network->enable_dns_hostnames.value_or(false); }
  bool managed_elsewhere() const { return managed_by && *managed_by != kBuiltInController; }
  RestartStrategy restart_strategy() const {
    return failure_policy ? failure_policy->restart_strategy : RestartStrategy::kRecreate;
  }
};

struct Condition {
  using BoundTag = void;
  std::string type;
  std::string status;  // True, False, Unknown
  std::optional<Time> last_transition_time;
  std::string reason;
  std::string message;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("lastTransitionTime", &Condition::last_transition_time);
    v.Field("message", &Condition::message, kAlwaysWritten);
    v.Field("reason", &Condition::reason, kAlwaysWritten);
    v.Field("status", &Condition::status, kAlwaysWritten);
    v.Field("type", &Condition::type, kAlwaysWritten);
  }
  bool operator==(const Condition&) const = default;
};

struct ReplicatedJobStatus {
  using BoundTag = void;
  std::string name;
  std::int32_t ready = 0;
  std::int32_t succeeded = 0;
  std::int32_t failed = 0;
  std::int32_t active = 0;
  std::int32_t suspended = 0;
  std::vector<std::int32_t> job_restarts;                    // by job index; empty: none yet
  std::vector<std::int32_t> job_restarts_count_towards_max;  // likewise
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("name", &ReplicatedJobStatus::name, kAlwaysWritten);
    v.Field("ready", &ReplicatedJobStatus::ready, kAlwaysWritten);
    v.Field("succeeded", &ReplicatedJobStatus::succeeded, kAlwaysWritten);
    v.Field("failed", &ReplicatedJobStatus::failed, kAlwaysWritten);
    v.Field("active", &ReplicatedJobStatus::active, kAlwaysWritten);
    v.Field("suspended", &ReplicatedJobStatus::suspended, kAlwaysWritten);
    v.Field("jobRestarts", &ReplicatedJobStatus::job_restarts);
    v.Field("jobRestartsCountTowardsMax", &ReplicatedJobStatus::job_restarts_count_towards_max);
  }
  bool operator==(const ReplicatedJobStatus&) const = default;
};

struct JobSetStatus {
  using BoundTag = void;
  std::vector<Condition> conditions;
  std::int32_t restarts = 0;  // of the whole JobSet, counted or not
  std::int32_t restarts_count_towards_max = 0;
  std::string terminal_state;                               // empty, Completed or Failed
  std::vector<ReplicatedJobStatus> replicated_jobs_status;  // by name, descending
  std::optional<std::int32_t> previous_in_place_restart_attempt;
  std::optional<std::int32_t> current_in_place_restart_attempt;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("conditions", &JobSetStatus::conditions);
    v.Field("restarts", &JobSetStatus::restarts, kAlwaysWritten);
    v.Field("restartsCountTowardsMax", &JobSetStatus::restarts_count_towards_max);
    v.Field("terminalState", &JobSetStatus::terminal_state);
    v.Field("replicatedJobsStatus", &JobSetStatus::replicated_jobs_status);
    v.Field("previousInPlaceRestartAttempt", &JobSetStatus::previous_in_place_restart_attempt);
    v.Field("currentInPlaceRestartAttempt", &JobSetStatus::current_in_place_restart_attempt);
  }
  bool operator==(const JobSetStatus&) const = default;

  // Null pointer if there is none.
  const Condition* FindCondition(std::string_view type) const;
  Condition* FindCondition(std::string_view type);
  bool IsTrue(std::string_view type) const;
  // Completed or Failed.
  bool IsFinished() const { return IsTrue("Completed") || IsTrue("Failed"); }
  const ReplicatedJobStatus* Find(std::string_view replicated_job) const;
  ReplicatedJobStatus* Find(std::string_view replicated_job);
};

struct JobSet {
  meta::ObjectMeta metadata;
  std::shared_ptr<const JobSetSpec> spec;
  JobSetStatus status;
  std::string file;  // the manifest it came from; empty: none
  // The spec as admission stored it, to the letter: an update is compared with that.
  std::shared_ptr<const document::Value> stored_spec;
};

// Takes the places of the rules from the manifest that the JobSet was admitted from: its own and those of its Jobs.
void KeepRuleMarks(const document::Value& manifest, JobSet& jobset);

// With apiVersion and kind. Reading keeps the marks of rules.
void FromValue(const document::Value& value, JobSet& out);
document::Value ToValue(const JobSet& jobset);

}  // namespace reprieve::jobset
