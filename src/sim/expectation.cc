#include "sim/expectation.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "policy/index_set.h"
#include "world/spoken_names.h"

namespace reprieve::sim {
namespace {

using What = Expectation::What;
using world::Kind;
using world::Verdict;

bool IsNamed(std::string_view job, std::string_view jobset, std::string_view name) {
  return world::IsAmong(name, world::SpokenJobNames(job, jobset));
}

class Check {
 public:
  Check(const Expectation& expectation, const CaseHistory& history) : want_(expectation), history_(history) {}

  std::optional<std::string> Run() const {
    switch (want_.what) {
      case What::kCompletes:
      case What::kFails:
      case What::kDoesNotEnd:
      case What::kIsGone:
      case What::kIsSuspended:
        return want_.kind == Kind::kJob ? CheckOwner(FindJob(), history_.jobs(), "Complete")
                                        : CheckOwner(want_.name, history_.jobsets(), "Completed");
      case What::kRestarts:
        return CheckRestarts();
      case What::kFailures:
      case What::kSuccesses:
        return CheckPodCounts();
      case What::kPods:
        return CheckCount(CountPods([](const PodHistory&) { return true; }), "pods");
      case What::kRetries:
        return CheckCount(CountRetries(), "retries");
      case What::kFailedIndexes:
      case What::kCompletedIndexes:
        return CheckIndexes();
      case What::kRuleDecides:
      case What::kRuleNeverDecides:
      case What::kNoRuleDecides:
        return CheckRules();
      case What::kNoPodStarts:
      case What::kNoPodIsCreated:
        return CheckNoPod();
      case What::kPodStarts:
      case What::kPodNeverStarts:
        return CheckPodStarts();
    }
    return std::nullopt;
  }

 private:
  std::string Clock(Time at) const { return SinceBeginning(at, history_.began()); }
  bool Late(Time at) const { return want_.by && at > history_.began() + *want_.by; }

  std::string FindJob() const {
    for (const auto& [name, job] : history_.jobs()) {
      if (IsNamed(name, job.jobset, want_.name)) return name;
    }
    return want_.name;
  }

  template <class History>
  std::optional<std::string> CheckOwner(const std::string& name, const std::map<std::string, History>& all,
                                        std::string_view completed) const {
    const std::string subject = Cat(NameOf(want_.kind), " ", name);
    const auto at = all.find(name);
    if (at == all.end()) return Cat(subject, " was never created");
    const History& object = at->second;
    if (want_.what == What::kIsGone) {
      if (!object.deleted) return Cat(subject, " is still there");
      return Late(*object.deleted) ? std::optional(Cat(subject, " is gone at ", Clock(*object.deleted))) : std::nullopt;
    }
    if (want_.what == What::kIsSuspended) {
      return object.status.IsTrue("Suspended") ? std::nullopt : std::optional(Cat(subject, " is not suspended"));
    }
    const bool failed = object.status.IsTrue("Failed");
    const auto* end = object.finished ? object.status.FindCondition(failed ? "Failed" : completed) : nullptr;
    const std::string actual =
        end == nullptr ? Cat(subject, object.deleted ? " was deleted before it had ended" : " has not ended")
                       : Cat(subject, failed ? " fails" : " completes", " at ", Clock(*object.finished),
                             failed ? Cat(" because ", end->reason) : std::string());
    if (want_.what == What::kDoesNotEnd) {
      const bool later = want_.by && object.finished && Late(*object.finished);
      return end == nullptr || later ? std::nullopt : std::optional(actual);
    }
    const bool wanted_failure = want_.what == What::kFails;
    if (end == nullptr || failed != wanted_failure || Late(*object.finished)) return actual;
    if (want_.reason.empty() || end->reason == want_.reason || DecidedBy(name, want_.reason)) return std::nullopt;
    return actual;
  }

  // Whether the verdict that ended it was an action of that name.
  bool DecidedBy(const std::string& name, std::string_view action) const {
    return std::any_of(history_.verdicts().begin(), history_.verdicts().end(), [&](const Verdict& verdict) {
      const bool about =
          want_.kind == Kind::kJobSet ? verdict.jobset == name : !IsOfJobSet(verdict) && verdict.job == name;
      return about && verdict.ends && verdict.rule && verdict.rule->action == action;
    });
  }

  std::optional<std::string> CheckRestarts() const {
    const auto at = history_.jobsets().find(want_.name);
    if (at == history_.jobsets().end()) return Cat("JobSet ", want_.name, " was never created");
    std::int64_t restarts = at->second.status.restarts;
    std::int64_t counted = at->second.status.restarts_count_towards_max;
    for (const jobset::ReplicatedJobStatus& job : at->second.status.replicated_jobs_status) {
      for (const std::int32_t each : job.job_restarts) restarts += each;
      for (const std::int32_t each : job.job_restarts_count_towards_max) counted += each;
    }
    if (restarts == *want_.count && counted == want_.counted.value_or(counted)) return std::nullopt;
    return Cat("restarts of ", want_.name, " are ", restarts, " and ", counted, counted == 1 ? " counts" : " count");
  }

  // A Job's own counts; a JobSet's are the sum of those its Jobs have now.
  std::optional<std::string> CheckPodCounts() const {
    std::int64_t count = 0;
    bool any = false;
    for (const auto& [name, job] : history_.jobs()) {
      if (!IsNamed(name, job.jobset, want_.name) && job.jobset != want_.name) continue;
      any = true;
      count += want_.what == What::kFailures ? job.status.failed : job.status.succeeded;
    }
    if (!any) return Cat("no Job of ", want_.name, " was ever created");
    return CheckCount(count, want_.what == What::kFailures ? "failures" : "successes");
  }

  std::optional<std::string> CheckCount(std::int64_t count, std::string_view of_what) const {
    if (count == *want_.count) return std::nullopt;
    return Cat(of_what, " of ", want_.name, " are ", count);
  }

  bool IsOf(const PodHistory& pod) const {
    return want_.name.empty() || pod.jobset == want_.name || IsNamed(pod.job, pod.jobset, want_.name) || IsCalled(pod);
  }

  bool IsCalled(const PodHistory& pod) const {
    return world::IsAmong(want_.name, world::SpokenPodNames(pod.name, pod.jobset));
  }

  template <class Fits>
  std::int64_t CountPods(const Fits& fits) const {
    return std::count_if(history_.pods().begin(), history_.pods().end(),
                         [&](const PodHistory& pod) { return IsOf(pod) && fits(pod); });
  }

  std::int64_t CountRetries() const {
    return std::count_if(history_.verdicts().begin(), history_.verdicts().end(), [this](const Verdict& verdict) {
      const auto job = history_.jobs().find(verdict.job.str());
      const bool of = job != history_.jobs().end() &&
                      (job->second.jobset == want_.name || IsNamed(job->first, job->second.jobset, want_.name));
      return of && verdict.retry.has_value();
    });
  }

  std::optional<std::string> CheckIndexes() const {
    const std::string name = FindJob();
    const auto at = history_.jobs().find(name);
    if (at == history_.jobs().end()) return Cat("Job ", name, " was never created");
    const bool failed = want_.what == What::kFailedIndexes;
    const batch::JobStatus& status = at->second.status;
    const std::string_view text =
        failed ? (status.failed_indexes ? std::string_view(*status.failed_indexes) : std::string_view())
               : std::string_view(status.completed_indexes);
    const auto set = [](std::string_view indexes) {
      return policy::IndexSet::ParseLenient(indexes, std::numeric_limits<std::int32_t>::max());
    };
    const policy::IndexSet actual = set(text);
    if (actual == set(want_.indexes)) return std::nullopt;
    return Cat(failed ? "failed" : "completed", " indexes of ", name, " are ",
               actual.empty() ? "none" : actual.ToText());
  }

  // A verdict of the policy that is meant: of the JobSet, or of a Job, or of any Job of a replicated job.
  bool IsRuleOf(const Verdict& verdict) const {
    if (!verdict.rule) return false;
    if (history_.jobsets().contains(want_.name)) return IsOfJobSet(verdict) && verdict.jobset == want_.name;
    if (IsOfJobSet(verdict)) return false;
    const auto job = history_.jobs().find(verdict.job.str());
    if (job == history_.jobs().end()) return verdict.job == want_.name;
    return IsNamed(job->first, job->second.jobset, want_.name) || job->second.group == want_.name;
  }
  // Else it is a Job's.
  static bool IsOfJobSet(const Verdict& verdict) { return !verdict.jobset.empty(); }

  std::optional<std::string> CheckRules() const {
    std::int64_t times = 0;
    std::string decided;
    for (const Verdict& verdict : history_.verdicts()) {
      if (!IsRuleOf(verdict)) continue;
      const std::int32_t rule = verdict.rule->index + 1;
      if (want_.what == What::kNoRuleDecides || rule == want_.rule) ++times;
      const std::string word = Cat("rule ", rule, " of ", want_.name);
      if (decided.find(word) == std::string::npos) AppendTo(decided, decided.empty() ? "" : ", ", word);
    }
    const bool never = want_.what != What::kRuleDecides;
    if (never ? times == 0 : want_.count ? times == *want_.count : times > 0) return std::nullopt;
    if (want_.what == What::kRuleDecides && times > 0) {
      return Cat("rule ", want_.rule, " of ", want_.name, " decides ", times, times == 1 ? " time" : " times");
    }
    return decided.empty() ? Cat("no rule of ", want_.name, " decides") : Cat(decided, " decides");
  }

  std::optional<std::string> CheckNoPod() const {
    const Time limit = history_.began() + *want_.by;
    for (const PodHistory& pod : history_.pods()) {
      const std::optional<Time> at = want_.what == What::kNoPodStarts ? pod.started : pod.created;
      if (!IsOf(pod) || !at || *at <= limit) continue;
      return Cat("pod ", pod.name, want_.what == What::kNoPodStarts ? " starts at " : " is created at ", Clock(*at));
    }
    return std::nullopt;
  }

  std::optional<std::string> CheckPodStarts() const {
    std::int64_t times = 0;
    std::optional<Time> first;
    for (const PodHistory& pod : history_.pods()) {
      if (!IsCalled(pod) || !pod.started) continue;
      ++times;
      if (!first) first = pod.started;
    }
    if (want_.what == What::kPodNeverStarts) {
      return first ? std::optional(Cat("pod ", want_.name, " starts at ", Clock(*first))) : std::nullopt;
    }
    if (!first) return Cat("pod ", want_.name, " never starts");
    if (Late(*first)) return Cat("pod ", want_.name, " starts at ", Clock(*first));
    if (times == want_.count.value_or(times)) return std::nullopt;
    return Cat("pod ", want_.name, " starts ", times, times == 1 ? " time" : " times");
  }

  const Expectation& want_;
  const CaseHistory& history_;
};

}  // namespace

std::optional<std::string> Unmet(const Expectation& expectation, const CaseHistory& history) {
  return Check(expectation, history).Run();
}

}  // namespace reprieve::sim
