#include "verdict_check.h"

#include <algorithm>

#include "base/text.h"
#include "policy/pod_failure_policy.h"

namespace reprieve::property {

VerdictCheck::VerdictCheck(store::Store& store, bool exact) : store_(store), exact_(exact) {
  store_.AddWatcher(this);
}
VerdictCheck::~VerdictCheck() {
  store_.RemoveWatcher(this);
}

void VerdictCheck::JobChanged(const batch::Job& job) {
  jobs_[job.metadata.uid].name = job.metadata.name.str();
}

void VerdictCheck::JobDeleted(const batch::Job& job) {
  jobs_.erase(job.metadata.uid);
}

bool VerdictCheck::CountsAsFailed(const core::Pod& pod, const batch::JobSpec& spec) {
  if (pod.status.phase == core::PodPhase::kSucceeded) return false;
  return pod.status.phase == core::PodPhase::kFailed || (pod.metadata.deleting() && !spec.replaces_only_failed());
}

const batch::Job* VerdictCheck::JobOf(const meta::Uid& uid) const {
  const auto facts = jobs_.find(uid);
  return facts == jobs_.end() ? nullptr : store_.FindJob({"ns", facts->second.name});
}

void VerdictCheck::PodChanged(const core::Pod& pod) {
  const meta::OwnerReference* owner = pod.metadata.Controller();
  const batch::Job* job = owner != nullptr ? JobOf(owner->uid) : nullptr;
  if (job == nullptr || !pod.metadata.HasFinalizer(batch::kTrackingFinalizer)) return;
  PodFacts& facts = pods_[pod.metadata.name.str()];
  facts.job = owner->uid;
  const SharedString* index = pod.metadata.annotations.Find(batch::kCompletionIndex);
  facts.index = index != nullptr ? index->str() : "";
  if (!CountsAsFailed(pod, *job->spec)) return;
  facts.failed = true;
  if (!policy::JudgePod(job->spec->pod_failure_policy, pod).counts()) return;
  facts.counted = true;
  jobs_[owner->uid].counted.insert(pod.metadata.name.str());
}

void VerdictCheck::Told(const world::Verdict& verdict) {
  const std::string text = world::Describe(verdict);
  if (verdict.pod.empty()) {
    for (auto& [uid, facts] : jobs_) facts.ends_told += verdict.ends && facts.name == verdict.job.view() ? 1 : 0;
    return;
  }
  const auto known = pods_.find(verdict.pod.str());
  if (known == pods_.end() || !known->second.failed) return Violate(Cat("no failure to tell of: ", text));
  if (!told_.insert(verdict.pod.str()).second) Violate(Cat("told twice: ", text));
  const auto at = jobs_.find(known->second.job);
  if (at == jobs_.end()) return;  // deleted meanwhile
  JobFacts& job = at->second;
  if (verdict.ends) ++job.ends_told;
  const auto counted = static_cast<std::int64_t>(job.counted.size());
  if (verdict.failed_after > counted) Violate(Cat("there were ", counted, " failures: ", text));
  if (verdict.failed_before < 0 || verdict.failed_after - verdict.failed_before > 1) {
    Violate(Cat("from ", verdict.failed_before, " to ", verdict.failed_after, " failures: ", text));
  }
  if (verdict.retry && verdict.retry->number > 0) {
    const bool of_index = verdict.retry->index >= 0;
    std::int64_t due = verdict.failed_after;
    if (of_index) {
      due = std::count_if(job.counted.begin(), job.counted.end(),
                          [&](const std::string& pod) { return pods_[pod].index == known->second.index; });
    }
    if (verdict.retry->number > due || (!of_index && verdict.retry->number != due)) {
      Violate(Cat("it is retry ", due, ": ", text));
    }
  }
  last_ = verdict;
}

void VerdictCheck::CheckRound() {
  const std::optional<world::Verdict> last = std::exchange(last_, std::nullopt);
  // What ends the Job makes failures of the pods that go with it.
  if (!last || !exact_ || last->ends) return;
  const batch::Job* job = JobOf(pods_[last->pod.str()].job);
  if (job == nullptr || job->status.IsFinished() || job->status.IsTrue("FailureTarget") ||
      job->status.IsTrue("SuccessCriteriaMet")) {
    return;
  }
  if (const std::int64_t failures = FailuresOf(*job); failures != last->failed_after) {
    Violate(Cat("the Job has ", failures, " failures: ", world::Describe(*last), " (", last->failed_after, ")"));
  }
}

// Counted, recorded, and still to be recorded.
std::int64_t VerdictCheck::FailuresOf(const batch::Job& job) const {
  const auto& uncounted = job.status.uncounted_terminated_pods;
  const std::vector<meta::Uid> listed = uncounted ? uncounted->failed : std::vector<meta::Uid>();
  std::int64_t out = job.status.failed + static_cast<std::int64_t>(listed.size());
  for (const core::Pod* pod : store_.Pods()) {
    const meta::OwnerReference* owner = pod->metadata.Controller();
    if (owner == nullptr || owner->uid != job.metadata.uid) continue;
    if (!pod->metadata.HasFinalizer(batch::kTrackingFinalizer) || !CountsAsFailed(*pod, *job.spec)) continue;
    const auto facts = pods_.find(pod->metadata.name.str());
    const auto index = ParseInt64(facts->second.index);
    if (job.spec->indexed() && (!index || *index >= job.spec->completions.value_or(0))) continue;
    if (std::find(listed.begin(), listed.end(), pod->metadata.uid) != listed.end()) continue;
    if (policy::JudgePod(job.spec->pod_failure_policy, *pod).counts()) ++out;
  }
  return out;
}

void VerdictCheck::ControllerReplaced() {
  told_.clear();
  last_.reset();
}

void VerdictCheck::CheckEndsTold() {
  for (const auto& [uid, facts] : jobs_) {
    const batch::Job* job = store_.FindJob({"ns", facts.name});
    if (job == nullptr || job->metadata.uid != uid || job->metadata.deleting()) continue;
    const batch::JobCondition* complete = job->status.FindCondition("Complete");
    const bool needs_none = complete != nullptr && complete->reason == "CompletionsReached";
    const std::int32_t expected = job->status.IsFinished() && !needs_none ? 1 : 0;
    if (facts.ends_told != expected) {
      Violate(Cat("the end of ", facts.name, " was told ", facts.ends_told, " times"));
    }
  }
}

void VerdictCheck::Violate(std::string what) {
  if (violations_.size() < 10) violations_.push_back(std::move(what));
}

}  // namespace reprieve::property
