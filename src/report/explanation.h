// Explanation: what happened to each JobSet and Job, as the chain of verdicts, what is no longer known, and what comes
// next. Values in, a value out; explanation_text.h and explanation_json.h print it.
//
// Counters and limits come from status and spec, verdicts from the controllers' code (job_history.h, jobset_history.h),
// never from Events: those only add what they say about what is gone. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "report/objects.h"
#include "report/what_if.h"
#include "world/verdict.h"

namespace reprieve::report {

// Where "now" comes from.
enum class NowSource : std::uint8_t { kFlag, kClock, kObjects };

// One thing that happened.
struct Entry {
  Time at;
  std::string job;                                // whose it is; empty: the JobSet's
  std::string pod;                                // that failed; empty: none
  std::shared_ptr<const world::Verdict> verdict;  // null: `facts` and `unjudged` say it
  std::string facts;                              // of a pod without a verdict: what was seen
  std::string unjudged;                           // why there is none
  bool ahead = false;                             // decided, but not carried out yet
};

enum class State : std::uint8_t { kRunning, kSuspended, kEnding, kCompleted, kFailed };

// A JobSet with its Jobs, or a Job without one.
struct Subject {
  std::string kind;
  std::string namespace_;
  std::string name;
  State state = State::kRunning;
  std::string summary;               // "failed after 12m40s: ReachedMaxRestarts"
  std::vector<std::string> facts;    // counters and limits
  std::vector<Entry> chain;          // oldest first
  std::vector<std::string> unknown;  // what the objects no longer tell
  std::vector<std::string> next;     // what comes next
};

struct Explanation {
  Time now;
  NowSource now_from = NowSource::kObjects;
  bool from_journal = false;
  std::vector<Subject> subjects;   // in the order of the objects; Jobs without a JobSet after JobSets
  std::vector<std::string> notes;  // about the objects as a whole
  std::optional<WhatIf> what_if;   // where it was asked
};

// `objects` need not outlive what is returned.
[[nodiscard]] Explanation Explain(const Objects& objects, Time now, NowSource now_from);

}  // namespace reprieve::report
