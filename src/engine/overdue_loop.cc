#include "engine/overdue_loop.h"

#include <utility>
#include <vector>

#include "controllers/overdue_pod.h"

namespace reprieve::engine {
namespace {

constexpr Nanoseconds kRetry = Seconds(1);

}  // namespace

void OverdueLoop::JobSetChanged(const jobset::JobSet& jobset) {
  const meta::ObjectKey key = meta::KeyOf(jobset.metadata);
  jobset::Extensions limits = jobset::ReadExtensions(jobset.metadata.annotations);
  if (!limits.terminating_limit && !limits.pending_limit) {
    limits_.erase(key);
    return;
  }
  const jobset::Extensions& kept = limits_.insert_or_assign(key, std::move(limits)).first->second;
  const JobSetPods* pods = pods_.PodsOf(key);
  if (pods == nullptr) return;
  for (const core::Pod* pod : pods->pods) Watch(*pod, key, kept);
}

void OverdueLoop::JobSetDeleted(const jobset::JobSet& jobset) {
  limits_.erase(meta::KeyOf(jobset.metadata));
}

void OverdueLoop::PodChanged(const core::Pod& pod, const JobSetPods& pods) {
  if (limits_.empty()) return;
  const auto limits = limits_.find(pods.jobset);
  if (limits != limits_.end()) Watch(pod, pods.jobset, limits->second);
}

void OverdueLoop::PodDeleted(const core::Pod& pod) {
  Unwatch(pod.metadata.uid);
}

void OverdueLoop::Unwatch(const meta::Uid& uid) {
  if (watched_.empty() || watched_.erase(uid) == 0) return;
  context_.queue.Forget({WorkKind::kOverdue, uid});
}

void OverdueLoop::Watch(const core::Pod& pod, const meta::ObjectKey& jobset, const jobset::Extensions& limits) {
  const bool deleting = pod.metadata.deleting();
  Watched watched{&pod, jobset, deleting, context_.clock.Now()};
  const auto known = watched_.find(pod.metadata.uid);
  if (known != watched_.end()) {
    watched.lost = known->second.lost;
    if (known->second.deleting == deleting) watched.seen = known->second.seen;
  }
  const auto due = controllers::OverdueAt(pod, limits, watched.seen);
  if (!due) return Unwatch(pod.metadata.uid);
  watched_[pod.metadata.uid] = std::move(watched);
  context_.queue.Add({WorkKind::kOverdue, pod.metadata.uid}, *due);
}

void OverdueLoop::Run(const SharedString& uid) {
  const auto at = watched_.find(uid);
  if (at == watched_.end()) return;
  const Watched watched = at->second;
  if (watched.lost) return;
  const auto limits = limits_.find(watched.jobset);
  const auto due =
      limits != limits_.end() ? controllers::OverdueAt(*watched.pod, limits->second, watched.seen) : std::nullopt;
  if (!due) {
    watched_.erase(at);
    return;
  }
  const Time now = context_.clock.Now();
  const WorkKey key{WorkKind::kOverdue, uid};
  if (*due > now) return context_.queue.Add(key, *due);
  if (in_flight_.contains(uid)) return context_.queue.Add(key, now + kRetry);
  at->second.lost = true;
  world::Plan& plan = in_flight_[uid] = controllers::LoseOverduePod(*watched.pod, limits->second, now);
  context_.plans.Run(plan, [this, uid](const world::PlanReport& report) { Reported(uid, report); });
}

void OverdueLoop::Reported(const meta::Uid& uid, const world::PlanReport& report) {
  std::vector<world::Verdict> verdicts = std::move(in_flight_.at(uid).verdicts);
  in_flight_.erase(uid);
  if (report.complete()) return context_.ledger.Record(std::move(verdicts));
  const auto at = watched_.find(uid);
  if (at == watched_.end()) return;  // the pod is gone
  at->second.lost = false;
  context_.queue.Add({WorkKind::kOverdue, uid}, context_.clock.Now() + kRetry);
}

}  // namespace reprieve::engine
