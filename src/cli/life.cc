#include "cli/life.h"

#include <algorithm>

#include "base/text.h"

namespace reprieve::cli {
namespace {

constexpr int kBarCells = 10;

std::string Bar(double part) {
  std::string out;
  for (int i = 0; i < kBarCells; ++i) out += i < part * kBarCells ? "█" : "░";
  return out;
}

std::string Took(Time began, std::optional<Time> ended, Time now) {
  return HumanDuration(std::chrono::floor<Seconds>(ended.value_or(now) - began));
}

// What its Jobs are at, in one word.
std::string_view StateOf(const jobset::ReplicatedJobStatus& status, std::int32_t replicas) {
  if (status.succeeded == replicas) return "succeeded";
  if (status.failed > 0) return "failed";
  if (status.suspended > 0) return "suspended";
  if (status.ready + status.succeeded >= replicas) return "ready";
  if (status.active > 0) return "starting";
  return "waiting";
}

std::size_t Columns(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string Padded(std::string text, std::size_t width) {
  const std::size_t columns = Columns(text);
  if (columns < width) text.append(width - columns, ' ');
  return text;
}

}  // namespace

namespace {

// Of the whole JobSet in place: the newest attempt of its pods counts them all, those of its Jobs too.
std::int64_t UsedInPlace(const jobset::JobSetStatus& status) {
  const std::int64_t newest = std::max(status.current_in_place_restart_attempt.value_or(0),
                                       status.previous_in_place_restart_attempt.value_or(-1) + 1);
  return newest - (status.restarts - status.restarts_count_towards_max);
}

}  // namespace

std::string RestartsUsed(const JobSetLife& jobset) {
  const jobset::JobSetSpec& spec = *jobset.spec;
  const jobset::JobSetStatus& status = jobset.status;
  std::int64_t used = std::max<std::int64_t>(status.restarts_count_towards_max, UsedInPlace(status));
  std::int64_t all = status.restarts;
  for (const jobset::ReplicatedJobStatus& each : status.replicated_jobs_status) {
    for (const std::int32_t count : each.job_restarts_count_towards_max) used += count;
    for (const std::int32_t count : each.job_restarts) all += count;
  }
  const std::int64_t limit = spec.failure_policy ? spec.failure_policy->max_restarts : 0;
  if (limit <= 0 && all == 0) return {};
  std::string out = Cat("restarts ", used, " of ", std::max<std::int64_t>(limit, 0), " used");
  if (all > used) AppendTo(out, ", ", all - used, " not counted");
  return out;
}

std::string JobLine(const JobLife& job, Time now) {
  const batch::JobStatus& status = job.status;
  const std::int32_t wanted = job.completions.value_or(1);
  std::string out =
      Cat("Job ", job.key.name, "  ", Bar(wanted > 0 ? double(status.succeeded) / wanted : 1), "  ", status.succeeded,
          "/", wanted, " succeeded · ", status.active, " active · ", status.failed, " failed");
  const std::int64_t judged = job.tally.counted + job.tally.ignored;
  if (judged > 0) AppendTo(out, " · ", judged, " judged");
  AppendTo(out, " · ", Took(job.began, job.ended, now));
  if (job.finished) {
    AppendTo(out, " · ", status.IsTrue("Failed") ? "failed" : "completed");
  } else if (job.last && !job.last->consequence.empty() && status.active == 0) {
    AppendTo(out, " · ", job.last->consequence);
  }
  return out;
}

// JobSet train                       restarts 1 of 3 used · 4m12s
//   leader   1/1  ready     ██████████
//   workers  3/4  starting  ███████░░░   1 failed
//   the last failure's chain of verdicts
std::vector<std::string> JobSetTree(const JobSetLife& jobset, Time now) {
  std::string head = Cat("JobSet ", jobset.key.name);
  std::vector<std::string> facts;
  if (std::string used = RestartsUsed(jobset); !used.empty()) facts.push_back(std::move(used));
  facts.push_back(Took(jobset.began, jobset.ended, now));
  if (jobset.finished) facts.push_back(jobset.status.IsTrue("Failed") ? "failed" : "completed");
  std::vector<std::string> out = {Cat(Padded(head, 32), "  ", Join(facts, " · "))};
  std::size_t width = 0;
  for (const jobset::ReplicatedJob& job : jobset.spec->replicated_jobs) width = std::max(width, Columns(job.name));
  for (const jobset::ReplicatedJob& job : jobset.spec->replicated_jobs) {
    const jobset::ReplicatedJobStatus* known = jobset.status.Find(job.name);
    const jobset::ReplicatedJobStatus status = known != nullptr ? *known : jobset::ReplicatedJobStatus();
    const std::int32_t well = status.ready + status.succeeded;
    std::string line = Cat("  ", Padded(job.name, width), "  ", Padded(Cat(well, "/", job.replicas), 7), " ",
                           Padded(std::string(StateOf(status, job.replicas)), 9), "  ",
                           Bar(job.replicas > 0 ? double(well) / job.replicas : 1));
    std::vector<std::string> counts;
    if (status.succeeded > 0) counts.push_back(Cat(status.succeeded, " succeeded"));
    if (status.failed > 0) counts.push_back(Cat(status.failed, " failed"));
    if (const auto waiting = status.active - status.ready; waiting > 0) counts.push_back(Cat(waiting, " not ready"));
    if (!counts.empty()) AppendTo(line, "   ", Join(counts, " · "));
    out.push_back(std::move(line));
  }
  if (jobset.last) out.push_back(Cat("  ", world::Describe(*jobset.last)));
  return out;
}

}  // namespace reprieve::cli
