#include "model/batch.h"

#include <algorithm>
#include <array>
#include <utility>

namespace reprieve::batch {

using document::Value;

namespace {

constexpr std::array<std::string_view, 5> kActions = {"Count", "Ignore", "FailIndex", "FailJob", ""};
constexpr std::array<std::string_view, 3> kOperators = {"In", "NotIn", ""};
constexpr std::array<std::string_view, 3> kModes = {"NonIndexed", "Indexed", ""};
constexpr std::array<std::string_view, 2> kReplacements = {"TerminatingOrFailed", "Failed"};

// The last entry of a table stands for every other word.
template <class E, std::size_t N>
E FindName(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto at = std::find(names.begin(), names.end() - 1, name);
  return static_cast<E>(at - names.begin());
}

void KeepMarks(const Value& rules, auto& out) {
  for (std::size_t i = 0; i < out.size(); ++i) out[i].mark = rules[i].mark();
}

}  // namespace

std::string_view NameOf(FailureAction action) {
  return kActions[static_cast<std::size_t>(action)];
}
void FromName(std::string_view name, FailureAction& out) {
  out = FindName<FailureAction>(kActions, name);
}
std::string_view NameOf(ExitCodeOperator op) {
  return kOperators[static_cast<std::size_t>(op)];
}
void FromName(std::string_view name, ExitCodeOperator& out) {
  out = FindName<ExitCodeOperator>(kOperators, name);
}
std::string_view NameOf(CompletionMode mode) {
  return kModes[static_cast<std::size_t>(mode)];
}
void FromName(std::string_view name, CompletionMode& out) {
  out = FindName<CompletionMode>(kModes, name);
}
std::string_view NameOf(PodReplacementPolicy policy) {
  return kReplacements[static_cast<std::size_t>(policy)];
}
void FromName(std::string_view name, PodReplacementPolicy& out) {
  out = name == "Failed" ? PodReplacementPolicy::kFailed : PodReplacementPolicy::kTerminatingOrFailed;
}

const JobCondition* JobStatus::FindCondition(std::string_view type) const {
  for (const JobCondition& condition : conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

JobCondition* JobStatus::FindCondition(std::string_view type) {
  return const_cast<JobCondition*>(std::as_const(*this).FindCondition(type));
}

bool JobStatus::IsTrue(std::string_view type) const {
  const JobCondition* condition = FindCondition(type);
  return condition != nullptr && condition->status == "True";
}

void KeepRuleMarks(const Value& written, JobSpec& spec) {
  if (spec.pod_failure_policy) KeepMarks(written["podFailurePolicy"]["rules"], spec.pod_failure_policy->rules);
  if (spec.success_policy) KeepMarks(written["successPolicy"]["rules"], spec.success_policy->rules);
}

void KeepRuleMarks(const Value& manifest, Job& job) {
  JobSpec spec = *job.spec;
  KeepRuleMarks(manifest["spec"], spec);
  job.spec = std::make_shared<const JobSpec>(std::move(spec));
}

void TakeRuleMarks(const JobSpec& from, Job& job) {
  const auto take = [](const auto& policy, auto& into) {
    if (!policy || !into) return;
    for (std::size_t i = 0; i < std::min(policy->rules.size(), into->rules.size()); ++i) {
      into->rules[i].mark = policy->rules[i].mark;
    }
  };
  JobSpec spec = *job.spec;
  take(from.pod_failure_policy, spec.pod_failure_policy);
  take(from.success_policy, spec.success_policy);
  job.spec = std::make_shared<const JobSpec>(std::move(spec));
}

void FromValue(const Value& value, Job& out) {
  meta::FromValue(value["metadata"], out.metadata);
  JobSpec spec = model::Bind<JobSpec>(value["spec"]);
  KeepRuleMarks(value["spec"], spec);
  out.spec = std::make_shared<const JobSpec>(std::move(spec));
  out.status = model::Bind<JobStatus>(value["status"]);
}

Value ToValue(const Job& job) {
  Value out = Value::MakeObject();
  out.Set("apiVersion", Value::String("batch/v1"));
  out.Set("kind", Value::String("Job"));
  out.Set("metadata", ToValue(job.metadata));
  out.Set("spec", model::ToValue(job.spec));
  out.Set("status", model::ToValue(job.status));
  return out;
}

}  // namespace reprieve::batch
