// What happened to one Job, as far as its objects still tell: each failed pod that is there, its verdict, and the end.
//
// The verdicts are the Job controller's: the Job is set back to before its first failure that is still there, and the
// controller (controllers/job) is shown one failure after another, in the order in which they ended, until the Job is
// as far as its status says. Where the two differ, the status is right, and the verdict says no more than both do.
// Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controllers/job/view.h"
#include "model/batch.h"
#include "model/core.h"
#include "world/verdict.h"

namespace reprieve::report {

// A pod that counts as failed.
struct PodFailure {
  const core::Pod* pod = nullptr;
  Time at;                                        // when it ended
  policy::CompletionIndex index = -1;             // -1: none that is valid
  std::shared_ptr<const world::Verdict> verdict;  // null: `unjudged` says why there is none
  std::string unjudged;
};

// How a Job has ended, or is about to: what the first of its final and interim conditions says.
struct JobEnd {
  bool success = false;
  std::string reason;
  std::string message;
  Time at;
};

struct JobHistory {
  const batch::Job* job = nullptr;
  std::vector<PodFailure> failures;  // oldest first
  std::optional<JobEnd> end;
  // What ended it: the verdict of a failure, or one of its own. Null: it has not ended, or well.
  std::shared_ptr<const world::Verdict> ended_by;

  std::int64_t counted = 0;  // failures, by status
  std::int64_t gone = 0;     // of these, of pods that are not there any more
  std::int64_t pending = 0;  // failures that status does not count yet
  std::int64_t ignored = 0;  // failures that are there and do not count
  // The back-off as it follows from the pods that are there.
  policy::BackoffRecord backoff;
  controllers::IndexSet failed_indexes;  // by status; empty unless Indexed
};

// `pods`: those that the Job controls, in any order; they and the Job must outlive what is returned.
[[nodiscard]] JobHistory HistoryOf(const batch::Job& job, const std::vector<const core::Pod*>& pods);

}  // namespace reprieve::report
