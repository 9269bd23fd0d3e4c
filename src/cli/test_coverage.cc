#include "cli/test_coverage.h"

#include "base/text.h"

namespace reprieve::cli {
namespace {

// Reasons with which a limit of a Job ends it, and the field that sets the limit.
struct Limit {
  std::string_view reason;
  std::string_view field;
};
constexpr Limit kLimits[] = {{"BackoffLimitExceeded", "backoffLimit"},
                             {"FailedIndexes", "backoffLimitPerIndex"},
                             {"MaxFailedIndexesExceeded", "maxFailedIndexes"},
                             {"DeadlineExceeded", "activeDeadlineSeconds"},
                             {"SuccessPolicy", "successPolicy"}};

std::string OwnerOf(const sim::CaseHistory& history, const std::string& job) {
  const auto at = history.jobs().find(job);
  if (at == history.jobs().end() || at->second.jobset.empty()) return Cat("Job ", job);
  return Cat("replicated job ", at->second.group, " of ", at->second.jobset);
}

std::string RuleOf(std::int32_t rule, std::string_view owner) {
  return Cat("rule ", rule, " of ", owner);
}
std::string NoRuleOf(std::string_view owner) {
  return Cat("a failure that no rule of ", owner, " fits");
}

class PartLister {
 public:
  std::vector<PolicyPart> Run(const Loaded& loaded) {
    for (const LoadedJob& job : loaded.jobs) {
      file_ = job.manifest.file->name;
      Add(*job.job.spec, Cat("Job ", job.job.metadata.name));
    }
    for (const LoadedJobSet& each : loaded.jobsets) {
      file_ = each.manifest.file->name;
      Add(each.jobset);
    }
    return std::move(out_);
  }

 private:
  void Add(const jobset::JobSet& jobset) {
    const std::string owner = Cat("JobSet ", jobset.metadata.name);
    if (const auto& policy = jobset.spec->failure_policy) {
      for (std::size_t i = 0; i < policy->rules.size(); ++i) {
        AddPart(RuleOf(static_cast<std::int32_t>(i) + 1, owner), policy->rules[i].mark);
      }
      if (!policy->rules.empty()) AddPart(NoRuleOf(owner), {});
      AddPart(Cat("maxRestarts of ", owner), {});
    }
    for (const jobset::ReplicatedJob& group : jobset.spec->replicated_jobs) {
      Add(*group.job_template.spec, Cat("replicated job ", group.name, " of ", jobset.metadata.name));
    }
  }

  void Add(const batch::JobSpec& spec, const std::string& owner) {
    if (spec.pod_failure_policy) {
      const auto& rules = spec.pod_failure_policy->rules;
      for (std::size_t i = 0; i < rules.size(); ++i) {
        AddPart(RuleOf(static_cast<std::int32_t>(i) + 1, owner), rules[i].mark);
      }
      if (!rules.empty()) AddPart(NoRuleOf(owner), {});
    }
    if (spec.backoff_limit_per_index) {
      AddPart(Cat("backoffLimitPerIndex of ", owner), {});
      if (spec.max_failed_indexes) AddPart(Cat("maxFailedIndexes of ", owner), {});
    } else {
      AddPart(Cat("backoffLimit of ", owner), {});
    }
    if (spec.active_deadline_seconds) AddPart(Cat("activeDeadlineSeconds of ", owner), {});
    if (spec.success_policy) AddPart(Cat("successPolicy of ", owner), {});
  }

  void AddPart(std::string name, document::Mark mark) {
    std::string place = mark.line > 0 ? Cat(file_, ":", mark.line) : std::string();
    out_.push_back({std::move(name), std::move(place)});
  }

  std::string file_;
  std::vector<PolicyPart> out_;
};

}  // namespace

void NoteExercised(const sim::CaseHistory& history, std::set<std::string>& out) {
  for (const world::Verdict& verdict : history.verdicts()) {
    const bool of_jobset = !verdict.jobset.empty();
    const std::string owner = of_jobset ? Cat("JobSet ", verdict.jobset) : OwnerOf(history, verdict.job.str());
    out.insert(verdict.rule ? RuleOf(verdict.rule->index + 1, owner) : NoRuleOf(owner));
  }
  for (const auto& [name, job] : history.jobs()) {
    for (const batch::JobCondition& condition : job.status.conditions) {
      for (const Limit& limit : kLimits) {
        if (condition.reason == limit.reason) out.insert(Cat(limit.field, " of ", OwnerOf(history, name)));
      }
    }
  }
  for (const auto& [name, jobset] : history.jobsets()) {
    const auto* failed = jobset.status.FindCondition("Failed");
    if (failed != nullptr && failed->reason == "ReachedMaxRestarts") out.insert(Cat("maxRestarts of JobSet ", name));
  }
}

std::vector<PolicyPart> PartsOf(const Loaded& loaded) {
  return PartLister().Run(loaded);
}

}  // namespace reprieve::cli
