#include "controllers/overdue_pod.h"

#include "base/saturate.h"
#include "base/text.h"
#include "model/jobset.h"
#include "policy/elapsed.h"

namespace reprieve::controllers {
namespace {

constexpr std::string_view kReason = "LostPod";

std::optional<Time> TerminatingSince(const core::Pod& pod) {
  const auto grace_over = pod.metadata.deletion_timestamp();
  if (!grace_over) return std::nullopt;
  return *grace_over - DurationOfSeconds(pod.metadata.deletion_grace_period_seconds().value_or(0));
}

}  // namespace

std::optional<Time> OverdueAt(const core::Pod& pod, const jobset::Extensions& limits, Time seen) {
  if (pod.IsTerminal()) return std::nullopt;
  if (const auto since = TerminatingSince(pod)) {
    if (limits.terminating_limit) return policy::LatestTime(*since, seen) + *limits.terminating_limit;
    return std::nullopt;
  }
  if (pod.status.phase != core::PodPhase::kPending || !limits.pending_limit) return std::nullopt;
  if (!pod.metadata.creation_timestamp) return std::nullopt;
  return policy::LatestTime(*pod.metadata.creation_timestamp, seen) + *limits.pending_limit;
}

world::Plan LoseOverduePod(const core::Pod& pod, const jobset::Extensions& limits, Time now) {
  const bool terminating = pod.metadata.deleting();
  const std::string facts = Cat("has been ", terminating ? "Terminating" : "Pending", " for ",
                                HumanDuration(terminating ? *limits.terminating_limit : *limits.pending_limit));
  world::Plan plan;
  plan.subject = {world::Kind::kJobSet, {pod.metadata.namespace_, *pod.metadata.labels.Find(jobset::kJobSetName)}};
  plan.AddStage().writes.push_back(world::LosePod{world::ReferenceTo(pod), kReason, Cat("Pod ", facts)});
  world::Verdict verdict;
  verdict.at = now;
  verdict.namespace_ = pod.metadata.namespace_;
  if (const meta::OwnerReference* owner = pod.metadata.Controller()) verdict.job = owner->name;
  verdict.pod = pod.metadata.name;
  verdict.facts = facts;
  verdict.action = "Lose";
  verdict.consequence = Cat("counts as lost (reprieve.dev/", terminating ? "terminating" : "pending", "-limit)");
  plan.verdicts.push_back(std::move(verdict));
  return plan;
}

}  // namespace reprieve::controllers
