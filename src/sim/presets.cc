#include "sim/presets.h"

#include "base/check.h"
#include "base/text.h"

namespace reprieve::sim {
namespace {

constexpr double kDay = 86'400;

// A cause as the sources count it. `event` has a star for the name.
struct Row {
  std::string_view name;
  double share;
  std::string_view event;
  Nanoseconds repair;
};

// Table 5 of "The Llama 3 Herd of Models" (arXiv:2407.21783): 419 unexpected interruptions in 54 days on 16,384 GPUs.
// The counts are the paper's; how each shows to Kubernetes, and how long a repair takes, is our assumption.
constexpr Row kLlama3[] = {
    {"faulty GPU", 148, "node * is shut down", std::chrono::hours(4)},
    {"GPU HBM3 memory", 72, "node * is shut down", std::chrono::hours(4)},
    {"software bug", 54, "pod * exits 1", {}},
    {"network switch or cable", 35, "node * is shut down", std::chrono::hours(2)},
    {"host maintenance", 32, "node * is drained", std::chrono::hours(2)},
    {"GPU SRAM memory", 19, "node * is shut down", std::chrono::hours(4)},
    {"GPU system processor", 17, "node * is shut down", std::chrono::hours(4)},
    {"network interface", 7, "node * is shut down", std::chrono::hours(4)},
    {"NCCL watchdog timeout", 7, "pod * exits SIGABRT", {}},
    {"silent data corruption", 6, "pod * exits 1", {}},
    {"GPU thermal interface and sensor", 6, "node * is shut down", std::chrono::hours(4)},
    {"SSD", 3, "node * is shut down", std::chrono::hours(8)},
    {"power supply", 3, "node * is lost", std::chrono::hours(8)},
    {"server chassis", 2, "node * is lost", std::chrono::hours(24)},
    {"I/O expansion board", 2, "node * is shut down", std::chrono::hours(8)},
    {"dependency", 2, "pod * exits 1", {}},
    {"CPU", 2, "node * is lost", std::chrono::hours(8)},
    {"system memory", 2, "node * is shut down", std::chrono::hours(8)},
};
constexpr double kLlama3Interruptions = 419;
constexpr double kLlama3NodeDays = 2048 * 54.0;

// "Revisiting Reliability in Large-Scale Machine Learning Research Clusters" (arXiv:2410.21680): failures of jobs per
// 1,000 node-days that were put down to hardware. The split into causes is ours.
constexpr Row kResearchCluster[] = {
    {"hardware, seen by a health check", 0.75, "node * is drained", std::chrono::hours(6)},
    {"hardware, the node is gone", 0.10, "node * is lost", std::chrono::hours(12)},
    {"hardware, seen by the program", 0.15, "pod * exits SIGABRT", {}},
};

// Instances that may be taken away, two minutes after a notice. A rate of five in a hundred a day is an example, not a
// measurement: take your provider's.
constexpr Row kSpot[] = {{"reclaimed", 1, "node * is shut down", std::chrono::minutes(10)}};

template <std::size_t N>
FailureSource SourceOf(std::string_view name, double per_node_day, const Row (&rows)[N]) {
  FailureSource out;
  out.name = name;
  out.hazard = Hazard{1, kDay / per_node_day};
  double sum = 0;
  for (const Row& row : rows) sum += row.share;
  for (const Row& row : rows) {
    FailureCause& cause = out.causes.emplace_back();
    cause.name = row.name;
    cause.share = row.share / sum;
    auto parsed = world::ParseIncident(Cat(row.event, " at 0s"));
    REPRIEVE_CHECK(std::holds_alternative<world::Incident>(parsed), "a preset's incident can be read");
    cause.event = std::get<world::Incident>(std::move(parsed));
    cause.repair = row.repair;
  }
  return out;
}

}  // namespace

const std::vector<Preset>& Presets() {
  static const std::vector<Preset> presets = {
      {"llama-3-405b",
       "The Llama 3 Herd of Models, table 5: 419 unexpected interruptions in 54 days on 16,384 GPUs; how each cause "
       "shows, and repair times, are assumptions"},
      {"rsc-1",
       "Revisiting Reliability in Large-Scale Machine Learning Research Clusters: 6.50 failures per 1,000 node-days; "
       "the split into causes is an assumption"},
      {"rsc-2", "the same, of its second cluster: 2.34 failures per 1,000 node-days"},
      {"spot", "an example: 5 % of the instances are reclaimed a day, with a notice"},
  };
  return presets;
}

std::optional<FailureSource> FindPreset(std::string_view name) {
  if (name == "llama-3-405b") return SourceOf(name, kLlama3Interruptions / kLlama3NodeDays, kLlama3);
  if (name == "rsc-1") return SourceOf(name, 6.50 / 1000, kResearchCluster);
  if (name == "rsc-2") return SourceOf(name, 2.34 / 1000, kResearchCluster);
  if (name == "spot") return SourceOf(name, 0.05, kSpot);
  return std::nullopt;
}

}  // namespace reprieve::sim
