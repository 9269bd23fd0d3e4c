// Layout: what follows from a JobSet's spec alone, once for each spec: where its replicated jobs stand in the status,
// and the numbers that their Jobs are labelled with.
//
// Source: spec/jobset.md 2.5, 2.9. A plain value.
#pragma once

#include <cstdint>
#include <vector>

#include "model/jobset.h"

namespace reprieve::controllers {

struct JobSetLayout {
  // Of one replicated job.
  struct Place {
    std::int64_t before = 0;        // replicas of those earlier in the spec
    std::int64_t group_before = 0;  // likewise, of its group
    std::int64_t group_total = 0;   // replicas of its whole group
    std::size_t in_status = 0;      // its place in replicatedJobsStatus
  };

  JobSetLayout() = default;
  explicit JobSetLayout(const jobset::JobSetSpec& spec);

  std::int64_t total_replicas = 0;
  std::vector<Place> places;           // by position in the spec
  std::vector<std::size_t> positions;  // by place in the status: by name, descending
};

}  // namespace reprieve::controllers
