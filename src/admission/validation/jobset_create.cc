// What the validating webhook asks of a new JobSet, in its order (spec/jobset.md 1.6).
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "admission/validation/job.h"
#include "admission/validation/jobset.h"
#include "admission/validation/names.h"
#include "base/pattern.h"
#include "base/text.h"
#include "model/decode.h"
#include "model/schema.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::int64_t kMaxInt32 = 2147483647;
constexpr std::size_t kLongestLabel = 63;
constexpr std::size_t kLongestRuleName = 128;
constexpr std::int64_t kMostReplicasOfRestartedJobs = 1024;
constexpr std::string_view kTooLong = "must be no more than 63 characters";
constexpr std::array<std::string_view, 5> kReasons = {"BackoffLimitExceeded", "DeadlineExceeded", "FailedIndexes",
                                                      "MaxFailedIndexesExceeded", "PodFailurePolicy"};

class Webhook {
 public:
  Webhook(const Value& jobset, const model::FeatureGates& gates, const FindClaim& find_claim, FieldErrors& errors)
      : jobset_(jobset),
        spec_(jobset["spec"]),
        name_(jobset["metadata"]["name"].AsText()),
        gates_(gates),
        find_claim_(find_claim),
        errors_(errors) {
    for (const Value& job : Jobs()) names_.insert(job["name"].AsText());
  }

  void Run() {
    if (InPlace() && !gates_.in_place_restart) {
      errors_.Internal("InPlaceRestart restart strategy cannot be set when InPlaceRestart feature gate is disabled",
                       FieldPath("spec.failurePolicy.restartStrategy"));
    }
    if (!Jobs().empty() && Jobs().front().Find("dependsOn") != nullptr) {
      errors_.Internal("DependsOn can't be set for the first ReplicatedJob",
                       FieldPath("spec.replicatedJobs[0].dependsOn"));
    }
    CheckSubdomain();
    if (spec_.Find("managedBy") != nullptr) {
      ValidateManagedBy(spec_["managedBy"].AsText(), FieldPath("spec.managedBy"), errors_);
    }
    CheckJobs();
    const Value& targets = spec_["successPolicy"]["targetReplicatedJobs"];
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const std::string& target = targets[i].AsText();
      if (names_.contains(target)) continue;
      errors_.Internal(Cat("invalid replicatedJob name '", target, "' does not appear in .spec.ReplicatedJobs"),
                       FieldPath("spec.successPolicy.targetReplicatedJobs")[i]);
    }
    CheckFailurePolicy();
    CheckCoordinator();
    CheckClaims();
  }

 private:
  const Value::Array& Jobs() const { return spec_["replicatedJobs"].items(); }
  bool InPlace() const { return spec_["failurePolicy"]["restartStrategy"].AsText() == "InPlaceRestart"; }

  void CheckSubdomain() {
    const std::string& subdomain = spec_["network"]["subdomain"].AsText();
    if (subdomain.empty()) return;
    const FieldPath path("spec.network.subdomain");
    for (const std::string& fault : DnsSubdomainFaults(subdomain)) errors_.Invalid(path, Shown(subdomain), fault);
    CheckLabel(subdomain, path, subdomain, ".spec.network.subdomain is too long, must be less than 63 characters");
  }

  // `text` must be a label by RFC 1035; errors show `shown`.
  void CheckLabel(const std::string& text, const FieldPath& path, const std::string& shown, std::string_view too_long) {
    for (const std::string& fault : Dns1035LabelFaults(text)) {
      errors_.Invalid(path, Shown(shown), fault == kTooLong ? too_long : std::string_view(fault));
    }
  }

  void CheckJobs() {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < Jobs().size(); ++i) {
      const Value& job = Jobs()[i];
      const FieldPath path = FieldPath("spec.replicatedJobs")[i];
      const std::string& own = job["name"].AsText();
      const Value& spec = job["template"]["spec"];
      const std::int64_t parallelism = spec["parallelism"].IsNull() ? 1 : spec["parallelism"].AsInt();
      if (job["replicas"].AsInt() * parallelism > kMaxInt32) {
        errors_.Internal(Cat("the product of replicas and parallelism must not exceed ", kMaxInt32,
                             " for replicatedJob '", own, "'"),
                         path / "replicas");
      }
      const std::string& group = job["groupName"].AsText();
      CheckLabel(group, path / "groupName", group,
                 ".spec.replicatedJob[].groupName is too long, must be less than 63 characters");
      const std::string last = Cat(name_, "-", own, "-", job["replicas"].AsInt() - 1);
      CheckLabel(last, path / "name", last,
                 "JobSet name is too long, job names generated for this JobSet will exceed 63 characters");
      if (spec["completionMode"].AsText() == "Indexed" && !spec["completions"].IsNull()) {
        CheckLabel(Cat(last, "-", spec["completions"].AsInt() - 1, "-abcde"), path / "name", last,
                   "JobSet name is too long, pod names generated for this JobSet will exceed 63 characters");
      }
      seen.insert(own);
      for (std::size_t k = 0; k < job["dependsOn"].size(); ++k) {
        const std::string& on = job["dependsOn"][k]["name"].AsText();
        if (seen.contains(on)) continue;
        errors_.Internal(Cat("replicatedJob: ", own, " cannot depend on replicatedJob: ", on),
                         (path / "dependsOn")[k] / "name");
      }
      if (gates_.in_place_restart && InPlace()) CheckInPlace(own, spec, path / "template" / "spec");
    }
  }

  void CheckInPlace(const std::string& name, const Value& spec, const FieldPath& path) {
    const auto demand = [&](bool met, std::string_view field, std::string_view what) {
      if (!met) errors_.Invalid(path / field, Shown(spec[field]), Cat("replicatedJob ", name, ": ", what));
    };
    demand(!spec["backoffLimit"].IsNull() && spec["backoffLimit"].AsInt() == kMaxInt32, "backoffLimit",
           "must be set to 2147483647 (MaxInt32) when in-place restart is enabled");
    demand(spec["podReplacementPolicy"].AsText() == "Failed", "podReplacementPolicy",
           "must be set to Failed when in-place restart is enabled");
    demand(!spec["completions"].IsNull() && spec["completions"] == spec["parallelism"], "completions",
           "completions and parallelism must be set and equal to each other when in-place restart is enabled");
  }

  void CheckFailurePolicy() {
    const Value& rules = spec_["failurePolicy"]["rules"];
    const FieldPath rules_path("spec.failurePolicy.rules");
    const bool restarts_jobs = std::any_of(rules.items().begin(), rules.items().end(), [](const Value& rule) {
      return rule["action"].AsText() == "RestartJob" || rule["action"].AsText() == "RestartJobAndIgnoreMaxRestarts";
    });
    if (restarts_jobs && !gates_.restart_job) {
      return errors_.Internal(
          "RestartJob and RestartJobAndIgnoreMaxRestarts failure policy actions are not allowed when RestartJob "
          "feature gate is disabled",
          rules_path);
    }
    const bool many = std::any_of(Jobs().begin(), Jobs().end(), [](const Value& job) {
      return job["replicas"].AsInt() > kMostReplicasOfRestartedJobs;
    });
    if (restarts_jobs && many) {
      errors_.Internal(
          "JobSet cannot have a failure policy rule with RestartJob or RestartJobAndIgnoreMaxRestarts action and a "
          "replicated job with replicas > 1024",
          rules_path);
    }
    std::map<std::string, std::vector<std::size_t>> by_name;
    std::vector<std::string> order;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const std::string& name = rules[i]["name"].AsText();
      CheckRule(rules[i], name, rules_path[i]);
      if (by_name[name].empty()) order.push_back(name);
      by_name[name].push_back(i);
    }
    for (const std::string& name : order) CheckUnique(name, by_name[name], rules_path);
  }

  void CheckRule(const Value& rule, const std::string& name, const FieldPath& path) {
    if (name.empty() || name.size() > kLongestRuleName) {
      errors_.Internal(Cat("invalid failure policy rule name of length ", name.size(),
                           ", the rule name must be at least 1 characters long and at most 128 characters long"),
                       path / "name");
    }
    static const Pattern kRuleName("^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$");
    if (!kRuleName.FoundIn(name)) {
      errors_.Internal(Cat("invalid failure policy rule name '", name,
                           "', a failure policy rule name must start with an alphabetic character, optionally followed "
                           "by a string of alphanumeric characters or '_,:', and must end with an alphanumeric "
                           "character or '_'"),
                       path / "name");
    }
    for (const Value& target : rule["targetReplicatedJobs"].items()) {
      if (names_.contains(target.AsText())) continue;
      errors_.Internal(Cat("invalid replicatedJob name '", target.AsText(),
                           "' in failure policy does not appear in .spec.ReplicatedJobs"),
                       path / "targetReplicatedJobs");
    }
    for (const Value& reason : rule["onJobFailureReasons"].items()) {
      if (std::find(kReasons.begin(), kReasons.end(), reason.AsText()) != kReasons.end()) continue;
      errors_.Internal(Cat("invalid job failure reason '", reason.AsText(),
                           "' in failure policy is not a recognized job failure reason"),
                       path / "onJobFailureReasons");
    }
  }

  void CheckUnique(const std::string& name, const std::vector<std::size_t>& indexes, const FieldPath& path) {
    if (indexes.size() < 2) return;
    std::vector<std::string> numbers;
    numbers.reserve(indexes.size());
    for (const std::size_t index : indexes) numbers.push_back(Cat(index));
    errors_.Internal(Cat("rule names are not unique, rules with indices [", Join(numbers, " "),
                         "] all have the same name '", name, "'"),
                     path[indexes[1]] / "name");
  }

  void CheckCoordinator() {
    const Value& coordinator = spec_["coordinator"];
    if (coordinator.IsNull()) return;
    if (const std::string fault = CoordinatorFault(coordinator); !fault.empty()) {
      errors_.Internal(fault, FieldPath("spec.coordinator"));
    }
    const std::string& subdomain = spec_["network"]["subdomain"].AsText();
    const std::string endpoint =
        Cat(name_, "-", coordinator["replicatedJob"].AsText(), "-", coordinator["jobIndex"].AsInt(), "-",
            coordinator["podIndex"].AsInt(), ".", subdomain.empty() ? name_ : subdomain);
    const Faults faults = LabelValueFaults(endpoint);
    if (faults.empty()) return;
    errors_.Internal(Cat("spec will lead to invalid label value \"", endpoint,
                         "\" for coordinator label \"jobset.sigs.k8s.io/coordinator\" (long JobSet / ReplicatedJob / "
                         "SubDomain name?): ",
                         Join(faults, ", ")),
                     FieldPath("spec.coordinator"));
  }

  std::string CoordinatorFault(const Value& coordinator) const {
    const std::string& name = coordinator["replicatedJob"].AsText();
    const auto job =
        std::find_if(Jobs().begin(), Jobs().end(), [&](const Value& item) { return item["name"].AsText() == name; });
    if (job == Jobs().end()) return Cat("coordinator replicatedJob ", name, " does not exist");
    const std::int64_t job_index = coordinator["jobIndex"].AsInt();
    if (job_index < 0 || job_index >= (*job)["replicas"].AsInt()) {
      return Cat("coordinator job index ", job_index, " is invalid for replicatedJob ", name);
    }
    const Value& spec = (*job)["template"]["spec"];
    if (spec["completionMode"].AsText() != "Indexed" || spec["completions"].IsNull()) {
      return "job for coordinator pod must be indexed completion mode, and completions number must be set";
    }
    const std::int64_t pod_index = coordinator["podIndex"].AsInt();
    if (pod_index < 0 || pod_index >= spec["completions"].AsInt()) {
      return Cat("coordinator pod index ", pod_index, " is invalid for replicatedJob ", name, " job index ", job_index);
    }
    return {};
  }

  void CheckClaims() {
    std::set<std::string> seen;
    const Value& policies = spec_["volumeClaimPolicies"];
    for (std::size_t i = 0; i < policies.size(); ++i) {
      for (std::size_t j = 0; j < policies[i]["templates"].size(); ++j) {
        const Value& claim = policies[i]["templates"][j];
        const FieldPath policy = FieldPath("spec.volumeClaimPolicies")[i];
        const std::string& name = claim["metadata"]["name"].AsText();
        CheckClaim(claim, name, !seen.insert(name).second, (policy / "template")[j]);
        CheckExisting(policies[i], claim, name, policy, (policy / "template")[j]);
      }
    }
  }

  void CheckClaim(const Value&, const std::string& name, bool repeated, const FieldPath& path) {
    if (repeated) {
      errors_.Invalid(path / "name", Shown(name), "names must be unique for VolumeClaimPolicies template");
    }
    for (const std::string& fault : DnsSubdomainFaults(name)) errors_.Invalid(path / "name", Shown(name), fault);
    if (name.size() + 1 + name_.size() > kLongestLabel) {
      errors_.Invalid(path / "name", Shown(name), "VolumeClaimPolicies template name is too long");
    }
    bool mounted = false;
    for (std::size_t i = 0; i < Jobs().size(); ++i) {
      const Value& pod = Jobs()[i]["template"]["spec"]["template"]["spec"];
      const FieldPath volumes =
          FieldPath("spec.replicatedJobs")[i] / "template" / "spec" / "template" / "spec" / "volumes";
      for (std::size_t k = 0; k < pod["volumes"].size(); ++k) {
        if (pod["volumes"][k]["name"].AsText() != name) continue;
        errors_.Invalid(volumes[k] / "name", Shown(name),
                        Cat("volume name conflicts with VolumeClaimPolicy template name: ", name));
      }
      mounted = mounted || Mounts(pod["containers"], name) || Mounts(pod["initContainers"], name);
    }
    if (!mounted) {
      errors_.Invalid(
          FieldPath("spec.replicatedJobs"), DumpReplicatedJobs(spec_),
          Cat("replicatedJob containers don't have a matching volumeMount: ", name, " from VolumeClaimPolicies"));
    }
  }

  static bool Mounts(const Value& containers, const std::string& volume) {
    for (const Value& container : containers.items()) {
      for (const Value& mount : container["volumeMounts"].items()) {
        if (mount["name"].AsText() == volume) return true;
      }
    }
    return false;
  }

  void CheckExisting(const Value& policy, const Value& claim, const std::string& name, const FieldPath& policy_path,
                     const FieldPath& path) {
    const std::string full_name = Cat(name, "-", name_);
    const Value existing = find_claim_ ? find_claim_(full_name) : Value();
    if (existing.IsNull()) return;
    const model::Message& message = model::GetMessage("core/v1.PersistentVolumeClaimSpec");
    Value there = model::Stored(existing["spec"], message);
    // What the server fills in, and a template has to say.
    if (there["volumeMode"].IsNull()) there.Set("volumeMode", Value::String("Filesystem"));
    if (!(model::Stored(claim["spec"], message) == there)) {
      errors_.Invalid(path / "spec", model::DumpPrinted(claim.Find("spec"), message),
                      Cat("spec does not match existing PVC ", full_name, " in namespace ",
                          jobset_["metadata"]["namespace"].AsText()));
    }
    const Value& when = policy["retentionPolicy"]["whenDeleted"];
    if (when.AsText() != "Retain") {
      errors_.Invalid(policy_path / "retentionPolicy" / "whenDeleted", Shown(when),
                      "retentionPolicy must be retain when PVC exists");
    }
  }

  const Value& jobset_;
  const Value& spec_;
  const std::string& name_;
  const model::FeatureGates& gates_;
  const FindClaim& find_claim_;
  FieldErrors& errors_;
  std::set<std::string> names_;
};

}  // namespace

void ValidateJobSetCreate(const Value& jobset, const model::FeatureGates& gates, const FindClaim& find_claim,
                          FieldErrors& errors) {
  Webhook(jobset, gates, find_claim, errors).Run();
}

}  // namespace reprieve::admission
