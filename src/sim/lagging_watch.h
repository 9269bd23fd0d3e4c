// LaggingWatch: the watches of a controller that is not beside its store: events come late, some twice, and now and
// then a stream is lost and everything is listed again.
//
// Each kind of object is a stream of its own, in order. One owner, the simulation's thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "sim/agenda.h"
#include "store/store.h"
#include "world/clock.h"
#include "world/watcher.h"

namespace reprieve::sim {

struct LagRates {
  Nanoseconds latest{0};          // no event comes later than that; 0: all come at once
  std::uint64_t repeated = 0;     // one event in so many comes twice; 0: none
  std::uint64_t stream_lost = 0;  // after one event in so many; 0: never
};

class LaggingWatch final : public world::Watcher {
 public:
  // `listed` is told the version of each list once it has been reported whole. Begins with a list.
  LaggingWatch(store::Store& store, Agenda& agenda, const world::Clock& clock, Random& random, LagRates rates,
               world::Watcher& downstream, std::function<void(meta::ResourceVersion)> listed);
  LaggingWatch(const LaggingWatch&) = delete;
  LaggingWatch& operator=(const LaggingWatch&) = delete;
  ~LaggingWatch() override;

  void JobChanged(const batch::Job& job) override;
  void JobDeleted(const batch::Job& job) override;
  void PodChanged(const core::Pod& pod) override;
  void PodDeleted(const core::Pod& pod) override;
  void JobSetChanged(const jobset::JobSet& jobset) override;
  void JobSetDeleted(const jobset::JobSet& jobset) override;
  void ServiceChanged(const core::Service& service) override;
  void ServiceDeleted(const core::Service& service) override;
  void ClaimChanged(const core::PersistentVolumeClaim& claim) override;
  void ClaimDeleted(const core::PersistentVolumeClaim& claim) override;
  // At once: nodes come before all else.
  void NodeChanged(const core::Node& node) override { downstream_.NodeChanged(node); }

 private:
  template <class T>
  struct Stream {
    struct Entry {
      T object;
      bool deleted = false;
    };
    std::deque<Entry> waiting;
    std::map<meta::Uid, std::unique_ptr<T>> cache;  // the addresses that downstream knows
    Time last_due{};
  };

  template <class T>
  void Push(Stream<T>& stream, const T& object, bool deleted);
  template <class T>
  void Deliver(Stream<T>& stream);
  template <class T>
  void Pass(Stream<T>& stream, const T& object, bool deleted);
  template <class T>
  void Relist(Stream<T>& stream, const std::vector<const T*>& all);
  void RelistAll();

  store::Store& store_;
  Agenda& agenda_;
  const world::Clock& clock_;
  Random& random_;
  const LagRates rates_;
  world::Watcher& downstream_;
  const std::function<void(meta::ResourceVersion)> listed_;
  Stream<jobset::JobSet> jobsets_;
  Stream<core::Service> services_;
  Stream<core::PersistentVolumeClaim> claims_;
  Stream<batch::Job> jobs_;
  Stream<core::Pod> pods_;
  Slots slots_;  // of the pods in the cache
  // What is on the agenda holds this, and does nothing once the watch is gone.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace reprieve::sim
