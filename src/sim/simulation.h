// Simulation: a whole world on virtual time, with the very engine and controllers that `run` has.
//
// Same seed, same agenda: the same run to the byte. One owner, one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "engine/engine.h"
#include "sim/agenda.h"
#include "sim/faulty_api.h"
#include "sim/virtual_clock.h"
#include "store/store.h"
#include "world/ledger.h"

namespace reprieve::sim {

struct SimulationOptions {
  std::uint64_t seed = 1;
  Time start = Time(std::chrono::sys_days{std::chrono::year{2026} / 1 / 1});
  engine::EngineOptions engine;
  // What stands between the store and the controller's view of it, if anything: late or lost events, for example. It
  // must outlive no engine: a new controller gets a new one.
  std::function<std::unique_ptr<world::Watcher>(world::Watcher& downstream)> watch;
  // The controller's writes take time and go wrong so. After a crash another controller begins at once.
  std::optional<FaultRates> faults;
};

class Simulation {
 public:
  explicit Simulation(const SimulationOptions& options);
  ~Simulation();

  store::Store& store() { return store_; }
  const world::Ledger& ledger() const { return ledger_; }
  world::Ledger& ledger() { return ledger_; }
  const world::Clock& clock() const { return clock_; }
  Time Now() const { return clock_.Now(); }
  // How many writes the controller has asked for. REQUIRES: options.faults.
  std::uint64_t writes() const { return faulty_->writes(); }
  Agenda& agenda() { return agenda_; }
  void After(Nanoseconds delay, Agenda::Action action) { agenda_.At(clock_.Now() + delay, std::move(action)); }

  // Replaces the controller by another, which lists everything and remembers nothing.
  void RestartController();

  // Until nothing is due any more, ever; false if that is not so by `limit`.
  bool RunUntilQuiet(Time limit);
  // Until `when`, inclusive of what is due then.
  void RunUntil(Time when);

 private:
  world::Watcher& watcher() { return between_ ? *between_ : *engine_; }
  world::Api& api() { return faulty_ ? static_cast<world::Api&>(*faulty_) : store_; }
  void ReplaceCrashedController();
  std::optional<Time> NextDue();
  void DoAllDueNow();

  VirtualClock clock_;
  store::Store store_;
  world::Ledger ledger_;
  const SimulationOptions options_;
  Random fault_dice_;
  std::optional<FaultyApi> faulty_;
  std::optional<engine::Engine> engine_;
  std::unique_ptr<world::Watcher> between_;
  Agenda agenda_;
};

}  // namespace reprieve::sim
