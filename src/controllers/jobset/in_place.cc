// In-place restart: telling the agents of the pods which attempt is over and which one all have reached
// (spec/jobset.md 2.14).
#include "base/text.h"
#include "controllers/jobset/sync.h"

namespace reprieve::controllers::jobsets {
namespace {

// How many pods there are once all have been created; an error where a template does not say.
std::optional<std::int64_t> PodsInAll(const Sync& sync) {
  std::int64_t total = 0;
  for (const jobset::ReplicatedJob& replicated : sync.spec.replicated_jobs) {
    const batch::JobSpec& spec = *replicated.job_template.spec;
    if (!spec.parallelism || spec.parallelism != spec.completions) return std::nullopt;
    total += std::int64_t{replicated.replicas} * *spec.parallelism;
  }
  return total;
}

world::Verdict& Judge(Sync& sync, std::string_view action, const std::string& facts) {
  world::Verdict& verdict = sync.plan().verdicts.emplace_back();
  verdict.at = sync.now;
  verdict.namespace_ = sync.jobset.metadata.namespace_;
  verdict.jobset = sync.jobset.metadata.name;
  verdict.action = action;
  verdict.facts = facts;
  return verdict;
}

void FailExhausted(Sync& sync, std::string facts) {
  Fail(sync, "ReachedMaxRestarts", "jobset failed due to reaching max number of restarts");
  AppendTo(facts, ", more than its maxRestarts of ", sync.spec.failure_policy->max_restarts);
  world::Verdict& verdict = Judge(sync, "ReachedMaxRestarts", facts);
  verdict.consequence = Cat("JobSet ", verdict.jobset, " failed: ReachedMaxRestarts");
  verdict.ends = true;
}

std::string Times(std::int64_t count) {
  return count == 1 ? std::string("once") : Cat(count, " times");
}

// Every attempt before `attempt` is over.
void Supersede(Sync& sync, std::int32_t attempt, std::int64_t restart) {
  const std::int32_t over = attempt - 1;
  if (sync.status.previous_in_place_restart_attempt.value_or(-1) >= over) return;
  sync.status.previous_in_place_restart_attempt = over;
  Judge(sync, "InPlaceRestart", Cat("has a pod that begins attempt ", attempt)).consequence =
      Cat("all its pods restart in place, restart ", restart, " of ", sync.spec.failure_policy->max_restarts);
}

}  // namespace

void RestartInPlace(Sync& sync) {
  const JobSetView::InPlace pods = sync.view.in_place();
  const std::int64_t max_restarts = sync.spec.failure_policy->max_restarts;
  if (pods.greatest_restart_count > max_restarts) {
    return FailExhausted(sync, Cat("has a container that restarted ", Times(pods.greatest_restart_count)));
  }
  if (pods.unreadable) {
    sync.decision.problem = Cat("a pod's annotation ", jobset::kInPlaceRestartAttempt, " is malformed");
    return;
  }
  const std::int64_t uncounted = sync.status.restarts - sync.status.restarts_count_towards_max;
  if (pods.highest && *pods.highest - uncounted > max_restarts) {
    return FailExhausted(sync, Cat("has restarted in place ", Times(*pods.highest - uncounted)));
  }
  const auto total = PodsInAll(sync);
  if (!total) {
    sync.decision.problem = "in-place restart needs completions and parallelism to be set and equal";
    return;
  }
  if (static_cast<std::int64_t>(pods.attempts) == *total && pods.lowest && pods.lowest == pods.highest) {
    sync.status.current_in_place_restart_attempt = *pods.lowest;
  } else if (pods.highest && *pods.highest > 0) {
    Supersede(sync, *pods.highest, *pods.highest - uncounted);
  }
}

}  // namespace reprieve::controllers::jobsets
