#include "model/printer_columns.h"

#include <cstdint>

#include "base/text.h"

namespace reprieve::model {
namespace {

std::string AgeOf(const std::optional<Time>& since, Time now) {
  return since ? PrinterDuration(now - *since) : "<unknown>";
}

// The first that holds.
std::string StatusOf(const batch::Job& job) {
  const batch::JobStatus& status = job.status;
  if (status.IsTrue("Complete")) return "Complete";
  if (status.IsTrue("Failed")) return "Failed";
  if (job.metadata.deleting()) return "Terminating";
  for (const std::string_view type : {"Suspended", "FailureTarget", "SuccessCriteriaMet"}) {
    if (status.IsTrue(type)) return std::string(type);
  }
  return "Running";
}

std::string CompletionsOf(const batch::Job& job) {
  if (job.spec->completions) return Cat(job.status.succeeded, "/", *job.spec->completions);
  const std::int32_t parallelism = job.spec->parallelism.value_or(1);
  return parallelism > 1 ? Cat(job.status.succeeded, "/1 of ", parallelism) : Cat(job.status.succeeded, "/1");
}

// That of a failed Job goes on growing, as upstream's does.
std::string DurationOf(const batch::JobStatus& status, Time now) {
  if (!status.start_time) return {};
  return PrinterDuration(status.completion_time.value_or(now) - *status.start_time);
}

std::string CompletedOf(const jobset::JobSet& jobset) {
  const jobset::Condition* completed = jobset.status.FindCondition("Completed");
  return completed != nullptr ? std::string(completed->status) : std::string();
}

std::string SuspendedOf(const jobset::JobSet& jobset) {
  if (!jobset.spec->suspend) return {};
  return *jobset.spec->suspend ? "true" : "false";
}

// "3h5m"; "3h" if there are none of the smaller unit.
std::string Units(std::int64_t large, std::string_view large_unit, std::int64_t small, std::string_view small_unit) {
  return small == 0 ? Cat(large, large_unit) : Cat(large, large_unit, small, small_unit);
}

}  // namespace

std::vector<std::string_view> JobColumns() {
  return {"Name", "Status", "Completions", "Duration", "Age"};
}

std::vector<std::string> JobCells(const batch::Job& job, Time now) {
  return {job.metadata.name.str(), StatusOf(job), CompletionsOf(job), DurationOf(job.status, now),
          AgeOf(job.metadata.creation_timestamp, now)};
}

std::vector<std::string_view> JobSetColumns() {
  return {"Name", "TerminalState", "Restarts", "Completed", "Suspended", "Age"};
}

std::vector<std::string> JobSetCells(const jobset::JobSet& jobset, Time now) {
  return {jobset.metadata.name.str(),  std::string(jobset.status.terminal_state),
          Cat(jobset.status.restarts), CompletedOf(jobset),
          SuspendedOf(jobset),         AgeOf(jobset.metadata.creation_timestamp, now)};
}

std::string PrinterDuration(Nanoseconds duration) {
  const std::int64_t seconds = std::chrono::duration_cast<Seconds>(duration).count();
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  const std::int64_t minutes = seconds / 60;
  const std::int64_t hours = minutes / 60;
  const std::int64_t days = hours / 24;
  const std::int64_t years = days / 365;
  if (minutes < 2) return Cat(seconds, "s");
  if (minutes < 10) return Units(minutes, "m", seconds % 60, "s");
  if (hours < 3) return Cat(minutes, "m");
  if (hours < 8) return Units(hours, "h", minutes % 60, "m");
  if (hours < 48) return Cat(hours, "h");
  if (days < 8) return Units(days, "d", hours % 24, "h");
  if (years < 2) return Cat(days, "d");
  if (years < 8) return Units(years, "y", days % 365, "d");
  return Cat(years, "y");
}

}  // namespace reprieve::model
