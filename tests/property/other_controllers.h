// OtherControllers: what a cluster has beside the controller that is tested: the one for Jobs of no other manager, the
// TTL of Jobs, and the garbage collector.
//
// They see everything at once and nothing fails for them, so that what goes wrong is the tested one's doing. One owner,
// the simulation's thread.
#pragma once

#include <optional>

#include "base/random.h"
#include "engine/engine.h"
#include "sim/agenda.h"
#include "store/store.h"
#include "world/ledger.h"
#include "world/watcher.h"

namespace reprieve::property {

class OtherControllers final : public world::Watcher {
 public:
  OtherControllers(store::Store& store, sim::Agenda& agenda, const world::Clock& clock, Random& random);
  OtherControllers(const OtherControllers&) = delete;
  OtherControllers& operator=(const OtherControllers&) = delete;
  ~OtherControllers() override;

  bool RunOne() { return engine_.RunOne(); }
  std::optional<Time> NextDue() { return engine_.NextDue(); }

  void JobChanged(const batch::Job& job) override;
  void JobDeleted(const batch::Job& job) override;
  void PodChanged(const core::Pod& pod) override { engine_.PodChanged(pod); }
  void PodDeleted(const core::Pod& pod) override { engine_.PodDeleted(pod); }
  void JobSetChanged(const jobset::JobSet& jobset) override;
  void JobSetDeleted(const jobset::JobSet&) override { CollectSoon(); }
  void ServiceChanged(const core::Service&) override { CollectSoon(); }
  void ServiceDeleted(const core::Service&) override { CollectSoon(); }
  void ClaimChanged(const core::PersistentVolumeClaim&) override { CollectSoon(); }
  void ClaimDeleted(const core::PersistentVolumeClaim&) override { CollectSoon(); }

 private:
  // Of an owner that names a JobSet: what becomes of the object.
  enum class Fate : std::uint8_t { kStays, kGoes, kGoesBeforeItsOwner };

  void CollectSoon();
  void Collect();
  Fate FateOf(const meta::ObjectMeta& metadata) const;
  bool IsOwned(const jobset::JobSet& owner) const;

  store::Store& store_;
  sim::Agenda& agenda_;
  const world::Clock& clock_;
  Random& random_;
  world::Ledger verdicts_{1};
  engine::Engine engine_;
  bool collects_ = false;  // it is on the agenda
};

}  // namespace reprieve::property
