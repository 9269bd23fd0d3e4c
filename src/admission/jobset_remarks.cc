// What a JobSet asks for that the server accepts and that does nothing, or never ends.
#include <algorithm>

#include "admission/admission_jobset.h"
#include "admission/default_jobset.h"
#include "base/pattern.h"
#include "base/text.h"
#include "model/jobset.h"
#include "model/jobset_extensions.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::string_view kRuleBudgets = "reprieve.dev/rule-max-restarts";
constexpr std::string_view kDelay = "reprieve.dev/restart-delay";

std::string AnnotationField(std::string_view key) {
  return Cat("metadata.annotations[", key, "]");
}

// Annotations of Reprieve's own that can be read and yet do nothing.
void RemarkOnExtensions(const Value& annotations, const Value& rules, std::vector<Remark>& out) {
  if (annotations.Find(kDelay) == nullptr) {
    for (const std::string_view key : {"reprieve.dev/restart-delay-factor", "reprieve.dev/restart-delay-cap"}) {
      if (annotations.Find(key) == nullptr) continue;
      out.push_back({AnnotationField(key), Cat("means nothing without ", kDelay)});
    }
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string& name = rules[i]["name"].AsText();
    names.push_back(name.empty() ? UsualRuleName(i) : name);
  }
  const auto budgets = jobset::ReadCounts(annotations[kRuleBudgets].AsText());
  if (!budgets) return;
  for (const auto& [rule, count] : *budgets) {
    if (std::find(names.begin(), names.end(), rule) != names.end()) continue;
    const std::string_view near = NearestWord(rule, {names.begin(), names.end()});
    out.push_back(
        {AnnotationField(kRuleBudgets), Cat("limits nothing: the failure policy has no rule named ", rule,
                                            near.empty() ? std::string() : Cat("; did you mean ", near, "?"))});
  }
}

// Without completion indexes there is no leader: every pod is a follower, and refused (spec/jobset.md 4.4).
void RemarkOnLeaders(const Value& jobset, std::vector<Remark>& out) {
  const Value& jobs = jobset["spec"]["replicatedJobs"];
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (jobs[i]["template"]["spec"]["completionMode"].AsText() != "NonIndexed") continue;
    bool exclusive = false, prepared = false;
    for (const Value* level : {&jobset, &jobs[i]["template"]}) {
      const Value& annotations = (*level)["metadata"]["annotations"];
      if (annotations.Find(jobset::kExclusiveTopology) == nullptr) continue;
      exclusive = true;
      prepared = prepared || annotations.Find(jobset::kNodeSelector) != nullptr;
    }
    if (!exclusive || prepared) continue;
    out.push_back({Cat("spec.replicatedJobs[", i, "].template.spec.completionMode"),
                   Cat("leaves the Jobs without a pod of index 0, which ", jobset::kExclusiveTopology,
                       " needs as their leader: all their pods are refused forever")});
  }
}

}  // namespace

std::vector<Remark> RemarksOnJobSet(const Value& jobset) {
  std::vector<Remark> out;
  const Value& rules = jobset["spec"]["failurePolicy"]["rules"];
  RemarkOnExtensions(jobset["metadata"]["annotations"], rules, out);
  RemarkOnLeaders(jobset, out);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Value& patterns = rules[i]["onJobFailureMessagePatterns"];
    for (std::size_t j = 0; j < patterns.size(); ++j) {
      const Pattern pattern(patterns[j].AsText());
      if (pattern.error().empty()) continue;
      out.push_back({Cat("spec.failurePolicy.rules[", i, "].onJobFailureMessagePatterns[", j, "]"),
                     Cat("is no regular expression (", pattern.error(), "): it matches nothing")});
    }
  }
  return out;
}

}  // namespace reprieve::admission
