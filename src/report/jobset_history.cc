#include "report/jobset_history.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "base/text.h"
#include "controllers/jobset/reconcile.h"

namespace reprieve::report {
namespace {

using Verdicts = std::vector<world::Verdict>;

const batch::JobCondition* FailedCondition(const batch::Job& job) {
  const batch::JobCondition* condition = job.status.FindCondition("Failed");
  return condition != nullptr && condition->status == "True" ? condition : nullptr;
}

std::int32_t NumberIn(const meta::Labels& labels, std::string_view key) {
  const SharedString* text = labels.Find(key);
  return text == nullptr ? 0 : ParseInt32(*text).value_or(0);
}

Time FailedAt(const JobHistory& job) {
  return FailedCondition(*job.job)->last_transition_time.value_or(Time::max());
}

class Replay {
 public:
  Replay(const jobset::JobSet& jobset, const std::vector<const JobHistory*>& jobs) {
    out_.jobset = &jobset;
    for (const JobHistory* job : jobs) {
      if (FailedCondition(*job->job) == nullptr) continue;
      attempts_[NumberIn(job->job->metadata.labels, jobset::kRestartAttempt)].push_back(job);
    }
    for (auto& [attempt, failed] : attempts_) {
      std::stable_sort(failed.begin(), failed.end(),
                       [](const JobHistory* a, const JobHistory* b) { return FailedAt(*a) < FailedAt(*b); });
    }
  }

  JobSetHistory Run() {
    const jobset::JobSetStatus& status = out_.jobset->status;
    out_.restarts = status.restarts;
    out_.counted = status.restarts_count_towards_max;
    for (const jobset::ReplicatedJobStatus& each : status.replicated_jobs_status) {
      out_.restarts = std::accumulate(each.job_restarts.begin(), each.job_restarts.end(), out_.restarts);
      out_.counted = std::accumulate(each.job_restarts_count_towards_max.begin(),
                                     each.job_restarts_count_towards_max.end(), out_.counted);
    }
    std::int64_t explained = 0;
    for (const auto& [attempt, failed] : attempts_) {
      if (attempt < status.restarts) {
        if (ExplainRestart(attempt, failed)) ++explained;
      } else {
        ExplainNow(failed);
      }
    }
    out_.unknown = std::max<std::int64_t>(0, status.restarts - explained);
    AddLastRestart();
    AddEnd();
    std::stable_sort(out_.verdicts.begin(), out_.verdicts.end(),
                     [](const auto& a, const auto& b) { return a->at < b->at; });
    return std::move(out_);
  }

 private:
  using Failed = std::vector<const JobHistory*>;

  // As it was in that attempt: not ended, with as many counted restarts.
  jobset::JobSet Rewound(std::int32_t attempt, std::int32_t counted) const {
    jobset::JobSet out = *out_.jobset;
    out.metadata.deletion.reset();
    out.status.restarts = attempt;
    out.status.restarts_count_towards_max = counted;
    out.status.terminal_state.clear();
    std::erase_if(out.status.conditions, [](const jobset::Condition& condition) {
      return condition.type == "Failed" || condition.type == "Completed" || condition.type == "RestartingJobSet";
    });
    return out;
  }

  // What the controller decides when it sees these Jobs as failed.
  static Verdicts Decide(const jobset::JobSet& jobset, const Failed& failed) {
    model::FeatureGates gates;
    gates.restart_job = true;
    controllers::JobSetView view(gates);
    view.SetJobSet(jobset);
    for (const JobHistory* job : failed) {
      view.SetChild(*job->job);
      view.NoteEnd(job->job->metadata.uid, job->ended_by);
    }
    controllers::JobSetDecision decision =
        controllers::ReconcileJobSet(view, controllers::JobSetSurroundings{}, FailedAt(*failed.front()));
    return std::move(decision.outcome.verdicts);
  }

  // The controller acts on the first failure that it sees; those of the same second may be seen together.
  static Failed First(const Failed& failed) {
    Failed out;
    for (const JobHistory* job : failed) {
      if (FailedAt(*job) == FailedAt(*failed.front())) out.push_back(job);
    }
    return out;
  }

  // The one that the condition's message names, if it is there.
  static const JobHistory* Named(const Failed& failed, std::string_view message) {
    for (const JobHistory* job : failed) {
      if (message.ends_with(Cat("(first failed job: ", job->job->metadata.name, ")"))) return job;
    }
    return nullptr;
  }

  void Keep(world::Verdict verdict) {
    out_.verdicts.push_back(std::make_shared<const world::Verdict>(std::move(verdict)));
  }

  bool ExplainRestart(std::int32_t attempt, const Failed& failed) {
    const std::int32_t after = out_.jobset->status.restarts_count_towards_max;
    const bool last = attempt + 1 == out_.jobset->status.restarts;
    // Of the last restart it is known how many counted with it.
    Verdicts verdicts = Decide(Rewound(attempt, last ? std::max(0, after - 1) : 0), First(failed));
    const bool uncounted = !verdicts.empty() && verdicts.back().restart && !verdicts.back().restart->counted;
    if (last && uncounted) verdicts = Decide(Rewound(attempt, after), First(failed));
    if (verdicts.empty()) return false;
    for (world::Verdict& verdict : verdicts) {
      // Status shows that it was restarted, whatever the limit says by now.
      if (verdict.ends || !last) {
        verdict.ends = false;
        const bool counted = verdict.restart ? verdict.restart->counted : true;
        verdict.restart = world::Restart{counted};
        verdict.consequence =
            Cat("restart ", attempt + 1, " of JobSet ", verdict.jobset, counted ? ", counted" : ", not counted");
      }
      Keep(std::move(verdict));
    }
    return true;
  }

  const jobset::Condition* End() const {
    const jobset::Condition* end = out_.jobset->status.FindCondition("Failed");
    return end != nullptr && end->status == "True" ? end : nullptr;
  }

  // Failed Jobs of the attempt that status has now: they have ended the JobSet, or something is about to follow.
  void ExplainNow(const Failed& failed) {
    const jobset::JobSet now = Rewound(out_.jobset->status.restarts, out_.jobset->status.restarts_count_towards_max);
    const jobset::Condition* end = End();
    if (end == nullptr) {
      if (out_.jobset->status.IsFinished()) return;
      for (world::Verdict& verdict : Decide(now, First(failed))) Keep(std::move(verdict)), out_.last_is_ahead = true;
      return;
    }
    const JobHistory* named = Named(failed, end->message);
    for (const Failed& seen : {First(failed), named == nullptr ? failed : Failed{named}, failed}) {
      Verdicts verdicts = Decide(now, seen);
      if (verdicts.empty()) continue;
      const world::Verdict& last = verdicts.back();
      if (!last.ends || !last.consequence.str().ends_with(end->reason)) continue;
      if (named != nullptr && last.job != named->job->metadata.name) continue;
      for (world::Verdict& verdict : verdicts) Keep(std::move(verdict));
      end_explained_ = true;
      return;
    }
  }

  world::Verdict Bare(const jobset::Condition& condition) const {
    world::Verdict verdict;
    verdict.at = condition.last_transition_time.value_or(Time{});
    verdict.namespace_ = out_.jobset->metadata.namespace_;
    verdict.jobset = out_.jobset->metadata.name;
    verdict.action = condition.reason;
    return verdict;
  }

  // The Jobs are gone, but while the restart lasts its condition says why.
  void AddLastRestart() {
    const std::int32_t restarts = out_.jobset->status.restarts;
    if (restarts == 0 || attempts_.contains(restarts - 1) || out_.unknown == 0) return;
    const jobset::Condition* condition = out_.jobset->status.FindCondition("RestartingJobSet");
    if (condition == nullptr || condition->status != "True") return;
    world::Verdict verdict = Bare(*condition);
    verdict.facts = Cat("restarts: ", condition->message);
    // "applying RestartJobSetAndIgnoreMaxRestarts failure policy action (...)"
    const bool counted = condition->message.find("AndIgnoreMaxRestarts") == std::string::npos;
    verdict.restart = world::Restart{counted};
    verdict.consequence =
        Cat("restart ", restarts, " of JobSet ", verdict.jobset, counted ? ", counted" : ", not counted");
    Keep(std::move(verdict));
    --out_.unknown;
  }

  void AddEnd() {
    const jobset::Condition* end = End();
    if (end == nullptr || end_explained_) return;
    world::Verdict verdict = Bare(*end);
    verdict.facts = Cat("ends: ", end->message);
    verdict.consequence = Cat("JobSet ", verdict.jobset, " failed: ", end->reason);
    verdict.ends = true;
    Keep(std::move(verdict));
  }

  JobSetHistory out_;
  std::map<std::int32_t, Failed> attempts_;  // the failed Jobs of each, the earliest first
  bool end_explained_ = false;
};

}  // namespace

JobSetHistory HistoryOf(const jobset::JobSet& jobset, const std::vector<const JobHistory*>& jobs) {
  return Replay(jobset, jobs).Run();
}

}  // namespace reprieve::report
