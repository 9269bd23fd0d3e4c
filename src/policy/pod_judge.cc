#include "policy/pod_judge.h"

#include <algorithm>

namespace reprieve::policy {
namespace {

bool Alike(const core::PodCondition& a, const core::PodCondition& b) {
  return a.type == b.type && a.status == b.status && a.reason == b.reason;
}

bool Alike(const core::ContainerStatus& a, const core::ContainerStatus& b) {
  if (a.name != b.name || a.state.terminated.has_value() != b.state.terminated.has_value()) return false;
  if (!a.state.terminated) return true;
  return a.state.terminated->exit_code == b.state.terminated->exit_code &&
         a.state.terminated->reason == b.state.terminated->reason &&
         a.state.terminated->message == b.state.terminated->message;
}

template <class T>
bool Alike(const SharedVector<T>& a, const SharedVector<T>& b) {
  return a.SharesWith(b) ||
         std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const T& x, const T& y) { return Alike(x, y); });
}

// True if every rule and every fact in a message treats the two the same.
bool Alike(const core::PodStatus& a, const core::PodStatus& b) {
  return a.reason == b.reason && Alike(a.container_statuses, b.container_statuses) &&
         Alike(a.init_container_statuses, b.init_container_statuses) && Alike(a.conditions, b.conditions);
}

}  // namespace

void PodJudge::SetPolicy(const std::optional<batch::PodFailurePolicy>& policy) {
  policy_ = policy;
  seen_.clear();
  next_ = 0;
}

SharedValue<Judgement> PodJudge::Judge(const core::Pod& pod) {
  const bool deleting = pod.metadata.deleting();
  for (Seen& seen : seen_) {
    if (seen.deleting != deleting || !Alike(seen.status, pod.status)) continue;
    // Later pods are more likely to share their lists with this one than with one of an earlier wave.
    if (!seen.status.conditions.SharesWith(pod.status.conditions)) seen.status = pod.status;
    return seen.judgement;
  }
  Judgement judgement;
  judgement.verdict = JudgePod(policy_, pod);
  judgement.facts = FactsOf(pod, judgement.verdict);
  judgement.phrase = Describe(judgement.facts);
  SharedValue<Judgement> made(std::move(judgement));
  if (seen_.size() < kKept) {
    seen_.emplace_back();
    next_ = seen_.size() - 1;
  }
  seen_[next_] = {pod.status, deleting, made};
  next_ = (next_ + 1) % kKept;
  return made;
}

}  // namespace reprieve::policy
