// ClusterWatch: what the controller of a cluster sees of it: a watch of each kind with the cache that the real one has,
// each by itself.
//
// Events come late, some twice. Now and then a stream breaks off: it goes on where it was after some time, or the
// server has forgotten that version (410) and lists what is there then, object by object and in no order of versions;
// what vanished meanwhile shows only by its absence. One owner, the simulation's thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/random.h"
#include "engine/engine.h"
#include "kube/cache.h"
#include "kube/decode.h"
#include "sim/agenda.h"
#include "store/store.h"
#include "world/clock.h"
#include "world/versions.h"

namespace reprieve::property {

struct WatchRates {
  Nanoseconds latest{0};        // no event comes later than that, but for a stream that is broken; 0: all come at once
  std::uint64_t repeated = 0;   // one event in so many comes twice; 0: none
  std::uint64_t broken = 0;     // after one event in so many the stream breaks off; 0: never
  std::uint64_t forgotten = 0;  // of one broken stream in so many the version is forgotten; 0: of none
  Nanoseconds longest_break = Seconds(30);
};

class ClusterWatch final : public world::Watcher {
 public:
  // `changed` is called after each change of a cache. Begins to list.
  ClusterWatch(store::Store& store, sim::Agenda& agenda, const world::Clock& clock, Random& random, WatchRates rates,
               std::function<void()> changed);
  ClusterWatch(const ClusterWatch&) = delete;
  ClusterWatch& operator=(const ClusterWatch&) = delete;
  ~ClusterWatch() override;

  // Tells the engine of what is known, and from now on of each change; a null pointer: nobody.
  void Tell(engine::Engine* engine);
  // Everything has been listed, since the start or since the last Relist of that kind.
  bool synced() const;
  // Of each kind nothing older is missing.
  world::Versions versions() const;
  void RelistPods();
  // No stream breaks off from now on.
  void Calm() { calm_ = true; }

  void JobChanged(const batch::Job& job) override { Push(jobs_, job, What::kChanged); }
  void JobDeleted(const batch::Job& job) override { Push(jobs_, job, What::kDeleted); }
  void PodChanged(const core::Pod& pod) override { Push(pods_, pod, What::kChanged); }
  void PodDeleted(const core::Pod& pod) override { Push(pods_, pod, What::kDeleted); }
  void JobSetChanged(const jobset::JobSet& jobset) override { Push(jobsets_, jobset, What::kChanged); }
  void JobSetDeleted(const jobset::JobSet& jobset) override { Push(jobsets_, jobset, What::kDeleted); }
  void ServiceChanged(const core::Service& service) override { Push(services_, service, What::kChanged); }
  void ServiceDeleted(const core::Service& service) override { Push(services_, service, What::kDeleted); }
  void ClaimChanged(const core::PersistentVolumeClaim& claim) override { Push(claims_, claim, What::kChanged); }
  void ClaimDeleted(const core::PersistentVolumeClaim& claim) override { Push(claims_, claim, What::kDeleted); }

 private:
  enum class What : std::uint8_t { kChanged, kDeleted, kListBegins, kListEnds };

  template <class T>
  struct Stream {
    struct Entry {
      What what;
      std::optional<T> object;
      meta::ResourceVersion version = 0;  // of a list's end
    };
    explicit Stream(typename kube::Cache<T>::Decode decode, std::function<void()> changed)
        : cache(std::move(decode), std::move(changed)) {}

    kube::Cache<T> cache;
    std::deque<Entry> waiting;
    Time last_due = Time::min();
    Time broken_until = Time::min();
    bool synced = false;
  };

  template <class T>
  void Push(Stream<T>& stream, const T& object, What what);
  template <class T>
  void Add(Stream<T>& stream, typename Stream<T>::Entry entry);
  template <class T>
  void Deliver(Stream<T>& stream);
  template <class T>
  void Pass(Stream<T>& stream, const typename Stream<T>::Entry& entry);
  template <class T>
  void Break(Stream<T>& stream);
  template <class T>
  void List(Stream<T>& stream);
  std::vector<const batch::Job*> All(const Stream<batch::Job>&) const { return store_.Jobs(); }
  std::vector<const core::Pod*> All(const Stream<core::Pod>&) const { return store_.Pods(); }
  std::vector<const jobset::JobSet*> All(const Stream<jobset::JobSet>&) const { return store_.JobSets(); }
  std::vector<const core::Service*> All(const Stream<core::Service>&) const { return store_.Services(); }
  std::vector<const core::PersistentVolumeClaim*> All(const Stream<core::PersistentVolumeClaim>&) const {
    return store_.Claims();
  }

  store::Store& store_;
  sim::Agenda& agenda_;
  const world::Clock& clock_;
  Random& random_;
  const WatchRates rates_;
  bool calm_ = false;
  kube::Decoder decoder_;
  Stream<jobset::JobSet> jobsets_;
  Stream<core::Service> services_;
  Stream<core::PersistentVolumeClaim> claims_;
  Stream<batch::Job> jobs_;
  Stream<core::Pod> pods_;
  // What is on the agenda holds this, and does nothing once the watch is gone.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace reprieve::property
