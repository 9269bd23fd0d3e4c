// What happened to one JobSet, as far as its objects still tell: its restarts and its end, each with what brought it
// about.
//
// The verdicts are the JobSet controller's (controllers/jobset): for each attempt of which a failed Job is still there
// the JobSet is set back to that attempt, and the controller decides. How many restarts there were, and how many
// counted, comes from status alone. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/jobset.h"
#include "report/job_history.h"
#include "world/verdict.h"

namespace reprieve::report {

struct JobSetHistory {
  const jobset::JobSet* jobset = nullptr;
  std::vector<std::shared_ptr<const world::Verdict>> verdicts;  // oldest first
  // The last of them has not been carried out: status does not show it yet.
  bool last_is_ahead = false;
  std::int64_t restarts = 0;  // of the whole JobSet and of single Jobs, by status
  std::int64_t counted = 0;   // of these, against maxRestarts
  std::int64_t unknown = 0;   // restarts of the whole JobSet of which no failed Job is left
};

// `jobs`: the histories of the Jobs that the JobSet controls; they and the JobSet must outlive what is returned.
[[nodiscard]] JobSetHistory HistoryOf(const jobset::JobSet& jobset, const std::vector<const JobHistory*>& jobs);

}  // namespace reprieve::report
