// What Reprieve does beyond upstream where a JobSet asks for it (model/jobset_extensions.h): a delay between restarts,
// budgets of rules, budgets that are whole again after a healthy time.
//
// What has to outlive a controller is in conditions of the status, written together with the counters that it belongs
// to:
//   reprieve.dev/RestartDelay     True while a restart waits; since when, and "restart 3 in a row waits 40s"; the
//                                 reason says whether all Jobs wait
//   reprieve.dev/RestartsByRule   "network=2; data=1"
//   reprieve.dev/Healthy          since when all Jobs have been ready
#include "base/text.h"
#include "controllers/jobset/sync.h"

namespace reprieve::controllers::jobsets {
namespace {

constexpr std::string_view kRestartDelay = "reprieve.dev/RestartDelay";
constexpr std::string_view kRestartsByRule = "reprieve.dev/RestartsByRule";
constexpr std::string_view kHealthy = "reprieve.dev/Healthy";
constexpr std::string_view kRestart = "restart ";
// Reasons of RestartDelay while it is True: all Jobs wait, or those that were restarted by themselves.
constexpr std::string_view kAllWait = "Waiting";
constexpr std::string_view kRestartedWait = "RestartedJobsWait";

// Without an event: these are notes to ourselves.
jobset::Condition& Note(Sync& sync, std::string_view type, bool value, std::string_view reason, std::string message) {
  jobset::Condition* condition = sync.status.FindCondition(type);
  if (condition == nullptr) {
    condition = &sync.status.conditions.emplace_back();
    condition->type = type;
  }
  const std::string_view wanted = value ? "True" : "False";
  if (condition->status != wanted) condition->last_transition_time = sync.now;
  condition->status = wanted;
  condition->reason = reason;
  condition->message = std::move(message);
  return *condition;
}

std::int64_t RestartsInARow(const Sync& sync) {
  const jobset::Condition* note = sync.status.FindCondition(kRestartDelay);
  if (note == nullptr || !note->message.starts_with(kRestart)) return 0;
  const std::string_view rest = std::string_view(note->message).substr(kRestart.size());
  return ParseInt64(rest.substr(0, rest.find(' '))).value_or(0);
}

std::map<std::string, std::int32_t> RestartsByRule(const Sync& sync) {
  const jobset::Condition* note = sync.status.FindCondition(kRestartsByRule);
  if (note == nullptr) return {};
  return jobset::ReadCounts(note->message).value_or(std::map<std::string, std::int32_t>());
}

void MakeBudgetsWhole(Sync& sync, Nanoseconds healthy) {
  sync.status.restarts_count_towards_max = 0;
  for (jobset::ReplicatedJobStatus& status : sync.status.replicated_jobs_status) {
    for (std::int32_t& count : status.job_restarts_count_towards_max) count = 0;
  }
  sync.counted_job_restarts = 0;
  if (sync.status.FindCondition(kRestartsByRule) != nullptr) Note(sync, kRestartsByRule, true, "Reset", "");
  if (sync.status.FindCondition(kRestartDelay) != nullptr)
    Note(sync, kRestartDelay, false, "Reset", "restart 0 in a row");
  world::Verdict verdict;
  verdict.at = sync.now;
  verdict.namespace_ = sync.jobset.metadata.namespace_;
  verdict.jobset = sync.jobset.metadata.name;
  verdict.facts = Cat("has been healthy for ", HumanDuration(healthy));
  verdict.action = "ResetRestarts";
  verdict.consequence = "its restart budgets are whole again";
  sync.plan().verdicts.push_back(std::move(verdict));
}

bool AnyCounted(const Sync& sync) {
  return sync.status.restarts_count_towards_max > 0 || sync.counted_job_restarts > 0 || RestartsInARow(sync) > 0 ||
         !RestartsByRule(sync).empty();
}

}  // namespace

void NoteHealth(Sync& sync) {
  if (!sync.extensions.restarts_reset_after) return;
  std::int64_t there = 0;
  for (const jobset::ReplicatedJobStatus& status : sync.status.replicated_jobs_status) {
    there += status.ready + status.succeeded;
  }
  const bool healthy = !sync.spec.suspended() && there == sync.total_replicas();
  const jobset::Condition* before = sync.status.FindCondition(kHealthy);
  if (!healthy && before == nullptr) return;
  const bool was_healthy = before != nullptr && before->status == "True";
  if (was_healthy && !healthy && before->last_transition_time) {
    const Nanoseconds lasted = sync.now - *before->last_transition_time;
    if (lasted >= *sync.extensions.restarts_reset_after && AnyCounted(sync)) MakeBudgetsWhole(sync, lasted);
  }
  Note(sync, kHealthy, healthy, healthy ? "JobsReady" : "JobsNotReady", "");
}

bool RuleIsExhausted(const Sync& sync, const std::string& rule) {
  const auto budget = sync.extensions.rule_max_restarts.find(rule);
  if (budget == sync.extensions.rule_max_restarts.end()) return false;
  const auto used = RestartsByRule(sync);
  const auto at = used.find(rule);
  return (at == used.end() ? 0 : at->second) >= budget->second;
}

RestartNote NoteRestart(Sync& sync, const std::string& rule, bool first, bool of_all) {
  RestartNote out;
  if (const auto budget = sync.extensions.rule_max_restarts.find(rule);
      budget != sync.extensions.rule_max_restarts.end()) {
    std::map<std::string, std::int32_t> used = RestartsByRule(sync);
    AppendTo(out.text, ", ", ++used[rule], " of ", budget->second, " of rule ", rule);
    Note(sync, kRestartsByRule, true, "Counted", jobset::WriteCounts(used));
  }
  if (sync.extensions.restart_delay) {
    const std::int64_t in_a_row = RestartsInARow(sync) + (first ? 1 : 0);
    out.wait = sync.extensions.DelayOf(in_a_row);
    const std::string wait = HumanDuration(*out.wait);
    AppendTo(out.text, ", in ", wait);
    // Who already waits for a restart of all goes on doing so.
    const jobset::Condition* before = sync.status.FindCondition(kRestartDelay);
    const bool all_wait = of_all || (before != nullptr && before->status == "True" && before->reason == kAllWait);
    Note(sync, kRestartDelay, true, all_wait ? kAllWait : kRestartedWait,
         Cat(kRestart, in_a_row, " in a row waits ", wait))
        .last_transition_time = sync.now;
  }
  return out;
}

Held HeldByDelay(Sync& sync) {
  const jobset::Condition* note = sync.status.FindCondition(kRestartDelay);
  if (note == nullptr || note->status != "True" || !note->last_transition_time) return Held::kNone;
  const Time due = *note->last_transition_time + sync.extensions.DelayOf(RestartsInARow(sync));
  if (sync.extensions.restart_delay && sync.now < due) {
    sync.plan().requeue_at = due;
    return note->reason == kRestartedWait ? Held::kRestarted : Held::kAll;
  }
  std::string message = note->message;
  Note(sync, kRestartDelay, false, "Over", std::move(message));
  return Held::kNone;
}

}  // namespace reprieve::controllers::jobsets
