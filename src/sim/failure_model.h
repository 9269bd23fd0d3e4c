// FailureModel: lets the sources of a scenario fail in a simulated cluster: hazards of nodes, racks and jobs, lemons,
// traces, maintenance, and repairs.
//
// Each source and node has a stream of random numbers of its own that follows from the seed alone. One owner, the
// simulation's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/cluster.h"
#include "sim/gang.h"
#include "sim/scenario.h"

namespace reprieve::sim {

class FailureModel {
 public:
  // All must outlive it. `racks`: by node, the number of its rack; -1: none.
  FailureModel(Simulation& simulation, Cluster& cluster, Gangs& gangs, const Scenario& scenario,
               std::vector<std::int32_t> racks, std::uint64_t seed);
  FailureModel(const FailureModel&) = delete;
  FailureModel& operator=(const FailureModel&) = delete;

  // Told of each incident before it happens, with `at` since the beginning.
  void set_observer(std::function<void(const world::Incident&)> observer) { observer_ = std::move(observer); }

  void Begin();
  // Nothing fails any more.
  void End() { ended_ = true; }
  // How often each cause has struck, whether it hit anything or not.
  const std::map<std::string, std::int64_t>& strikes() const { return strikes_; }

 private:
  // What fails independently: a node, a rack or a job, of one source.
  struct Unit {
    const FailureSource* source = nullptr;
    std::size_t number = 0;  // of the node or rack
    Random random{0};
    double faster = 1;
    Time age_from{};  // for repairs that do not renew
  };

  void Wait(Unit& unit);
  void Strike(Unit& unit);
  const FailureCause& Draw(const FailureSource& source, Random& random) const;
  // True if it hit the node itself, so that it needs a repair.
  bool Hit(const FailureCause& cause, std::size_t node, Nanoseconds repair);
  void HitPod(const FailureCause& cause, const std::string& node);
  void Maintain(const FailureSource& source, std::size_t first);
  void Replay(const FailureSource& source);
  std::size_t DrawNode(Random& random) const;
  Nanoseconds RepairOf(const FailureCause& cause, Random& random) const;
  void BringBack(std::size_t node);
  void Apply(world::Incident incident);

  Simulation& simulation_;
  Cluster& cluster_;
  Gangs& gangs_;
  const Scenario& scenario_;
  const std::vector<std::int32_t> racks_;
  const std::uint64_t seed_;
  std::vector<std::unique_ptr<Unit>> units_;
  std::vector<std::int32_t> down_;  // by node: how many repairs it waits for
  std::map<std::string, std::int64_t> strikes_;
  std::function<void(const world::Incident&)> observer_;
  const Time began_;
  bool ended_ = false;
};

}  // namespace reprieve::sim
