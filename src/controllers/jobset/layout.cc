#include "controllers/jobset/layout.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <unordered_map>

namespace reprieve::controllers {

JobSetLayout::JobSetLayout(const jobset::JobSetSpec& spec) {
  const auto& all = spec.replicated_jobs;
  std::unordered_map<std::string_view, std::int64_t> groups;
  for (const jobset::ReplicatedJob& replicated : all) {
    std::int64_t& group = groups[replicated.group_name];
    places.push_back({total_replicas, group, 0, 0});
    total_replicas += replicated.replicas;
    group += replicated.replicas;
  }
  positions.resize(all.size());
  std::iota(positions.begin(), positions.end(), std::size_t{0});
  std::stable_sort(positions.begin(), positions.end(),
                   [&](std::size_t a, std::size_t b) { return all[a].name > all[b].name; });
  for (std::size_t i = 0; i < all.size(); ++i) {
    places[i].group_total = groups[all[i].group_name];
    places[positions[i]].in_status = i;
  }
}

}  // namespace reprieve::controllers
