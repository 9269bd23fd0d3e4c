// What a run remembers of its Jobs and JobSets, for those who draw them.
//
// Plain values of the engine's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/time.h"
#include "model/jobset.h"
#include "world/verdict.h"

namespace reprieve::cli {

// What pods came to: of a Job, or of all Jobs of a JobSet.
struct Tally {
  std::int64_t pods = 0;
  std::int64_t restarts = 0;                                      // of containers in place
  std::int64_t counted = 0;                                       // failures that counted
  std::int64_t ignored = 0;                                       // and that did not
  Nanoseconds wasted{0};                                          // time of pods that failed
  std::optional<std::pair<std::string, std::string>> failed_pod;  // the last, and its container
  std::int32_t failed_attempt = 0;
};

struct JobLife {
  meta::ObjectKey key;
  std::string jobset;  // the UID of the JobSet that it belongs to; empty: it stands for itself
  Time began;
  std::optional<Time> ended;
  batch::JobStatus status;
  std::optional<std::int32_t> completions;
  bool finished = false;
  Tally tally;
  std::optional<world::Verdict> last;  // what ended it, if anything judged did
};

struct JobSetLife {
  meta::ObjectKey key;
  Time began;
  std::optional<Time> ended;
  std::shared_ptr<const jobset::JobSetSpec> spec;
  jobset::JobSetStatus status;
  bool finished = false;
  Tally tally;
  std::optional<world::Verdict> last;  // the last chain of verdicts
};

// restart 1 of 3; empty where nothing can be restarted, or counted.
std::string RestartsUsed(const JobSetLife& jobset);

// The lines of a block that repaints in place.
std::string JobLine(const JobLife& job, Time now);
std::vector<std::string> JobSetTree(const JobSetLife& jobset, Time now);

}  // namespace reprieve::cli
