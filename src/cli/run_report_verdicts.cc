// RunReport: verdicts, each printed once and a JobSet's with all that led to it.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "cli/run_report.h"

namespace reprieve::cli {

using document::Value;

namespace {

void Postpone(AnnouncedRetry& retry, Time due, Tally& tally) {
  if (const auto at = tally.retries.find(retry.due); at != tally.retries.end()) {
    tally.retries.erase(at);
    tally.retries.insert(due);
  }
  retry.due = due;
}

}  // namespace

void RunReport::Judged(const world::Verdict& verdict) {
  bool hold = false;
  if (!verdict.jobset.empty()) {
    const auto uid = jobset_uids_.find({verdict.namespace_, verdict.jobset});
    if (uid != jobset_uids_.end()) NoteOfJobSet(verdict, uid->second);
  } else if (const auto uid = job_uids_.find({verdict.namespace_, verdict.job}); uid != job_uids_.end()) {
    JobLife& job = lives_.jobs.at(uid->second);
    NoteOfJob(verdict, job);
    // The JobSet's verdict will tell the chain from its beginning.
    hold = verdict.ends && !job.jobset.empty() && !lives_.jobsets.at(job.jobset).finished;
    if (hold && !out_.json()) held_.push_back({out_.Now(), job.jobset, verdict});
  }
  if (out_.json()) {
    Value event = world::ToValue(verdict);
    event.Set("type", Value::String("verdict"));
    if (std::string name = RuleName(verdict); !name.empty())
      event.At("rule").Set("name", Value::String(std::move(name)));
    return out_.Json(event);
  }
  if (!hold) TellVerdict(verdict);
}

void RunReport::NoteOfJobSet(const world::Verdict& verdict, const meta::Uid& uid) {
  JobSetLife& jobset = lives_.jobsets.at(uid);
  jobset.last = verdict;
  if (verdict.restart && !verdict.restart->counted) ++jobset.uncounted;
  if (verdict.ends) NoteCause(verdict, jobset.tally);
  if (const auto due = RetryDue(verdict)) jobset.tally.retries.insert(*due);
  ReleaseHeld(uid, verdict.job);
}

void RunReport::NoteOfJob(const world::Verdict& verdict, JobLife& job) {
  Tally& tally = lives_.TallyOf(job);
  if (!verdict.pod.empty()) ++(verdict.failed_after > verdict.failed_before ? tally.counted : tally.ignored);
  if (verdict.retry) {
    ++tally.retried;
    if (const auto due = RetryDue(verdict)) {
      // A back-off of the whole Job holds all its retries back.
      for (AnnouncedRetry& each : job.announced) {
        if (!job.per_index) Postpone(each, *due, tally);
      }
      tally.retries.insert(*due);
      job.announced.push_back({IndexOfFailed(verdict), *due});
      job.last_success.clear();
    }
  }
  tally.retries.erase(tally.retries.begin(), tally.retries.upper_bound(out_.Now()));
  if (!verdict.ends) return;
  job.ended_by = verdict;
  if (job.jobset.empty()) NoteCause(verdict, tally);
}

std::int32_t RunReport::IndexOfFailed(const world::Verdict& verdict) const {
  const meta::ObjectKey pod{verdict.namespace_, verdict.pod};
  const auto failed =
      std::find_if(failures_.rbegin(), failures_.rend(), [&](const auto& each) { return each.first == pod; });
  return failed == failures_.rend() ? verdict.retry->index : failed->second.index;
}

// The container that the chain of verdicts begins with.
void RunReport::NoteCause(const world::Verdict& verdict, Tally& tally) const {
  const world::Verdict* first = &verdict;
  while (first->cause != nullptr) first = first->cause.get();
  tally.cause.reset();
  if (first->pod.empty()) return;
  for (const auto& [key, failed] : failures_) {
    if (key != meta::ObjectKey{first->namespace_, first->pod}) continue;
    if (failed.container == first->container || !tally.cause) tally.cause = failed;
  }
}

// Also the name that the server gave to a rule of a JobSet's failure policy.
std::string RunReport::RuleName(const world::Verdict& verdict) const {
  const auto uid = jobset_uids_.find({verdict.namespace_, verdict.jobset});
  if (!verdict.rule || uid == jobset_uids_.end()) return {};
  const auto& policy = lives_.jobsets.at(uid->second).spec->failure_policy;
  const auto index = static_cast<std::size_t>(verdict.rule->index);
  return policy && index < policy->rules.size() ? policy->rules[index].name : std::string();
}

// Those of a JobSet (empty: of all); that of one Job is part of what is told next.
void RunReport::ReleaseHeld(const meta::Uid& jobset, const meta::Uid& but_job) {
  std::vector<Held> all = std::exchange(held_, {});
  for (Held& held : all) {
    if (!jobset.empty() && held.jobset != jobset) {
      held_.push_back(std::move(held));
    } else if (jobset.empty() || held.verdict.job != but_job) {
      TellVerdict(held.verdict);
    }
  }
}

// Nobody has judged them: the JobSet has other things to do.
void RunReport::ReleaseOldHeld() {
  constexpr Seconds kAtMost(1);
  while (!held_.empty() && out_.Now() - held_.front().since > kAtMost) {
    TellVerdict(held_.front().verdict);
    held_.erase(held_.begin());
  }
}

void RunReport::TellVerdict(const world::Verdict& verdict) {
  out_.Steps(ChainOf(verdict));
}

}  // namespace reprieve::cli
