// Controller: who reconciles in a random history: an engine behind faulty writes and late watches, followed by another
// one when it crashes.
//
// Alone, it is all there is, as in `run`: it sees and cleans up everything itself. In a cluster it is one of several
// controllers, has the caches of the real one (cluster_watch.h), its successor comes after some time and may have
// caches of its own already, what it had sent still lands then, and its clock is not that of others. One owner, the
// simulation's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "cluster_watch.h"
#include "engine/engine.h"
#include "other_controllers.h"
#include "sim/faulty_api.h"
#include "sim/lagging_watch.h"
#include "sim/virtual_clock.h"

namespace reprieve::property {

struct ControllerOptions {
  bool cluster = false;
  model::FeatureGates gates{};
  sim::FaultRates faults{};
  sim::LagRates lag{};              // alone
  WatchRates watches{};             // in a cluster, like the rest
  Nanoseconds largest_skew{0};      // of its clock, either way
  Nanoseconds latest_successor{0};  // after the end of the former
  Nanoseconds calm_after{0};        // no faults from then on
};

class Controller {
 public:
  struct Listener {
    std::function<void(engine::Engine&)> ends;  // it has crashed, and a successor will come
    std::function<void()> round;                // it has done one thing, and is still there
    std::function<void(const world::Request&)> asks;
    std::function<void(const std::string&)> trace;
  };

  // All must outlive it.
  Controller(store::Store& store, sim::Agenda& agenda, sim::VirtualClock& clock, Random& random,
             world::Ledger& verdicts, ControllerOptions options, Listener listener);
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;
  ~Controller();

  void Start();
  // The next thing that happens in this world; false: nothing does by `limit`, or so much has happened that it will
  // never end.
  bool Step(Time limit);
  // Why the last Step has come to nothing: something is due after its limit, or always.
  bool busy() const { return busy_; }
  // Null pointer: there is none right now.
  engine::Engine* engine() { return engine_ ? &*engine_ : nullptr; }
  const sim::FaultyApi& api() const { return api_; }
  std::size_t crashes() const { return crashes_; }

 private:
  class Api;
  // The world's time, and how far off it is.
  class SkewedClock final : public world::Clock {
   public:
    explicit SkewedClock(const world::Clock& world) : world_(world) {}
    Time Now() const override { return world_.Now() + skew; }
    Nanoseconds skew{0};

   private:
    const world::Clock& world_;
  };

  bool ReplaceCrashed();
  void Succeed();
  void PlanMisfortunes();
  void Told();
  std::optional<Time> NextDue();
  Nanoseconds Some(Nanoseconds most) { return Nanoseconds(random_.Between(0, most.count())); }

  store::Store& store_;
  sim::Agenda& agenda_;
  sim::VirtualClock& clock_;
  Random& random_;
  world::Ledger& verdicts_;
  const ControllerOptions options_;
  const Listener listener_;
  sim::FaultyApi api_;
  std::unique_ptr<Api> asked_;
  SkewedClock own_clock_;
  std::optional<OtherControllers> others_;
  std::optional<engine::Engine> engine_;
  std::optional<sim::LaggingWatch> alone_;
  std::unique_ptr<ClusterWatch> watch_;
  bool calm_ = false;
  bool complete_ = false;  // in a cluster: everything has been listed
  bool busy_ = false;
  std::size_t crashes_ = 0;
  std::size_t steps_ = 0;
};

}  // namespace reprieve::property
