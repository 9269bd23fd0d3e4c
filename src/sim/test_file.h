// PolicyTest: the cases of a policy test file, as `reprieve test` reads them.
//
//   kind: PolicyTest
//   manifests: [train.yaml]                        # relative to this file
//   cluster: {nodes: 4, startAfter: 1s, lostNode: {unreachable: 50s, evicted: 300s, removed: 30s},
//             featureGates: {RestartJob: true}}     # JobSet's
//   work:
//   - {pods: "workers-*", container: main, runs: 60s, exits: 0, onSigterm: exits 143 after 2s}
//   cases:
//   - name: a preempted worker is forgiven
//     when: [node n2 is drained at 10s]            # world/incident.h
//     expect: [JobSet train completes]             # sim/expectation.h
//     until: 24h                                   # when the case ends if nothing has ended before
//   - name: exit ${code} ${end} the Job
//     when: ["pod train-0 exits ${code} at 5s"]
//     expect: ["Job train ${end}"]
//     table:
//     - [code, end]
//     - [42, fails]
//     - [1, completes]
//
// Everything that is wrong is found at once, with its place. Pure; safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admission/manifest.h"
#include "document/value.h"
#include "model/feature_gates.h"
#include "sim/cluster.h"
#include "sim/expectation.h"
#include "sim/work_model.h"
#include "world/incident.h"

namespace reprieve::sim {

// A sentence of the file, and where it stands.
template <class T>
struct Placed {
  T value;
  document::Mark mark;
};

struct TestNodes {
  std::int32_t count = 4;
  std::map<std::string, std::string> labels;
};

struct TestCluster {
  std::vector<TestNodes> nodes{TestNodes()};  // named n1, n2, ... through all of them
  Nanoseconds start_after = Seconds(1);
  LostNodeClock lost_node;
  model::FeatureGates gates;
};

struct PolicyCase {
  std::string name;
  document::Mark mark;
  std::vector<Placed<world::Incident>> when;
  std::vector<Placed<Expectation>> expect;
  std::vector<WorkEntry> work;  // before that of the file
  Nanoseconds until = std::chrono::hours(24);
};

struct PolicyTest {
  std::shared_ptr<const admission::ManifestFile> file;
  document::Mark mark;
  std::vector<Placed<std::string>> manifests;
  TestCluster cluster;
  std::vector<WorkEntry> work;
  std::vector<PolicyCase> cases;  // a table's rows are cases of their own
};

struct PolicyTestError {
  document::Mark mark;
  std::string path;  // cases[1].when[0]
  std::string message;
  std::string advice;
};

inline constexpr std::size_t kMostCases = 100'000;
inline constexpr std::int32_t kMostNodes = 100'000;

// `object` is a document whose kind is PolicyTest. With errors the rest is still what could be read. `gates`: where the
// file names none.
[[nodiscard]] PolicyTest ReadPolicyTest(const admission::ManifestObject& object, std::vector<PolicyTestError>& errors,
                                        const model::FeatureGates& gates = {});

// The work of a scenario or a policy test. `path`: its place, for errors.
[[nodiscard]] std::vector<WorkEntry> ReadWork(const document::Value& value, const std::string& path,
                                              std::vector<PolicyTestError>& errors);

}  // namespace reprieve::sim
