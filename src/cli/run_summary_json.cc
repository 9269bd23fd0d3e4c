#include "cli/run_summary.h"

namespace reprieve::cli {
namespace {

using document::Value;

constexpr std::string_view kInterrupted = "Interrupted";

// What all summaries have.
void AddTally(Value& event, const Tally& tally, std::string_view result, Nanoseconds took, const std::string& logs) {
  event.Set("result", Value::String(std::string(result)));
  event.Set("seconds", world::InSeconds(took));
  event.Set("pods", Value::Int(tally.pods));
  event.Set("podsFailed", Value::Int(tally.failed));
  event.Set("restarts", Value::Int(tally.restarts));
  event.Set("retried", Value::Int(tally.retried + tally.restarts));
  event.Set("counted", Value::Int(tally.counted));
  event.Set("ignored", Value::Int(tally.ignored));
  event.Set("wastedSeconds", world::InSeconds(tally.wasted));
  const std::optional<FailedPod>& blamed = tally.cause ? tally.cause : tally.failed_pod;
  if (blamed && !blamed->message.empty()) event.Set("message", Value::String(blamed->message.str()));
  event.Set("logs", Value::String(logs));
}

Value SummaryOf(const RunOutput& out, const JobLife& job, const std::string& logs) {
  Value event = out.Event("summary", job.is_pod ? "pod" : "job", job.key);
  const bool failed = job.status.IsTrue("Failed");
  AddTally(event, job.tally,
           job.status.IsTrue("Complete") ? "Complete"
           : failed                      ? "Failed"
                                         : kInterrupted,
           job.ended.value_or(out.Now()) - job.began, logs);
  event.Set("succeeded", Value::Int(job.status.succeeded));
  event.Set("failed", Value::Int(job.status.failed));
  if (job.status.failed_indexes && !job.status.failed_indexes->empty()) {
    event.Set("failedIndexes", Value::String(*job.status.failed_indexes));
  }
  return event;
}

Value SummaryOf(const RunOutput& out, const JobSetLife& jobset, const std::string& logs) {
  Value event = out.Event("summary", "jobset", jobset.key);
  const bool failed = jobset.status.IsTrue("Failed");
  AddTally(event, jobset.tally,
           jobset.status.IsTrue("Completed") ? "Completed"
           : failed                          ? "Failed"
                                             : kInterrupted,
           jobset.ended.value_or(out.Now()) - jobset.began, logs);
  event.Set("jobSetRestarts", Value::Int(jobset.status.restarts));
  event.Set("restartsCountTowardsMax", Value::Int(jobset.status.restarts_count_towards_max));
  // With those of single Jobs.
  const Restarts restarts = RestartsOf(jobset);
  event.Set("restartsUsed", Value::Int(restarts.used));
  event.Set("restartsNotCounted", Value::Int(restarts.uncounted));
  event.Set("restartsForgiven", Value::Int(restarts.forgiven));
  event.Set("maxRestarts", Value::Int(restarts.limit));
  return event;
}

}  // namespace

void PrintJsonSummary(RunOutput& out, const RunLives& lives, const node::Machine& machine) {
  for (const meta::Uid& uid : lives.order) {
    const JobLife* job = lives.FindJob(uid);
    out.Json(job != nullptr ? SummaryOf(out, *job, machine.LogDirectory())
                            : SummaryOf(out, lives.jobsets.at(uid), machine.LogDirectory()));
  }
}

Value IncidentEvent(const RunOutput& out, const world::Incident& incident, const world::IncidentOutcome& outcome) {
  Value event = out.Event("incident");
  event.Set("event", Value::String(incident.text));
  event.Set("happened", Value::Bool(outcome.happened()));
  if (!incident.node.empty() && outcome.happened())
    event.Set("pods", Value::Int(static_cast<std::int64_t>(outcome.count)));
  if (!outcome.pod.empty()) event.Set("pod", Value::String(outcome.pod));
  event.Set("outcome", Value::String(world::Describe(incident, outcome)));
  return event;
}

}  // namespace reprieve::cli
