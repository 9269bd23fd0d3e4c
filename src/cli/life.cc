#include "cli/life.h"

#include <algorithm>

#include "base/text.h"

namespace reprieve::cli {
namespace {

// Of the whole JobSet in place: the newest attempt of its pods counts them all, those of its Jobs too.
std::int64_t UsedInPlace(const jobset::JobSetStatus& status) {
  const std::int64_t newest = std::max(status.current_in_place_restart_attempt.value_or(0),
                                       status.previous_in_place_restart_attempt.value_or(-1) + 1);
  return newest - (status.restarts - status.restarts_count_towards_max);
}

// What the chain begins with: a pod, else a Job, else the JobSet.
std::string_view KindOfFirst(const world::Verdict& verdict) {
  const world::Verdict* first = &verdict;
  while (first->cause != nullptr) first = first->cause.get();
  return !first->pod.empty() ? "" : !first->job.empty() ? "Job " : "JobSet ";
}

}  // namespace

std::vector<std::string> ChainOf(const world::Verdict& verdict) {
  std::vector<std::string> out;
  for (world::Step& step : world::StepsOf(verdict)) out.push_back(std::move(step.text));
  if (verdict.namespace_ != "default") out.front().insert(KindOfFirst(verdict).size(), Cat(verdict.namespace_, "/"));
  return out;
}

std::optional<Time> RetryDue(const world::Verdict& verdict) {
  return verdict.wait ? std::optional<Time>(verdict.at + *verdict.wait) : std::nullopt;
}

Restarts RestartsOf(const JobSetLife& jobset) {
  Restarts out;
  const jobset::JobSetStatus& status = jobset.status;
  out.used = std::max<std::int64_t>(status.restarts_count_towards_max, UsedInPlace(status));
  std::int64_t all = status.restarts;
  for (const jobset::ReplicatedJobStatus& each : status.replicated_jobs_status) {
    for (const std::int32_t count : each.job_restarts_count_towards_max) out.used += count;
    for (const std::int32_t count : each.job_restarts) all += count;
  }
  out.uncounted = jobset.uncounted;
  out.forgiven = std::max<std::int64_t>(all - out.used - out.uncounted, 0);
  const auto& policy = jobset.spec->failure_policy;
  out.limit = policy ? std::max<std::int64_t>(policy->max_restarts, 0) : 0;
  return out;
}

std::string RestartsUsed(const JobSetLife& jobset) {
  const Restarts restarts = RestartsOf(jobset);
  if (restarts.limit == 0 && restarts.used + restarts.uncounted + restarts.forgiven == 0) return {};
  std::string out = Cat("restarts ", restarts.used, " of ", restarts.limit, " used");
  if (restarts.forgiven > 0) {
    AppendTo(out, ", ", restarts.forgiven, restarts.forgiven == 1 ? " earlier one" : " earlier ones",
             " before the budget was whole again");
  }
  if (restarts.uncounted > 0) AppendTo(out, ", ", restarts.uncounted, " not counted");
  return out;
}

}  // namespace reprieve::cli
