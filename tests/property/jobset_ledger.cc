#include "jobset_ledger.h"

#include <algorithm>

#include "base/text.h"
#include "document/json.h"

namespace reprieve::property {
namespace {

std::int64_t Sum(const std::vector<std::int32_t>& counts) {
  std::int64_t out = 0;
  for (const std::int32_t count : counts) out += count;
  return out;
}

// All restarts of single Jobs, or those of them that count.
std::int64_t JobRestarts(const jobset::JobSetStatus& status, bool counted) {
  std::int64_t out = 0;
  for (const jobset::ReplicatedJobStatus& each : status.replicated_jobs_status) {
    out += Sum(counted ? each.job_restarts_count_towards_max : each.job_restarts);
  }
  return out;
}

const jobset::Condition* End(const jobset::JobSetStatus& status) {
  for (const jobset::Condition& condition : status.conditions) {
    if ((condition.type == "Failed" || condition.type == "Completed") && condition.status == "True") return &condition;
  }
  return nullptr;
}

std::string Label(const batch::Job& job, std::string_view key) {
  const SharedString* label = job.metadata.labels.Find(key);
  return label != nullptr ? label->str() : std::string();
}

bool IsOfAnEarlierAttempt(const batch::Job& job, const jobset::JobSetStatus& status) {
  if (Label(job, jobset::kRestartAttempt) != Cat(status.restarts)) return true;
  const jobset::ReplicatedJobStatus* each = status.Find(Label(job, jobset::kReplicatedJobName));
  const auto index = ParseInt32(Label(job, jobset::kJobIndex));
  if (each == nullptr || !index || static_cast<std::size_t>(*index) >= each->job_restarts.size()) return false;
  return ParseInt32(Label(job, jobset::kJobRestartAttempt)).value_or(0) <
         each->job_restarts[static_cast<std::size_t>(*index)];
}

}  // namespace

JobSetLedger::JobSetLedger(store::Store& store, model::FeatureGates gates, std::function<std::uint64_t()> strays)
    : store_(store), gates_(gates), strays_(std::move(strays)) {
  store_.AddWatcher(this);
}

JobSetLedger::~JobSetLedger() {
  store_.RemoveWatcher(this);
}

void JobSetLedger::JobSetChanged(const jobset::JobSet& jobset) {
  if (jobset.metadata.uid != uid_) {
    uid_ = jobset.metadata.uid;
    seen_ = deleted_ = false;
    known_.clear();
    failed_.clear();
  }
  spec_ = jobset.spec;
  if (seen_) {
    CheckCounters(jobset);
    CheckEnd(jobset);
  }
  seen_ = true;
  last_ = jobset.status;
}

void JobSetLedger::CheckCounters(const jobset::JobSet& jobset) {
  const jobset::JobSetStatus& now = jobset.status;
  const std::int64_t restarts = now.restarts - last_.restarts;
  const std::int64_t counted = now.restarts_count_towards_max - last_.restarts_count_towards_max;
  const std::int64_t of_jobs = JobRestarts(now, false) - JobRestarts(last_, false);
  const std::int64_t of_jobs_counted = JobRestarts(now, true) - JobRestarts(last_, true);
  for (const auto& [what, grown] : {std::pair("restarts", restarts), {"restartsCountTowardsMax", counted}}) {
    if (grown < 0 || grown > 1) Violate(Cat(what, " went up by ", grown));
  }
  if (counted > restarts || of_jobs_counted > of_jobs) Violate("more restarts count than there are");
  if (of_jobs < 0) Violate("restarts of Jobs were taken back");
  const std::int64_t limit = spec_->failure_policy ? spec_->failure_policy->max_restarts : 0;
  const std::int64_t used = now.restarts_count_towards_max + (gates_.restart_job ? JobRestarts(now, true) : 0);
  if (used > limit) Violate(Cat(used, " counted restarts of ", limit));
  // Every failure leads to one action: no more actions than failures, at any time.
  const std::int64_t actions = now.restarts + JobRestarts(now, false) + (now.IsTrue("Failed") ? 1 : 0);
  if (actions > static_cast<std::int64_t>(failed_.size())) {
    Violate(Cat(actions, " actions for ", failed_.size(), " failed Jobs"));
  }
}

void JobSetLedger::CheckEnd(const jobset::JobSet& jobset) {
  const jobset::Condition* before = End(last_);
  if (before == nullptr) return;
  const jobset::Condition* now = End(jobset.status);
  if (now == nullptr || !(*now == *before) || jobset.status.terminal_state != last_.terminal_state) {
    Violate("a finished JobSet has changed its end");
  }
  if (jobset.status.restarts != last_.restarts) Violate("a finished JobSet was restarted");
}

bool JobSetLedger::IsChild(const batch::Job& job) const {
  const meta::OwnerReference* owner = job.metadata.Controller();
  return owner != nullptr && owner->uid == uid_;
}

void JobSetLedger::JobChanged(const batch::Job& job) {
  if (!IsChild(job)) return;
  if (job.status.IsTrue("Failed")) failed_.insert(job.metadata.uid);
  if (known_.insert(job.metadata.uid).second) CheckNewChild(job);
}

void JobSetLedger::JobDeleted(const batch::Job& job) {
  known_.erase(job.metadata.uid);
}

void JobSetLedger::Asked(const world::Request& request) {
  if (const auto* pod = std::get_if<world::DeletePod>(&request)) {
    return Violate(Cat(pod->pod.name, " is deleted, and no pod is the JobSet's to delete"));
  }
  const auto* deletion = std::get_if<world::DeleteJob>(&request);
  if (deletion == nullptr || last_.IsFinished()) return;
  const batch::Job* job = store_.FindJob(deletion->job);
  if (job == nullptr || job->metadata.uid != deletion->uid || !IsChild(*job)) return;
  if (!IsOfAnEarlierAttempt(*job, last_)) Violate(Cat(deletion->job.name, " is deleted without a reason"));
}

void JobSetLedger::CheckNewChild(const batch::Job& job) {
  const jobset::JobSet* jobset = store_.FindJobSet({"ns", "js"});
  if (jobset == nullptr || jobset->metadata.uid != uid_) return;
  if (jobset->status.IsFinished() && strays_() == 0) Violate(Cat(job.metadata.name, " was made for a finished JobSet"));
  const auto attempt = ParseInt32(Label(job, jobset::kRestartAttempt));
  if (!attempt || *attempt > jobset->status.restarts) {
    Violate(Cat(job.metadata.name, " is of attempt ", Label(job, jobset::kRestartAttempt), " of ",
                jobset->status.restarts));
  }
  if (spec_->restart_strategy() != jobset::RestartStrategy::kBlockingRecreate || strays_() > 0) return;
  for (const batch::Job* other : store_.Jobs()) {
    if (!IsChild(*other) || other->metadata.uid == job.metadata.uid) continue;
    const auto of_other = ParseInt32(Label(*other, jobset::kRestartAttempt));
    if (of_other && attempt && *of_other < *attempt) {
      Violate(Cat(job.metadata.name, " of attempt ", *attempt, " was made while ", other->metadata.name, " of attempt ",
                  *of_other, " was there"));
    }
  }
}

void JobSetLedger::CheckQuiet() {
  const jobset::JobSet* jobset = store_.FindJobSet({"ns", "js"});
  if (jobset == nullptr) {
    for (const batch::Job* job : store_.Jobs()) {
      if (IsChild(*job)) Violate(Cat(job->metadata.name, " outlives its JobSet"));
    }
    return;
  }
  const jobset::JobSetStatus& status = jobset->status;
  // With a foreign Job in the way every pass ends in an error, and what it has counted is not written
  // (spec/jobset.md 2.2).
  const batch::Job* in_the_way = store_.FindJob({"ns", "js-r0-0"});
  if (in_the_way != nullptr && !IsChild(*in_the_way)) return;
  std::map<std::string, jobset::ReplicatedJobStatus> counted;
  std::int64_t live = 0;
  for (const batch::Job* job : store_.Jobs()) {
    if (!IsChild(*job)) continue;
    ++live;
    const std::string name = Label(*job, jobset::kReplicatedJobName);
    if (!status.IsFinished() && Label(*job, jobset::kRestartAttempt) != Cat(status.restarts)) {
      Violate(Cat(job->metadata.name, " is of attempt ", Label(*job, jobset::kRestartAttempt), ", the JobSet at ",
                  status.restarts));
    }
    // One that was to be recreated when the JobSet ended no longer counts.
    if (IsOfAnEarlierAttempt(*job, status)) continue;
    jobset::ReplicatedJobStatus& each = counted[name];
    if (job->status.IsTrue("Failed")) {
      ++each.failed;
    } else if (job->status.IsTrue("Complete")) {
      ++each.succeeded;
    }
  }
  for (const jobset::ReplicatedJobStatus& each : status.replicated_jobs_status) {
    if (each.succeeded != counted[each.name].succeeded || each.failed != counted[each.name].failed) {
      Violate(Cat("status of ", each.name, " says ", each.succeeded, " succeeded and ", each.failed,
                  " failed, there are ", counted[each.name].succeeded, " and ", counted[each.name].failed));
    }
  }
  if (status.IsFinished() || jobset->spec->suspended() || jobset->metadata.deleting()) return;
  std::int64_t wanted = 0;
  for (const jobset::ReplicatedJob& job : spec_->replicated_jobs) wanted += job.replicas;
  if (wanted == 0 || live == 0) return;
  for (const jobset::ReplicatedJob& job : spec_->replicated_jobs) {
    // What comes after a replicated job without Jobs may wait forever, too.
    if (job.replicas == 0) return;
  }
  Violate(Cat("quiet, and neither finished nor waiting: ", document::WriteJson(model::ToValue(status))));
}

void JobSetLedger::Violate(std::string what) {
  if (violations_.size() < 10) violations_.push_back(std::move(what));
}

}  // namespace reprieve::property
