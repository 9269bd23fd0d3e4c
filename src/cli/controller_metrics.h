// What a controller shows of itself: metrics in Prometheus' text format. docs/CLUSTER.md lists them.
#pragma once

#include <string>

#include "kube/cluster_world.h"

namespace reprieve::cli {

// What the listener of verdicts has counted.
struct VerdictCounts {
  // By kind (Job, JobSet) and action.
  std::map<std::pair<std::string, std::string>, std::uint64_t> by_action;
  void Add(const world::Verdict& verdict);
};

[[nodiscard]] std::string ControllerMetrics(const kube::ClusterWorld& world, const kube::Rest& rest,
                                            const VerdictCounts& verdicts);

}  // namespace reprieve::cli
