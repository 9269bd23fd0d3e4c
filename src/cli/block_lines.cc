#include "cli/block_lines.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "cli/screen_text.h"

namespace reprieve::cli {
namespace {

constexpr std::size_t kBarColumns = 10;

std::string Bar(double part) {
  std::string out;
  for (std::size_t i = 0; i < kBarColumns; ++i) out += static_cast<double>(i) < part * kBarColumns ? "█" : "░";
  return out;
}

std::string Took(Time began, std::optional<Time> ended, Time now) {
  const auto seconds = std::chrono::floor<Seconds>(ended.value_or(now) - began);
  return seconds < Seconds(1) ? "0s" : HumanDuration(seconds);
}

// What its Jobs are doing, in one word.
std::string_view StateOf(const jobset::ReplicatedJobStatus& status, std::int32_t replicas) {
  if (status.succeeded == replicas) return "succeeded";
  if (status.failed > 0) return "failed";
  if (status.suspended > 0) return "suspended";
  if (status.ready + status.succeeded >= replicas) return "ready";
  if (status.active > 0) return "starting";
  return "waiting";
}

// 3 waiting for cpu; empty: none waits.
std::string Waiting(const Tally& tally) {
  constexpr std::string_view kInsufficient = "Insufficient ";
  std::int64_t pods = 0;
  std::set<std::string> wanted;
  for (const auto& [why, count] : tally.waiting) {
    pods += count;
    // The scheduler's own words, which are upstream's.
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

// 2 waiting: CreateContainerConfigError, missing value for NOPE; empty: no container is kept from running.
std::string HeldUpText(const Tally& tally, bool with_messages) {
  std::int64_t pods = 0;
  std::set<std::string> why;
  for (const auto& [by, count] : tally.held_up) {
    pods += count;
    why.insert(with_messages && !by.message.empty() ? Cat(by.reason, ", ", by.message) : by.reason);
  }
  return pods == 0 ? std::string() : Cat(pods, " waiting: ", Join({why.begin(), why.end()}, "; "));
}

// Empty: none is announced.
std::string RetryIn(const Tally& tally, Time now) {
  const auto next = tally.retries.upper_bound(now);
  return next == tally.retries.end() ? std::string() : HumanDuration(std::chrono::ceil<Seconds>(*next - now));
}

// A piece of a line. What has the greatest rank is the first to be shortened or left out.
struct Fact {
  int rank = 0;
  std::string text;
  std::string shorter = {};  // empty: it is left out
  int shorter_rank = 0;      // 0: it stays
};

// "HEAD  fact · fact · fact" in fewer than `columns`.
std::string Fit(const std::string& head, std::vector<Fact> facts, std::size_t columns) {
  const auto line = [&] {
    std::vector<std::string> texts;
    texts.reserve(facts.size());
    for (const Fact& fact : facts) texts.push_back(fact.text);
    return texts.empty() ? head : Cat(head, "  ", Join(texts, " · "));
  };
  while (ColumnsOf(line()) >= columns && !facts.empty()) {
    const auto least =
        std::max_element(facts.begin(), facts.end(), [](const Fact& a, const Fact& b) { return a.rank < b.rank; });
    if (least->rank == 0) break;
    if (least->shorter.empty()) {
      facts.erase(least);
    } else {
      least->text = std::exchange(least->shorter, {});
      least->rank = least->shorter_rank;
    }
  }
  std::string whole = line();
  const std::size_t width = ColumnsOf(whole);
  if (width < columns || facts.empty()) return whole;
  // The name gives way to what happens to it.
  constexpr std::size_t kLeast = 8;
  const std::size_t head_width = ColumnsOf(head);
  const std::size_t over = width - columns + 1;
  if (head_width < kLeast + over) return whole;
  return Cat(Cut(head, head_width - over), whole.substr(head.size()));
}

// What matters most comes first.
enum class Rank : std::uint8_t { kFailed, kRetrying, kWaiting, kRunning, kCompleted };
constexpr std::array<std::string_view, 5> kRankNames = {"failed", "retrying", "waiting", "running", "completed"};

Rank RankOf(bool failed, bool finished, const Tally& tally, bool active, Time now) {
  if (failed) return Rank::kFailed;
  if (finished) return Rank::kCompleted;
  if (tally.retries.upper_bound(now) != tally.retries.end()) return Rank::kRetrying;
  if (!tally.waiting.empty() || !tally.held_up.empty() || !active) return Rank::kWaiting;
  return Rank::kRunning;
}

struct Entry {
  Rank rank = Rank::kRunning;
  const JobLife* job = nullptr;
  const JobSetLife* jobset = nullptr;

  std::vector<std::string> Lines(Time now, std::size_t columns) const {
    if (job != nullptr) return {JobLine(*job, now, columns)};
    return JobSetTree(*jobset, now, columns);
  }
};

std::vector<Entry> EntriesOf(const RunLives& lives, Time now) {
  std::vector<Entry> out;
  for (const meta::Uid& uid : lives.order) {
    if (const JobLife* job = lives.FindJob(uid)) {
      out.push_back(
          {RankOf(job->status.IsTrue("Failed"), job->finished, job->tally, job->status.active > 0, now), job});
    } else {
      const JobSetLife& jobset = lives.jobsets.at(uid);
      out.push_back({RankOf(jobset.status.IsTrue("Failed"), jobset.finished, jobset.tally, jobset.tally.pods > 0, now),
                     nullptr, &jobset});
    }
  }
  return out;
}

// … 12 more: 8 running, 4 completed
std::string CountOf(const std::vector<Entry>& entries, std::size_t from) {
  std::array<std::size_t, kRankNames.size()> counts{};
  for (std::size_t i = from; i < entries.size(); ++i) ++counts[static_cast<std::size_t>(entries[i].rank)];
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) parts.push_back(Cat(counts[i], " ", kRankNames[i]));
  }
  return Cat("… ", entries.size() - from, " more: ", Join(parts, ", "));
}

}  // namespace

std::vector<std::string> BlockLines(const RunLives& lives, Time now, std::size_t columns, std::size_t max_lines) {
  std::vector<Entry> entries = EntriesOf(lives, now);
  std::vector<std::string> out;
  if (entries.size() <= max_lines) {
    for (const Entry& entry : entries) {
      for (std::string& line : entry.Lines(now, columns)) out.push_back(std::move(line));
    }
    if (out.size() <= max_lines) return out;
    out.clear();
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.rank < b.rank; });
  std::size_t shown = 0;
  for (; shown < entries.size(); ++shown) {
    std::vector<std::string> lines = entries[shown].Lines(now, columns);
    const bool last = shown + 1 == entries.size();
    const std::size_t left = max_lines - out.size() - (last ? 0 : 1);
    if (lines.size() > left) {
      // A JobSet without its tree rather than not at all.
      if (left == 0 || (shown > 0 && !last && left < 2)) break;
      lines.resize(shown == 0 ? left : 1);
    }
    for (std::string& line : lines) out.push_back(std::move(line));
    if (out.size() + 1 >= max_lines && !last) {
      ++shown;
      break;
    }
  }
  if (shown < entries.size()) out.push_back(CountOf(entries, shown));
  if (out.size() > max_lines) out.resize(max_lines);
  return out;
}

std::string JobLine(const JobLife& job, Time now, std::size_t columns) {
  const batch::JobStatus& status = job.status;
  const std::int32_t wanted = job.completions.value_or(1);
  std::vector<Fact> facts = {
      {4, Cat(status.succeeded, "/", wanted, " succeeded"), Cat(status.succeeded, "/", wanted), 1}};
  if (const auto failed = std::max<std::int64_t>(status.failed, job.tally.failed); failed > 0) {
    facts.push_back({0, Cat(failed, " failed")});
  }
  if (!job.finished) facts.push_back({5, Cat(status.active, " active")});
  const std::int64_t retries = job.tally.retried + job.tally.restarts;
  if (retries > 0) facts.push_back({8, Cat(retries, retries == 1 ? " retry" : " retries")});
  if (job.finished) {
    facts.push_back({0, status.IsTrue("Failed") ? Cat(KindOf(job), " failed") : "completed"});
  } else {
    if (const std::string in = RetryIn(job.tally, now); !in.empty()) {
      facts.push_back({3, Cat("next retry in ", in), Cat("retry in ", in)});
    }
    if (std::string waiting = Waiting(job.tally); !waiting.empty()) facts.push_back({6, std::move(waiting)});
    if (std::string held = HeldUpText(job.tally, true); !held.empty()) {
      facts.push_back({9, std::move(held), HeldUpText(job.tally, false), 2});
    }
  }
  facts.push_back({7, Took(job.began, job.ended, now)});
  const std::string head = Cat(KindOf(job), " ", NameOf(job.key));
  // The bar is the first to go.
  constexpr std::size_t kUnlimited = 10'000;
  const std::string bar = Bar(wanted > 0 ? double(status.succeeded) / wanted : 1);
  std::string line = Fit(Cat(head, "  ", bar), facts, kUnlimited);
  return ColumnsOf(line) < columns ? line : Fit(head, std::move(facts), columns);
}

// JobSet train                       restarts 1 of 3 used · 4m12s
//   leader   1/1  ready     ██████████
//   workers  3/4  starting  ███████░░░   1 failed
//   the steps of the last verdict
std::vector<std::string> JobSetTree(const JobSetLife& jobset, Time now, std::size_t columns) {
  std::vector<Fact> facts;
  if (std::string used = RestartsUsed(jobset); !used.empty()) facts.push_back({3, std::move(used)});
  if (jobset.finished) {
    facts.push_back({0, jobset.status.IsTrue("Failed") ? "failed" : "completed"});
  } else {
    if (const std::string in = RetryIn(jobset.tally, now); !in.empty()) {
      facts.push_back({1, Cat("next retry in ", in), Cat("retry in ", in)});
    }
    if (std::string waiting = Waiting(jobset.tally); !waiting.empty()) facts.push_back({2, std::move(waiting)});
    if (std::string held = HeldUpText(jobset.tally, true); !held.empty()) {
      facts.push_back({9, std::move(held), HeldUpText(jobset.tally, false), 2});
    }
  }
  facts.push_back({4, Took(jobset.began, jobset.ended, now)});
  std::string head = Cat("JobSet ", NameOf(jobset.key));
  std::vector<std::string> out = {
      Fit(columns >= 80 ? Padded(std::move(head), 32) : std::move(head), std::move(facts), columns)};
  std::size_t width = 0;
  for (const jobset::ReplicatedJob& job : jobset.spec->replicated_jobs) width = std::max(width, ColumnsOf(job.name));
  for (const jobset::ReplicatedJob& job : jobset.spec->replicated_jobs) {
    const jobset::ReplicatedJobStatus* known = jobset.status.Find(job.name);
    const jobset::ReplicatedJobStatus status = known != nullptr ? *known : jobset::ReplicatedJobStatus();
    const std::int32_t well = status.ready + status.succeeded;
    std::string line = Cat("  ", Padded(job.name, width), "  ", Padded(Cat(well, "/", job.replicas), 7), " ",
                           Padded(std::string(StateOf(status, job.replicas)), 9));
    std::vector<std::string> counts;
    if (status.succeeded > 0) counts.push_back(Cat(status.succeeded, " succeeded"));
    if (status.failed > 0) counts.push_back(Cat(status.failed, " failed"));
    if (const auto waiting = status.active - status.ready; waiting > 0) counts.push_back(Cat(waiting, " not ready"));
    std::string tail = counts.empty() ? std::string() : Cat("   ", Join(counts, " · "));
    if (ColumnsOf(line) + 2 + kBarColumns + ColumnsOf(tail) < columns) {
      AppendTo(line, "  ", Bar(job.replicas > 0 ? double(well) / job.replicas : 1));
    }
    out.push_back(Cat(line, tail));
  }
  if (!jobset.last) return out;
  const std::vector<std::string> chain = ChainOf(*jobset.last);
  out.push_back(Cat("  ", FormatClock(jobset.last->at), "  ", Escaped(chain.front())));
  for (std::size_t i = 1; i < chain.size(); ++i) out.push_back(Cat("            → ", Escaped(chain[i])));
  return out;
}

}  // namespace reprieve::cli
