// What a run remembers of its Jobs and JobSets, for those who draw them.
//
// Plain values of the engine's thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/jobset.h"
#include "world/verdict.h"

namespace reprieve::cli {

// A pod that failed, and the container to blame.
struct FailedPod {
  std::string pod;
  SharedString container;
  std::int32_t attempt = 0;
};

// What pods came to: of a Job, or of all Jobs of a JobSet.
struct Tally {
  std::int64_t pods = 0;
  std::int64_t restarts = 0;                    // of containers in place
  std::int64_t counted = 0;                     // failures that counted
  std::int64_t ignored = 0;                     // and that did not
  Nanoseconds wasted{0};                        // time of pods that failed
  std::int64_t retried = 0;                     // failures after which there was another attempt
  std::optional<FailedPod> failed_pod;          // the last
  std::optional<FailedPod> cause;               // the one that ended it
  std::map<std::string, std::int64_t> waiting;  // pods without a place, by the reason
  std::set<std::string> told_waiting;           // reasons that were told
  std::multiset<Time> retries;                  // when the next attempts are due
};

struct JobLife {
  meta::ObjectKey key;
  meta::Uid jobset;  // the JobSet that it belongs to; empty: it stands for itself
  Time began;
  std::optional<Time> ended;
  batch::JobStatus status;
  std::optional<std::int32_t> completions;
  bool finished = false;
  Tally tally;
  std::optional<world::Verdict> ended_by;  // if anything judged did
};

struct JobSetLife {
  meta::ObjectKey key;
  Time began;
  std::optional<Time> ended;
  std::shared_ptr<const jobset::JobSetSpec> spec;
  jobset::JobSetStatus status;
  bool finished = false;
  Tally tally;
  std::int64_t uncounted = 0;          // restarts by actions that do not count
  std::optional<world::Verdict> last;  // the last chain of verdicts
};

// ns/train; the namespace default goes without saying.
std::string NameOf(const meta::ObjectKey& key);
// The verdict's chain with the names of a namespace that is not default: one link a line.
std::vector<std::string> ChainOf(const world::Verdict& verdict);
// When the attempt is due that the verdict promises.
std::optional<Time> RetryDue(const world::Verdict& verdict);

// restart 1 of 3; empty where nothing can be restarted, or counted.
struct Restarts {
  std::int64_t used = 0;
  std::int64_t uncounted = 0;
  std::int64_t forgiven = 0;  // counted until the budgets were whole again
  std::int64_t limit = 0;
};
// Of the JobSet and of its single Jobs.
Restarts RestartsOf(const JobSetLife& jobset);
std::string RestartsUsed(const JobSetLife& jobset);

// The lines of a block that repaints in place.
std::string JobLine(const JobLife& job, Time now, std::size_t width);
std::vector<std::string> JobSetTree(const JobSetLife& jobset, Time now);

}  // namespace reprieve::cli
