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

bool HasEnd(const batch::JobStatus& status) {
  return status.IsFinished() || status.IsTrue("FailureTarget") || status.IsTrue("SuccessCriteriaMet");
}

std::vector<meta::Uid> Uncounted(const batch::JobStatus& status, bool failed) {
  const auto& uncounted = status.uncounted_terminated_pods;
  if (!uncounted) return {};
  return failed ? uncounted->failed : uncounted->succeeded;
}

bool Contains(const std::vector<meta::Uid>& uids, const meta::Uid& uid) {
  return std::find(uids.begin(), uids.end(), uid) != uids.end();
}

}  // namespace

Ledger::Ledger(store::Store& store, const world::Clock& clock, LedgerOptions options)
    : store_(store), clock_(clock), options_(std::move(options)), exact_(options_.exact) {
  store_.AddWatcher(this);
}
Ledger::~Ledger() {
  store_.RemoveWatcher(this);
}

void Ledger::Begin(const batch::Job& job) {
  for (const auto& [uid, facts] : pods_) former_.insert(uid);
  uid_ = job.metadata.uid;
  job_ = nullptr;
  last_ = {};
  due_.emplace(options_.writes_take_time, options_.leeway);
  deleted_ = may_delete_ = false;
  deleted_by_controller_.clear();
  most_parallelism_ = 0;
  completions_.clear();
  pods_.clear();
  settled_.clear();
  released_succeeded_ = released_failed_ = perhaps_failed_ = 0;
}

// Nothing is counted twice, and nothing that has not happened.
void Ledger::CheckCounts(const batch::Job& job) {
  for (const bool failed : {false, true}) {
    const std::vector<meta::Uid> listed = Uncounted(job.status, failed);
    std::int64_t left = 0;
    for (const meta::Uid& uid : Uncounted(last_, failed)) {
      if (Contains(listed, uid)) continue;
      ++left;
      settled_.insert(uid);
    }
    for (const meta::Uid& uid : listed) {
      if (settled_.contains(uid)) Violate(Cat("pod ", uid, " is counted twice"));
      if (failed && Contains(Uncounted(job.status, false), uid)) Violate(Cat("pod ", uid, " is counted both ways"));
    }
    if (!failed && job.spec->indexed()) continue;
    const std::int64_t grown = failed ? job.status.failed - last_.failed : job.status.succeeded - last_.succeeded;
    if (grown > left) Violate(Cat(failed ? "failed" : "succeeded", " goes up by ", grown, ", for ", left, " pods"));
  }
  if (Counted(job.status, true) > due_->failed()) {
    Violate(Cat("failed is ", Counted(job.status, true), ", and ", due_->failed(), " pods ever have"));
  }
  if (!job.spec->indexed()) {
    if (Counted(job.status, false) > due_->succeeded()) {
      Violate(Cat("succeeded is ", Counted(job.status, false), ", and ", due_->succeeded(), " pods ever have"));
    }
    return;
  }
  const auto completed =
      policy::IndexSet::ParseLenient(job.status.completed_indexes, job.spec->completions.value_or(0));
  for (const auto& [first, last] : completed.runs()) {
    for (auto index = first; index <= last; ++index) {
      if (!due_->HasSucceeded(Cat(index))) Violate(Cat("index ", index, " is completed, and no pod of it succeeded"));
    }
  }
}

// Once for all: what was decided may be carried out much later.
void Ledger::NoteReasonsToDelete(const batch::Job& job) {
  const bool fewer = job_ != nullptr && (job.spec->parallelism.value_or(1) < spec_->parallelism.value_or(1) ||
                                         job.spec->completions.value_or(0) < spec_->completions.value_or(0));
  may_delete_ |= fewer || job.spec->suspended() || HasEnd(job.status) || job.metadata.deleting();
}

void Ledger::Asked(const world::Request& request) {
  const auto* deletion = std::get_if<world::DeletePod>(&request);
  if (deletion == nullptr || former_.contains(deletion->pod.uid)) return;
  if (!pods_.contains(deletion->pod.uid)) return Violate(Cat(deletion->pod.name, " is deleted, and not the Job's"));
  deleted_by_controller_.emplace(deletion->pod.uid, deletion->pod.name.str());
}

bool Ledger::IsRecorded(const meta::Uid& pod) const {
  return settled_.contains(pod) || Contains(Uncounted(last_, true), pod) || Contains(Uncounted(last_, false), pod);
}

void Ledger::JobChanged(const batch::Job& job) {
  if (job.metadata.uid != uid_) Begin(job);
  due_->See(job, clock_.Now());
  if (HasEnd(job.status) && (job_ == nullptr || !HasEnd(last_))) {
    if (const auto objection = due_->Objection(job, clock_.Now()))
      Violate(Cat("an end that was not due: ", *objection));
  }
  CheckCounts(job);
  NoteReasonsToDelete(job);
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

void Ledger::JobDeleted(const batch::Job& job) {
  if (job.metadata.uid != uid_) return;
  deleted_ = true;
  job_ = nullptr;
}

void Ledger::PodChanged(const core::Pod& pod) {
  const meta::OwnerReference* owner = pod.metadata.Controller();
  if (owner == nullptr || owner->uid != uid_) {
    if (pods_.erase(pod.metadata.uid) > 0) former_.insert(pod.metadata.uid);
    return;
  }
  const auto [at, fresh] = pods_.try_emplace(pod.metadata.uid);
  PodFacts& facts = at->second;
  if (job_ != nullptr) due_->See(pod);
  const SharedString* index = pod.metadata.annotations.Find(batch::kCompletionIndex);
  facts.index = index != nullptr ? index->str() : "";
  facts.active = pod.IsActive();
  facts.ended = pod.IsTerminal();
  if (fresh) CheckNewPod(pod);
  // One that was adopted may be one too many, and one that is being deleted may end well after it was replaced.
  may_delete_ |= pod.metadata.generate_name.empty() ||
                 (pod.metadata.deleting() && !deleted_by_controller_.contains(pod.metadata.uid));
  const bool finalizer = pod.metadata.HasFinalizer(batch::kTrackingFinalizer);
  if (facts.finalizer && !finalizer) Released(pod);
  facts.finalizer = finalizer;
}

void Ledger::PodDeleted(const core::Pod& pod) {
  const auto at = pods_.find(pod.metadata.uid);
  if (at == pods_.end()) return;
  PodFacts& facts = at->second;
  if (facts.finalizer) Released(pod);
  facts = {false, false, true, true, facts.index};
}

// The finalizer goes: whatever the pod is to count as, it has been decided.
void Ledger::Released(const core::Pod& pod) {
  if (job_ == nullptr || taken_.contains(pod.metadata.uid)) return;
  if (pod.status.phase == core::PodPhase::kSucceeded && !spec_->indexed() && !may_delete_ && !last_.IsFinished() &&
      !IsRecorded(pod.metadata.uid)) {
    Violate(Cat(pod.metadata.name, " is let go, and not counted"));
  }
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
  const auto strays = static_cast<std::int64_t>(options_.strays ? options_.strays() : 0);
  if (active > most_parallelism_ + strays) {
    Violate(Cat(pod.metadata.name, " is pod ", active, " at once; parallelism never was above ", most_parallelism_));
  }
  if (!spec_->replaces_only_failed() || !spec_->indexed() || strays > 0) return;
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
  // An end is written only after its pods have been deleted.
  if (!may_delete_ && (!options_.strays || options_.strays() == 0)) {
    for (const auto& [uid, name] : deleted_by_controller_) Violate(Cat(name, " was deleted without a reason"));
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
