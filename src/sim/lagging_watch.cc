#include "sim/lagging_watch.h"

#include <algorithm>
#include <set>

namespace reprieve::sim {
namespace {

void Report(world::Watcher& to, const batch::Job& job, bool deleted) {
  deleted ? to.JobDeleted(job) : to.JobChanged(job);
}
void Report(world::Watcher& to, const core::Pod& pod, bool deleted) {
  deleted ? to.PodDeleted(pod) : to.PodChanged(pod);
}
void Report(world::Watcher& to, const jobset::JobSet& jobset, bool deleted) {
  deleted ? to.JobSetDeleted(jobset) : to.JobSetChanged(jobset);
}
void Report(world::Watcher& to, const core::Service& service, bool deleted) {
  deleted ? to.ServiceDeleted(service) : to.ServiceChanged(service);
}
void Report(world::Watcher& to, const core::PersistentVolumeClaim& claim, bool deleted) {
  deleted ? to.ClaimDeleted(claim) : to.ClaimChanged(claim);
}

template <class T>
constexpr bool kHasSlot = requires(T object) {
  object.slot;
};

// A copy has a slot of its own.
template <class T>
void Update(T& copy, const T& object) {
  if constexpr (kHasSlot<T>) {
    const Slot slot = copy.slot;
    copy = object;
    copy.slot = slot;
  } else {
    copy = object;
  }
}

}  // namespace

LaggingWatch::LaggingWatch(store::Store& store, Agenda& agenda, const world::Clock& clock, Random& random,
                           LagRates rates, world::Watcher& downstream,
                           std::function<void(meta::ResourceVersion)> listed)
    : store_(store),
      agenda_(agenda),
      clock_(clock),
      random_(random),
      rates_(rates),
      downstream_(downstream),
      listed_(std::move(listed)) {
  RelistAll();
  store_.AddWatcher(this);
}

LaggingWatch::~LaggingWatch() {
  *alive_ = false;
  store_.RemoveWatcher(this);
}

void LaggingWatch::JobChanged(const batch::Job& job) {
  Push(jobs_, job, false);
}
void LaggingWatch::JobDeleted(const batch::Job& job) {
  Push(jobs_, job, true);
}
void LaggingWatch::PodChanged(const core::Pod& pod) {
  Push(pods_, pod, false);
}
void LaggingWatch::PodDeleted(const core::Pod& pod) {
  Push(pods_, pod, true);
}

void LaggingWatch::JobSetChanged(const jobset::JobSet& jobset) {
  Push(jobsets_, jobset, false);
}
void LaggingWatch::JobSetDeleted(const jobset::JobSet& jobset) {
  Push(jobsets_, jobset, true);
}
void LaggingWatch::ServiceChanged(const core::Service& service) {
  Push(services_, service, false);
}
void LaggingWatch::ServiceDeleted(const core::Service& service) {
  Push(services_, service, true);
}
void LaggingWatch::ClaimChanged(const core::PersistentVolumeClaim& claim) {
  Push(claims_, claim, false);
}
void LaggingWatch::ClaimDeleted(const core::PersistentVolumeClaim& claim) {
  Push(claims_, claim, true);
}

template <class T>
void LaggingWatch::Push(Stream<T>& stream, const T& object, bool deleted) {
  if (rates_.latest == Nanoseconds(0)) return Pass(stream, object, deleted);
  stream.waiting.push_back({object, deleted});
  const Nanoseconds lag(random_.Between(0, rates_.latest.count()));
  stream.last_due = std::max(stream.last_due, clock_.Now() + lag);
  agenda_.At(stream.last_due, [this, alive = alive_, &stream] {
    if (*alive) Deliver(stream);
  });
}

template <class T>
void LaggingWatch::Deliver(Stream<T>& stream) {
  if (stream.waiting.empty()) return;  // a list has told it already
  const typename Stream<T>::Entry entry = std::move(stream.waiting.front());
  stream.waiting.pop_front();
  Pass(stream, entry.object, entry.deleted);
  if (rates_.repeated > 0 && !entry.deleted && random_.OneIn(rates_.repeated)) Pass(stream, entry.object, false);
  if (rates_.stream_lost > 0 && random_.OneIn(rates_.stream_lost)) RelistAll();
}

template <class T>
void LaggingWatch::Pass(Stream<T>& stream, const T& object, bool deleted) {
  std::unique_ptr<T>& cached = stream.cache[object.metadata.uid];
  if (!cached) {
    if (deleted) {
      stream.cache.erase(object.metadata.uid);
      return;
    }
    cached = std::make_unique<T>(object);
    if constexpr (kHasSlot<T>) cached->slot = slots_.Take();
  } else {
    Update(*cached, object);
  }
  Report(downstream_, *cached, deleted);
  if (!deleted) return;
  if constexpr (kHasSlot<T>) slots_.Free(cached->slot);
  stream.cache.erase(object.metadata.uid);
}

template <class T>
void LaggingWatch::Relist(Stream<T>& stream, const std::vector<const T*>& all) {
  stream.waiting.clear();
  std::set<meta::Uid> there;
  for (const T* object : all) there.insert(object->metadata.uid);
  std::vector<meta::Uid> gone;
  for (const auto& [uid, object] : stream.cache) {
    if (!there.contains(uid)) gone.push_back(uid);
  }
  for (const meta::Uid& uid : gone) Pass(stream, T(*stream.cache.at(uid)), true);
  for (const T* object : all) Pass(stream, *object, false);
}

void LaggingWatch::RelistAll() {
  Relist(jobsets_, store_.JobSets());
  Relist(services_, store_.Services());
  Relist(claims_, store_.Claims());
  Relist(jobs_, store_.Jobs());
  Relist(pods_, store_.Pods());
  listed_(store_.version());
}

}  // namespace reprieve::sim
