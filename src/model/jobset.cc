#include "model/jobset.h"

#include <algorithm>
#include <array>
#include <utility>

namespace reprieve::jobset {

using document::Value;

namespace {

constexpr std::array<std::string_view, 6> kActions = {"FailJobSet",
                                                      "RestartJobSet",
                                                      "RestartJobSetAndIgnoreMaxRestarts",
                                                      "RestartJob",
                                                      "RestartJobAndIgnoreMaxRestarts",
                                                      ""};
constexpr std::array<std::string_view, 3> kStrategies = {"Recreate", "BlockingRecreate", "InPlaceRestart"};

}  // namespace

std::string_view NameOf(FailureAction action) {
  return kActions[static_cast<std::size_t>(action)];
}
void FromName(std::string_view name, FailureAction& out) {
  const auto at = std::find(kActions.begin(), kActions.end() - 1, name);
  out = static_cast<FailureAction>(at - kActions.begin());
}

std::string_view NameOf(RestartStrategy strategy) {
  return kStrategies[static_cast<std::size_t>(strategy)];
}
void FromName(std::string_view name, RestartStrategy& out) {
  const auto at = std::find(kStrategies.begin(), kStrategies.end(), name);
  out = at == kStrategies.end() ? RestartStrategy::kRecreate : static_cast<RestartStrategy>(at - kStrategies.begin());
}

std::string_view NameOf(SuccessOperator op) {
  return op == SuccessOperator::kAny ? "Any" : "All";
}
void FromName(std::string_view name, SuccessOperator& out) {
  out = name == "Any" ? SuccessOperator::kAny : SuccessOperator::kAll;
}

std::string_view NameOf(StartupOrder order) {
  return order == StartupOrder::kInOrder ? "InOrder" : "AnyOrder";
}
void FromName(std::string_view name, StartupOrder& out) {
  out = name == "InOrder" ? StartupOrder::kInOrder : StartupOrder::kAnyOrder;
}

std::string_view NameOf(DependencyStatus status) {
  return status == DependencyStatus::kComplete ? "Complete" : "Ready";
}
void FromName(std::string_view name, DependencyStatus& out) {
  out = name == "Complete" ? DependencyStatus::kComplete : DependencyStatus::kReady;
}

std::string_view NameOf(ClaimRetention retention) {
  return retention == ClaimRetention::kRetain ? "Retain" : "Delete";
}
void FromName(std::string_view name, ClaimRetention& out) {
  out = name == "Retain" ? ClaimRetention::kRetain : ClaimRetention::kDelete;
}

const Condition* JobSetStatus::FindCondition(std::string_view type) const {
  for (const Condition& condition : conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

Condition* JobSetStatus::FindCondition(std::string_view type) {
  return const_cast<Condition*>(std::as_const(*this).FindCondition(type));
}

bool JobSetStatus::IsTrue(std::string_view type) const {
  const Condition* condition = FindCondition(type);
  return condition != nullptr && condition->status == "True";
}

const ReplicatedJobStatus* JobSetStatus::Find(std::string_view replicated_job) const {
  for (const ReplicatedJobStatus& status : replicated_jobs_status) {
    if (status.name == replicated_job) return &status;
  }
  return nullptr;
}

ReplicatedJobStatus* JobSetStatus::Find(std::string_view replicated_job) {
  return const_cast<ReplicatedJobStatus*>(std::as_const(*this).Find(replicated_job));
}

void KeepRuleMarks(const Value& manifest, JobSet& jobset) {
  JobSetSpec spec = *jobset.spec;
  const Value& written = manifest["spec"];
  if (spec.failure_policy) {
    const Value& rules = written["failurePolicy"]["rules"];
    for (std::size_t i = 0; i < spec.failure_policy->rules.size(); ++i) {
      spec.failure_policy->rules[i].mark = rules[i].mark();
    }
  }
  for (std::size_t i = 0; i < spec.replicated_jobs.size(); ++i) {
    JobTemplateSpec& job = spec.replicated_jobs[i].job_template;
    if (!job.spec) continue;
    batch::JobSpec marked = *job.spec;
    batch::KeepRuleMarks(written["replicatedJobs"][i]["template"]["spec"], marked);
    job.spec = std::make_shared<const batch::JobSpec>(std::move(marked));
  }
  jobset.spec = std::make_shared<const JobSetSpec>(std::move(spec));
}

void FromValue(const Value& value, JobSet& out) {
  meta::FromValue(value["metadata"], out.metadata);
  out.spec = std::make_shared<const JobSetSpec>(model::Bind<JobSetSpec>(value["spec"]));
  out.stored_spec = std::make_shared<const Value>(value["spec"]);
  KeepRuleMarks(value, out);
  out.status = model::Bind<JobSetStatus>(value["status"]);
}

Value ToValue(const JobSet& jobset) {
  Value out = Value::MakeObject();
  out.Set("apiVersion", Value::String(std::string(kApiVersion)));
  out.Set("kind", Value::String("JobSet"));
  out.Set("metadata", ToValue(jobset.metadata));
  out.Set("spec", jobset.stored_spec ? *jobset.stored_spec : model::ToValue(jobset.spec));
  out.Set("status", model::ToValue(jobset.status));
  return out;
}

}  // namespace reprieve::jobset
