// What comes next for a Job or a JobSet, and how much its limits still allow, in sentences.
//
// From status, spec, verdicts and the time. Pure; safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "report/job_history.h"
#include "report/jobset_history.h"

namespace reprieve::report {

// `pods`: those that the Job controls; `only_failed`: none but failed ones are there, so that who replaced them is not
// known.
[[nodiscard]] std::vector<std::string> NextOf(const JobHistory& history, const std::vector<const core::Pod*>& pods,
                                              Time now, bool only_failed = false);
[[nodiscard]] std::vector<std::string> NextOf(const JobSetHistory& history, Time now);

// "in 40s", "now" or, for what is late, "due since 3s".
[[nodiscard]] std::string When(Time due, Time now);

}  // namespace reprieve::report
