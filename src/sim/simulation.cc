#include "sim/simulation.h"

#include <algorithm>

#ifdef REPRIEVE_MIMALLOC
#include <mimalloc.h>
#endif

namespace reprieve::sim {
namespace {

// A simulated world may hold millions of pods: on pages of 2 MiB, where the system has them, half of the time that
// their memory costs is gone. What one world has left is kept for the next, which is soon to come. Best effort, and for
// what is allocated from now on.
void PrepareMemory() {
#ifdef REPRIEVE_MIMALLOC
  constexpr long kKeepMilliseconds = 10'000;
  mi_option_enable(mi_option_large_os_pages);
  mi_option_set(mi_option_decommit_delay, kKeepMilliseconds);
  mi_option_set(mi_option_segment_decommit_delay, kKeepMilliseconds);
#endif
}

}  // namespace

Simulation::Simulation(const SimulationOptions& options)
    : clock_(options.start), store_(clock_, options.seed), options_(options), fault_dice_(options.seed + 1) {
  PrepareMemory();
  if (options_.faults) faulty_.emplace(store_, agenda_, clock_, fault_dice_, *options_.faults);
  RestartController();
}

Simulation::~Simulation() {
  store_.RemoveWatcher(&watcher());
}

void Simulation::RestartController() {
  if (engine_) store_.RemoveWatcher(&watcher());
  between_.reset();
  if (faulty_) faulty_->Revive();
  engine_.emplace(api(), clock_, ledger_, options_.engine);
  if (options_.watch) between_ = options_.watch(*engine_);
  store_.List(watcher());
  store_.AddWatcher(&watcher());
  engine_->ListsComplete(store_.version());
}

bool Simulation::RunUntilQuiet(Time limit) {
  return RunWhile(limit, [] { return true; });
}

bool Simulation::RunWhile(Time limit, const std::function<bool()>& go_on) {
  DoAllDueNow();
  while (const auto next = NextDue()) {
    if (*next > limit || !go_on()) return false;
    clock_.AdvanceTo(std::max(*next, clock_.Now()));
    DoAllDueNow();
  }
  return true;
}

void Simulation::RunUntil(Time when) {
  DoAllDueNow();
  for (auto next = NextDue(); next && *next <= when; next = NextDue()) {
    clock_.AdvanceTo(std::max(*next, clock_.Now()));
    DoAllDueNow();
  }
  clock_.AdvanceTo(std::max(when, clock_.Now()));
}

std::optional<Time> Simulation::NextDue() {
  const auto a = agenda_.NextDue();
  const auto b = engine_->NextDue();
  return a && b ? std::min(*a, *b) : a ? a : b;
}

// What happens, happens before anyone looks.
void Simulation::DoAllDueNow() {
  do {
    while (agenda_.DoOne(clock_.Now())) ReplaceCrashedController();
    ReplaceCrashedController();
  } while (engine_->RunOne());
}

void Simulation::ReplaceCrashedController() {
  if (faulty_ && faulty_->crashed()) RestartController();
}

}  // namespace reprieve::sim
