// batch/v1: Job.
//
// Source: spec/job.md 1.2, 1.3. Plain values. A Job shares its spec among copies, so that a new status costs what a
// status costs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/core.h"

namespace reprieve::batch {

using meta::Value;
using model::kAlwaysWritten;

inline constexpr std::string_view kTrackingFinalizer = "batch.kubernetes.io/job-tracking";
inline constexpr std::string_view kCompletionIndex = "batch.kubernetes.io/job-completion-index";
inline constexpr std::string_view kIndexFailureCount = "batch.kubernetes.io/job-index-failure-count";
inline constexpr std::string_view kIndexIgnoredFailureCount = "batch.kubernetes.io/job-index-ignored-failure-count";
inline constexpr std::string_view kJobName = "batch.kubernetes.io/job-name";
inline constexpr std::string_view kControllerUid = "batch.kubernetes.io/controller-uid";
inline constexpr std::string_view kBuiltInController = "kubernetes.io/job-controller";

// What a text that is none of the API's words reads as. Clients skip a rule with an unknown action and take an unknown
// operator as not matching (spec/job.md 1.2).
enum class FailureAction : std::uint8_t { kCount, kIgnore, kFailIndex, kFailJob, kUnknown };
std::string_view NameOf(FailureAction action);
void FromName(std::string_view name, FailureAction& out);

enum class ExitCodeOperator : std::uint8_t { kIn, kNotIn, kUnknown };
std::string_view NameOf(ExitCodeOperator op);
void FromName(std::string_view name, ExitCodeOperator& out);

enum class CompletionMode : std::uint8_t { kNonIndexed, kIndexed, kUnknown };
std::string_view NameOf(CompletionMode mode);
void FromName(std::string_view name, CompletionMode& out);

enum class PodReplacementPolicy : std::uint8_t { kTerminatingOrFailed, kFailed };
std::string_view NameOf(PodReplacementPolicy policy);
void FromName(std::string_view name, PodReplacementPolicy& out);

struct OnExitCodes {
  using BoundTag = void;
  std::optional<std::string> container_name;
  ExitCodeOperator op = ExitCodeOperator::kUnknown;
  std::vector<std::int32_t> values;  // ascending, as validation demands
  model::Rest rest;

  template <class V>
  static void Fields(V& v) {
    v.Field("containerName", &OnExitCodes::container_name);
    v.Field("operator", &OnExitCodes::op, kAlwaysWritten);
    v.Field("values", &OnExitCodes::values, kAlwaysWritten);
  }
};

struct OnPodCondition {
  using BoundTag = void;
  std::string type;
  std::string status;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("type", &OnPodCondition::type, kAlwaysWritten);
    v.Field("status", &OnPodCondition::status, kAlwaysWritten);
  }
};

struct PodFailurePolicyRule {
  using BoundTag = void;
  FailureAction action = FailureAction::kUnknown;
  std::optional<OnExitCodes> on_exit_codes;
  std::vector<OnPodCondition> on_pod_conditions;
  model::Rest rest;
  document::Mark mark;  // where the rule stands in the user's file
  template <class V>
  static void Fields(V& v) {
    v.Field("action", &PodFailurePolicyRule::action, kAlwaysWritten);
    v.Field("onExitCodes", &PodFailurePolicyRule::on_exit_codes);
    v.Field("onPodConditions", &PodFailurePolicyRule::on_pod_conditions);
  }
};

struct PodFailurePolicy {
  using BoundTag = void;
  std::vector<PodFailurePolicyRule> rules;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("rules", &PodFailurePolicy::rules, kAlwaysWritten);
  }
};

struct SuccessPolicyRule {
  using BoundTag = void;
  std::optional<std::string> succeeded_indexes;
  std::optional<std::int32_t> succeeded_count;
  model::Rest rest;
  document::Mark mark;  // where the rule stands in the user's file
  template <class V>
  static void Fields(V& v) {
    v.Field("succeededIndexes", &SuccessPolicyRule::succeeded_indexes);
    v.Field("succeededCount", &SuccessPolicyRule::succeeded_count);
  }
};

struct SuccessPolicy {
  using BoundTag = void;
  std::vector<SuccessPolicyRule> rules;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("rules", &SuccessPolicy::rules, kAlwaysWritten);
  }
};

struct JobSpec {
  using BoundTag = void;
  std::optional<std::int32_t> parallelism;
  std::optional<std::int32_t> completions;
  std::optional<std::int64_t> active_deadline_seconds;
  std::optional<PodFailurePolicy> pod_failure_policy;
  std::optional<SuccessPolicy> success_policy;
  std::optional<std::int32_t> backoff_limit;
  std::optional<std::int32_t> backoff_limit_per_index;
  std::optional<std::int32_t> max_failed_indexes;
  std::optional<meta::LabelSelector> selector;
  std::optional<bool> manual_selector;
  core::PodTemplateSpec pod_template;
  std::optional<std::int32_t> ttl_seconds_after_finished;
  std::optional<CompletionMode> completion_mode;
  std::optional<bool> suspend;
  std::optional<PodReplacementPolicy> pod_replacement_policy;
  std::optional<std::string> managed_by;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("parallelism", &JobSpec::parallelism);
    v.Field("completions", &JobSpec::completions);
    v.Field("activeDeadlineSeconds", &JobSpec::active_deadline_seconds);
    v.Field("podFailurePolicy", &JobSpec::pod_failure_policy);
    v.Field("successPolicy", &JobSpec::success_policy);
    v.Field("backoffLimit", &JobSpec::backoff_limit);
    v.Field("backoffLimitPerIndex", &JobSpec::backoff_limit_per_index);
    v.Field("maxFailedIndexes", &JobSpec::max_failed_indexes);
    v.Field("selector", &JobSpec::selector);
    v.Field("manualSelector", &JobSpec::manual_selector);
    v.Field("template", &JobSpec::pod_template, kAlwaysWritten);
    v.Field("ttlSecondsAfterFinished", &JobSpec::ttl_seconds_after_finished);
    v.Field("completionMode", &JobSpec::completion_mode);
    v.Field("suspend", &JobSpec::suspend);
    v.Field("podReplacementPolicy", &JobSpec::pod_replacement_policy);
    v.Field("managedBy", &JobSpec::managed_by);
  }

  bool indexed() const { return completion_mode == CompletionMode::kIndexed; }
  bool suspended() const { return suspend.value_or(false); }
  // Deleting pods are replaced only once they have ended (spec/job.md 2.17).
  bool replaces_only_failed() const { return pod_replacement_policy == PodReplacementPolicy::kFailed; }
};

struct JobCondition {
  using BoundTag = void;
  std::string type;
  std::string status;
  std::optional<Time> last_probe_time;
  std::optional<Time> last_transition_time;
  std::string reason;
  std::string message;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("type", &JobCondition::type, kAlwaysWritten);
    v.Field("status", &JobCondition::status, kAlwaysWritten);
    v.Field("lastProbeTime", &JobCondition::last_probe_time);
    v.Field("lastTransitionTime", &JobCondition::last_transition_time);
    v.Field("reason", &JobCondition::reason);
    v.Field("message", &JobCondition::message);
  }
};

struct UncountedTerminatedPods {
  using BoundTag = void;
  std::vector<meta::Uid> succeeded;
  std::vector<meta::Uid> failed;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("succeeded", &UncountedTerminatedPods::succeeded);
    v.Field("failed", &UncountedTerminatedPods::failed);
  }
  bool empty() const { return succeeded.empty() && failed.empty(); }
};

struct JobStatus {
  using BoundTag = void;
  std::vector<JobCondition> conditions;
  std::optional<Time> start_time;
  std::optional<Time> completion_time;
  std::int32_t active = 0;
  std::int32_t succeeded = 0;
  std::int32_t failed = 0;
  std::optional<std::int32_t> terminating;
  std::string completed_indexes;
  std::optional<std::string> failed_indexes;
  std::optional<UncountedTerminatedPods> uncounted_terminated_pods;
  std::optional<std::int32_t> ready;
  model::Rest rest;
  template <class V>
  static void Fields(V& v) {
    v.Field("conditions", &JobStatus::conditions);
    v.Field("startTime", &JobStatus::start_time);
    v.Field("completionTime", &JobStatus::completion_time);
    v.Field("active", &JobStatus::active);
    v.Field("succeeded", &JobStatus::succeeded);
    v.Field("failed", &JobStatus::failed);
    v.Field("terminating", &JobStatus::terminating);
    v.Field("completedIndexes", &JobStatus::completed_indexes);
    v.Field("failedIndexes", &JobStatus::failed_indexes);
    v.Field("uncountedTerminatedPods", &JobStatus::uncounted_terminated_pods);
    v.Field("ready", &JobStatus::ready);
  }
  // Null pointer if there is none.
  const JobCondition* FindCondition(std::string_view type) const;
  JobCondition* FindCondition(std::string_view type);
  bool IsTrue(std::string_view type) const;
  // Complete or Failed.
  bool IsFinished() const { return IsTrue("Complete") || IsTrue("Failed"); }
};

struct Job {
  meta::ObjectMeta metadata;
  std::shared_ptr<const JobSpec> spec;
  JobStatus status;
  std::string file;  // the manifest it came from; empty: none
};

// Takes the places of the policies' rules from the manifest that the Job was admitted from.
void KeepRuleMarks(const document::Value& manifest, Job& job);
// The same of a spec alone, from the spec as written.
void KeepRuleMarks(const document::Value& written, JobSpec& spec);
// Takes those places from the spec that the Job was made from, whose rules are the same.
void TakeRuleMarks(const JobSpec& from, Job& job);

// With apiVersion and kind. Reading keeps the marks of rules.
void FromValue(const document::Value& value, Job& out);
document::Value ToValue(const Job& job);

}  // namespace reprieve::batch
