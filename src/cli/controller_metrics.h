// /metrics of `reprieve controller`, in Prometheus' text format; docs/CLUSTER.md lists them.
//
// Values in, text out. The labels of all but the counters of JobSets have few values.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "engine/histogram.h"
#include "kube/cluster_world.h"
#include "kube/webhooks.h"

namespace reprieve::cli {

// reprieve_verdicts_total and what else is counted of verdicts.
struct VerdictCounts {
  // By kind, rule and action.
  std::map<std::tuple<std::string, std::string, std::string>, std::uint64_t> verdicts;
  std::map<std::string, Histogram> delays;  // from the failure to the verdict, by kind
  void Add(const world::Verdict& verdict, std::optional<Time> failed_at);
};

// `webhooks`: a null pointer where none are served.
std::string ControllerMetrics(const kube::ClusterWorld& world, const kube::Rest& rest, const VerdictCounts& verdicts,
                              const kube::Webhooks* webhooks);

}  // namespace reprieve::cli
