#include "ledger.h"

#include <algorithm>

#include "base/text.h"
#include "policy/index_set.h"
#include "policy/pod_failure_policy.h"

namespace reprieve::property {
namespace {

std::int64_t Counted(const batch::JobStatus& status, bool failed) {
  const auto& uncounted = status.uncounted_terminated_pods;
  const std::int64_t waiting =
      !uncounted ? 0 : static_cast<std::int64_t>((failed ? uncounted->failed : uncounted->succeeded).size());
  return (failed ? status.failed : status.succeeded) + waiting;
}

}  // namespace

Ledger::Ledger(store::Store& store, const world::Clock& clock, bool exact, bool writes_take_time)
    : store_(store), clock_(clock), exact_(exact), due_(writes_take_time) {
  store_.AddWatcher(this);
}
Ledger::~Ledger() {
  store_.RemoveWatcher(this);
}

void Ledger::JobChanged(const batch::Job& job) {
  due_.See(job, clock_.Now());
  const auto has_end = [](const batch::JobStatus& status) {
    return status.IsFinished() || status.IsTrue("FailureTarget") || status.IsTrue("SuccessCriteriaMet");
  };
  if (has_end(job.status) && (job_ == nullptr || !has_end(last_))) {
    if (const auto objection = due_.Objection(job, clock_.Now())) Violate(Cat("an end that was not due: ", *objection));
  }
  if (job_ != nullptr) {
    const bool elastic = spec_->indexed();
    if (job.status.failed < last_.failed) Violate("failed has decreased");
    if (job.status.succeeded < last_.succeeded && !elastic) Violate("succeeded has decreased");
    for (const char* type : {"Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"}) {
      if (last_.IsTrue(type) && !job.status.IsTrue(type)) Violate(Cat(type, " was taken back"));
    }
    if (last_.IsFinished() && job.status.IsFinished() && last_.IsTrue("Complete") != job.status.IsTrue("Complete")) {
      Violate("a finished Job has changed its end");
    }
  }
  job_ = &job;
  spec_ = job.spec;
  last_ = job.status;
  most_parallelism_ = std::max(most_parallelism_, job.spec->parallelism.value_or(1));
  if (job.spec->completions) completions_.insert(*job.spec->completions);
  if (job.status.active > most_parallelism_) Violate(Cat("status says ", job.status.active, " active pods"));
}

void Ledger::JobDeleted(const batch::Job&) {
  deleted_ = true;
  job_ = nullptr;
}

void Ledger::PodChanged(const core::Pod& pod) {
  const auto [at, fresh] = pods_.try_emplace(pod.metadata.uid);
  PodFacts& facts = at->second;
  if (job_ != nullptr) due_.See(pod);
  const SharedString* index = pod.metadata.annotations.Find(batch::kCompletionIndex);
  facts.index = index != nullptr ? index->str() : "";
  facts.active = pod.IsActive();
  facts.ended = pod.IsTerminal();
  if (fresh) CheckNewPod(pod);
  const bool finalizer = pod.metadata.HasFinalizer(batch::kTrackingFinalizer);
  if (facts.finalizer && !finalizer) Released(pod);
  facts.finalizer = finalizer;
}

void Ledger::PodDeleted(const core::Pod& pod) {
  PodFacts& facts = pods_[pod.metadata.uid];
  if (facts.finalizer) Released(pod);
  facts = {false, false, true, true, facts.index};
}

// The finalizer goes: whatever the pod is to count as, it has been decided.
void Ledger::Released(const core::Pod& pod) {
  if (job_ == nullptr) return;
  // Once recorded as failed, a pod stays so, even if it ends well, or gets a condition that a rule ignores, before its
  // finalizer goes (spec/job.md 2.17).
  const auto& uncounted = last_.uncounted_terminated_pods;
  if (uncounted &&
      std::find(uncounted->failed.begin(), uncounted->failed.end(), pod.metadata.uid) != uncounted->failed.end()) {
    ++released_failed_;
    return;
  }
  if (pod.status.phase == core::PodPhase::kSucceeded) {
    ++released_succeeded_;
    return;
  }
  // Indexes that scaling down has cut off count for nothing (spec/job.md 2.18).
  const auto index = ParseInt64(pods_[pod.metadata.uid].index);
  if (spec_->indexed() && (!index || *index >= spec_->completions.value_or(0))) return;
  const bool failed =
      pod.status.phase == core::PodPhase::kFailed || (pod.metadata.deleting() && !spec_->replaces_only_failed());
  const bool ends_with_job = pod.metadata.deleting() && last_.IsTrue("FailureTarget");
  if (!failed && !ends_with_job) return;
  if (!policy::JudgePod(spec_->pod_failure_policy, pod).counts()) return;
  ++released_failed_;
  // Deleted by the very round that found the Job a success, such a pod is no failure; deleted before it, it is
  // (spec/job.md 2.13).
  if (last_.IsTrue("SuccessCriteriaMet") && pod.status.phase != core::PodPhase::kFailed) ++perhaps_failed_;
}

void Ledger::CheckNewPod(const core::Pod& pod) {
  if (job_ == nullptr || pod.metadata.generate_name.empty()) return;
  std::int64_t active = 0;
  for (const auto& [uid, facts] : pods_) active += facts.active ? 1 : 0;
  if (active > most_parallelism_) {
    Violate(Cat(pod.metadata.name, " is pod ", active, " at once; parallelism never was above ", most_parallelism_));
  }
  if (!spec_->replaces_only_failed() || !spec_->indexed()) return;
  for (const auto& [uid, facts] : pods_) {
    if (uid != pod.metadata.uid && !facts.gone && !facts.ended && facts.index == pods_[pod.metadata.uid].index) {
      Violate(Cat("index ", facts.index, " runs twice at once"));
    }
  }
}

void Ledger::CheckQuiet() {
  if (job_ == nullptr) {
    for (const core::Pod* pod : store_.Pods()) {
      if (pod->metadata.HasFinalizer(batch::kTrackingFinalizer))
        Violate(Cat(pod->metadata.name, " keeps its finalizer after its Job"));
    }
    return;
  }
  const batch::JobStatus& status = job_->status;
  const bool may_wait = job_->spec->suspended() || job_->spec->parallelism == 0;
  if (!status.IsFinished() && !may_wait) Violate("quiet, and the Job has not ended");
  const std::int64_t failed = Counted(status, true);
  const std::int64_t succeeded = Counted(status, false);
  if (failed > released_failed_ && exact_) Violate(Cat("failed is ", failed, ", but ", released_failed_, " pods have"));
  if (exact_ && failed < released_failed_ - perhaps_failed_)
    Violate(Cat("failed is ", failed, ", and ", released_failed_, " pods have"));
  if (!spec_->indexed() && exact_ && succeeded != released_succeeded_) {
    Violate(Cat("succeeded is ", succeeded, ", and ", released_succeeded_, " pods have"));
  }
  if (spec_->indexed()) {
    const auto completed =
        policy::IndexSet::ParseLenient(status.completed_indexes, job_->spec->completions.value_or(0));
    if (completed.size() != status.succeeded && status.IsFinished() && completions_.size() == 1)
      Violate("succeeded is not the number of completed indexes");
    const auto failed_indexes =
        policy::IndexSet::ParseLenient(status.failed_indexes.value_or(""), job_->spec->completions.value_or(0));
    if (completed.CommonWith(failed_indexes) > 0) Violate("an index has both completed and failed");
  }
  if (!status.IsFinished()) return;
  if (status.active != 0 || status.terminating.value_or(0) != 0) Violate("finished with active or terminating pods");
  if (status.uncounted_terminated_pods && !status.uncounted_terminated_pods->empty())
    Violate("finished with uncounted pods");
  const batch::JobCondition* end = status.FindCondition(status.IsTrue("Complete") ? "Complete" : "Failed");
  if (end->reason == "CompletionsReached" && job_->spec->completions && completions_.size() == 1 &&
      status.succeeded < *job_->spec->completions) {
    Violate("complete without its completions");
  }
  if (end->reason == "FailedIndexes" && status.failed_indexes.value_or("").empty())
    Violate("FailedIndexes without any");
  for (const core::Pod* pod : store_.Pods()) {
    const meta::OwnerReference* owner = pod->metadata.Controller();
    if (owner != nullptr && owner->uid == job_->metadata.uid && pod->metadata.HasFinalizer(batch::kTrackingFinalizer)) {
      Violate(Cat(pod->metadata.name, " keeps its finalizer after the end"));
    }
  }
}

void Ledger::Violate(std::string what) {
  if (violations_.size() < 20) violations_.push_back(std::move(what));
}

}  // namespace reprieve::property
