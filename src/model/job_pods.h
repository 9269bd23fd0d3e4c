// How many pods Jobs and JobSets have at a time. Pure; safe from any thread.
#pragma once

#include <algorithm>
#include <cstdint>

#include "model/jobset.h"

namespace reprieve::batch {

// While all of them run: parallelism, but no more than there are completions (spec/jobset.md 2.5).
inline std::int32_t PodsAtOnce(const JobSpec& spec) {
  const std::int32_t parallelism = spec.parallelism.value_or(1);
  return spec.completions ? std::min(parallelism, *spec.completions) : parallelism;
}

}  // namespace reprieve::batch

namespace reprieve::jobset {

inline std::int64_t PodsAtOnce(const JobSetSpec& spec) {
  std::int64_t out = 0;
  for (const ReplicatedJob& group : spec.replicated_jobs) {
    out += std::int64_t{group.replicas} * batch::PodsAtOnce(*group.job_template.spec);
  }
  return out;
}

}  // namespace reprieve::jobset
