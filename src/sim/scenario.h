// Scenario: what `reprieve simulate` plays: a cluster with its prices, what fails and how often, and the work that is
// to be done.
//
//   apiVersion: reprieve.dev/v1alpha1
//   kind: Scenario
//   manifests: [train.yaml]
//   cluster:
//     pools: [{name: gpu, nodes: 2048, spares: 32, price: 30, racks: 128}]       # price: per node and hour
//     startAfter: 30s
//     lostNode: {unreachable: 50s, evicted: 300s, removed: 30s}
//   failures:
//   - name: hardware
//     per: node                              # node, rack, job
//     rate: 6.5 per 1000 node-days           # or exponential: {mean: 150d}, or weibull: {shape: 0.8, scale: 150d}
//     causes:
//     - {name: gpu, share: 0.7, event: node is lost, repair: 4h}
//     - {name: software, share: 0.3, event: pod exits 1}
//     lemons: {share: 0.01, faster: 20}      # nodes that fail again and again
//   - {preset: llama-3-405b}                 # published failures; presets.h
//   - {name: known, trace: failures.csv}     # time,node,cause: as it was
//   - {name: kernel, maintenance: {first: 10d, every: 30d, nodes: 64, lasts: 1h}}
//   work:
//   - {of: train, duration: 30d, checkpoint: {every: 1h, takes: 30s}, restart: 2m, onSigterm: checkpoint}
//   horizon: 120d
//   runs: 20
//   seed: 1
//
// Plain values; reading is pure. Everything that is wrong is found at once, with its place.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admission/manifest.h"
#include "base/time.h"
#include "model/feature_gates.h"
#include "sim/cluster.h"
#include "sim/hazard.h"
#include "sim/test_file.h"
#include "world/incident.h"

namespace reprieve::sim {

struct NodePool {
  std::string name = "nodes";
  std::int32_t nodes = 1;
  std::int32_t spares = 0;  // further nodes that are paid and wait
  double price = 0;         // of a node, per hour
  std::int32_t racks = 0;   // that its nodes stand in, in turn; 0: none
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> resources;  // quantities; empty: one pod of any size
};

// One way in which a source of failures shows.
struct FailureCause {
  std::string name;
  double share = 1;
  world::Incident event;     // without its node's or pod's name, which is drawn
  Nanoseconds repair{};      // until the node is back; 0: it needs none
  double repair_spread = 0;  // 0: always that long; 1: exponential with that mean
};

enum class FailurePer : std::uint8_t { kNode, kRack, kJob };

struct TraceEntry {
  Nanoseconds at{};
  std::string node;   // empty: drawn
  std::string cause;  // one of the causes
};

struct Maintenance {
  Nanoseconds first{};
  Nanoseconds every{};     // 0: once
  std::int32_t nodes = 1;  // at once
  Nanoseconds lasts{};
};

// Fails independently of all others.
struct FailureSource {
  std::string name;
  FailurePer per = FailurePer::kNode;
  std::optional<Hazard> hazard;
  std::vector<FailureCause> causes;
  double lemon_share = 0;
  double lemon_faster = 1;
  bool repair_renews = true;  // false: a repair does not make a node younger
  std::vector<TraceEntry> trace;
  std::optional<Maintenance> maintenance;
};

// The work of one Job or JobSet, whose pods make progress together and only together.
struct GangWork {
  std::string of;                                 // its name; empty: of all
  Nanoseconds duration = std::chrono::hours(24);  // of work without any interruption
  std::optional<Nanoseconds> checkpoint_every;    // absent: none is taken
  Nanoseconds checkpoint_takes{};
  Nanoseconds restart{};                // from the last pod's start until work goes on
  bool checkpoints_on_sigterm = false;  // a pod that is asked to end saves what all have done
  std::optional<ContainerRun::OnTerm> on_term;
};

struct Scenario {
  std::shared_ptr<const admission::ManifestFile> file;
  std::vector<Placed<std::string>> manifests;
  std::vector<NodePool> pools{NodePool()};
  Nanoseconds start_after = Seconds(1);
  LostNodeClock lost_node;
  model::FeatureGates gates;
  std::vector<FailureSource> failures;
  std::vector<GangWork> work;
  Nanoseconds horizon = std::chrono::hours(24 * 90);
  std::int32_t runs = 20;
  std::uint64_t seed = 1;

  std::int64_t NodeCount() const;
  const GangWork& WorkOf(std::string_view name) const;
};

inline constexpr std::int32_t kMostSimulatedNodes = 100'000;
inline constexpr std::int32_t kMostRuns = 100'000;

// `object` is a document whose kind is Scenario. `read_file` gives the text of a trace, named relative to the scenario,
// or says why it can't.
using ReadTextFile = std::function<Result<std::string>(const std::string& name)>;
[[nodiscard]] Scenario ReadScenario(const admission::ManifestObject& object, const ReadTextFile& read_file,
                                    std::vector<DocumentError>& errors);

}  // namespace reprieve::sim
