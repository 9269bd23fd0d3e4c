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

// Of the whole JobSet in place: the newest attempt of its pods counts them all, those of its Jobs too.
std::int64_t UsedInPlace(const jobset::JobSetStatus& status) {
  const std::int64_t newest = std::max(status.current_in_place_restart_attempt.value_or(0),
                                       status.previous_in_place_restart_attempt.value_or(-1) + 1);
  return newest - (status.restarts - status.restarts_count_towards_max);
}

}  // namespace

std::string NameOf(const meta::ObjectKey& key) {
  return key.namespace_ == "default" ? key.name.str() : Cat(key.namespace_, "/", key.name);
}

std::vector<std::string> ChainOf(const world::Verdict& verdict) {
  constexpr std::string_view kArrow = " → ";
  std::string text = world::Describe(verdict);
  if (verdict.namespace_ != "default") {
    const std::size_t at = text.starts_with("Job ") ? 4 : text.starts_with("JobSet ") ? 7 : 0;
    text.insert(at, Cat(verdict.namespace_, "/"));
  }
  std::vector<std::string> out;
  std::size_t begin = 0;
  for (std::size_t end = text.find(kArrow); end != std::string::npos; end = text.find(kArrow, begin)) {
    out.push_back(text.substr(begin, end - begin));
    begin = end + kArrow.size();
  }
  out.push_back(text.substr(begin));
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

namespace {

// 3 waiting for cpu; empty: none waits.
std::string Waiting(const Tally& tally) {
  constexpr std::string_view kInsufficient = "Insufficient ";
  std::int64_t pods = 0;
  std::set<std::string> wanted;
  for (const auto& [why, count] : tally.waiting) {
    pods += count;
    for (std::size_t at = why.find(kInsufficient); at != std::string::npos; at = why.find(kInsufficient, at)) {
      at += kInsufficient.size();
      const std::size_t comma = why.find(',', at);
      wanted.insert(why.substr(at, comma == std::string::npos ? why.size() - 1 - at : comma - at));
    }
  }
  if (pods == 0) return {};
  const std::string what = Join({wanted.begin(), wanted.end()}, " and ");
  return Cat(pods, " waiting for ", what.empty() ? "a place" : what);
}

std::string NextRetry(const Tally& tally, Time now) {
  const auto next = tally.retries.upper_bound(now);
  if (next == tally.retries.end()) return {};
  return Cat("next retry in ", HumanDuration(std::chrono::ceil<Seconds>(*next - now)));
}

}  // namespace

// What matters most comes first: the line is cut at the terminal's edge.
std::string JobLine(const JobLife& job, Time now, std::size_t width) {
  const batch::JobStatus& status = job.status;
  const std::int32_t wanted = job.completions.value_or(1);
  std::vector<std::string> facts = {Cat(status.succeeded, "/", wanted, " succeeded"), Cat(status.failed, " failed"),
                                    Cat(status.active, " active")};
  const std::int64_t retries = job.tally.retried + job.tally.restarts;
  if (retries > 0) facts.push_back(Cat(retries, retries == 1 ? " retry" : " retries"));
  if (job.finished) {
    facts.emplace_back(status.IsTrue("Failed") ? "failed" : "completed");
  } else {
    for (std::string fact : {NextRetry(job.tally, now), Waiting(job.tally)}) {
      if (!fact.empty()) facts.push_back(std::move(fact));
    }
  }
  facts.push_back(Took(job.began, job.ended, now));
  const std::string name = Cat("Job ", NameOf(job.key), "  ");
  const std::string line = Join(facts, " · ");
  // The bar is the first to go.
  if (Columns(name) + kBarCells + 2 + Columns(line) >= width) return Cat(name, line);
  return Cat(name, Bar(wanted > 0 ? double(status.succeeded) / wanted : 1), "  ", line);
}

// JobSet train                       restarts 1 of 3 used · 4m12s
//   leader   1/1  ready     ██████████
//   workers  3/4  starting  ███████░░░   1 failed
//   the last failure's chain of verdicts
std::vector<std::string> JobSetTree(const JobSetLife& jobset, Time now) {
  std::string head = Cat("JobSet ", NameOf(jobset.key));
  std::vector<std::string> facts;
  if (std::string used = RestartsUsed(jobset); !used.empty()) facts.push_back(std::move(used));
  for (std::string fact : {NextRetry(jobset.tally, now), Waiting(jobset.tally)}) {
    if (!fact.empty() && !jobset.finished) facts.push_back(std::move(fact));
  }
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
  if (!jobset.last) return out;
  const std::vector<std::string> chain = ChainOf(*jobset.last);
  out.push_back(Cat("  ", FormatClock(jobset.last->at), "  ", chain.front()));
  for (std::size_t i = 1; i < chain.size(); ++i) out.push_back(Cat("            → ", chain[i]));
  return out;
}

}  // namespace reprieve::cli
