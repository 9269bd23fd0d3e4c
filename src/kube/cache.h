// Cache: the objects of one kind as the watch has shown them, at addresses that stay, and a watcher that is told of
// their changes. Events that are older than what is known are passed over.
//
// One owner, the loop's thread, which is the engine's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/slots.h"
#include "kube/reflector.h"
#include "model/jobset.h"
#include "world/watcher.h"

namespace reprieve::kube {

namespace cache_internal {

inline void Report(world::Watcher& to, const batch::Job& job, bool deleted) {
  deleted ? to.JobDeleted(job) : to.JobChanged(job);
}
inline void Report(world::Watcher& to, const core::Pod& pod, bool deleted) {
  deleted ? to.PodDeleted(pod) : to.PodChanged(pod);
}
inline void Report(world::Watcher& to, const jobset::JobSet& jobset, bool deleted) {
  deleted ? to.JobSetDeleted(jobset) : to.JobSetChanged(jobset);
}
inline void Report(world::Watcher& to, const core::Service& service, bool deleted) {
  deleted ? to.ServiceDeleted(service) : to.ServiceChanged(service);
}
inline void Report(world::Watcher& to, const core::PersistentVolumeClaim& claim, bool deleted) {
  deleted ? to.ClaimDeleted(claim) : to.ClaimChanged(claim);
}
inline void Report(world::Watcher& to, const core::Node& node, bool deleted) {
  if (!deleted) to.NodeChanged(node);
}

template <class T>
concept HasSlot = requires(T object) {
  object.slot;
};

struct KeyHash {
  std::size_t operator()(const meta::ObjectKey& key) const {
    return std::hash<SharedString>()(key.name) * 31 + std::hash<SharedString>()(key.namespace_);
  }
};

}  // namespace cache_internal

template <class T>
class Cache final : public ReflectorSink {
 public:
  // Nothing: the object is none that anybody wants.
  using Decode = std::function<std::optional<T>(document::Value)>;

  // `changed` is called after each change.
  Cache(Decode decode, std::function<void()> changed) : decode_(std::move(decode)), changed_(std::move(changed)) {}
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  // Tells `watcher` of all there is, and from now on of every change; a null pointer: nobody.
  void Tell(world::Watcher* watcher) {
    watcher_ = watcher;
    if (watcher_ == nullptr) return;
    for (const auto& [uid, entry] : objects_) cache_internal::Report(*watcher_, *entry.object, false);
  }

  // Another, who is told first and stays. Before there is anything.
  void Beside(world::Watcher& watcher) { beside_ = &watcher; }

  // Null pointer if there is none.
  const T* Find(const meta::ObjectKey& key) const {
    const auto at = by_key_.find(key);
    return at == by_key_.end() ? nullptr : at->second;
  }
  const T* Find(const meta::Uid& uid) const {
    const auto at = objects_.find(uid);
    return at == objects_.end() ? nullptr : at->second.object.get();
  }
  std::size_t size() const { return objects_.size(); }
  // Nothing older is missing, even while everything is listed again. 0: not everything has been listed yet.
  meta::ResourceVersion version() const { return version_; }

  void ListBegins() override {
    ++generation_;
    lists_ = true;
  }
  void ListEnds(meta::ResourceVersion version) override {
    std::vector<meta::Uid> gone;
    for (const auto& [uid, entry] : objects_) {
      if (entry.generation != generation_) gone.push_back(uid);
    }
    for (const meta::Uid& uid : gone) Remove(uid);
    lists_ = false;
    version_ = std::max(version_, version);
    changed_();
  }
  void Bookmark(meta::ResourceVersion version) override {
    version_ = std::max(version_, version);
    changed_();
  }

  void Changed(document::Value value) override {
    const meta::Uid uid(value["metadata"]["uid"].AsText());
    if (uid.empty()) return;
    std::optional<T> made = decode_(std::move(value));
    const auto at = objects_.find(uid);
    if (!made) {
      // Nobody wants it any more.
      if (at != objects_.end()) Remove(uid);
      return;
    }
    if (at != objects_.end()) {
      Entry& entry = at->second;
      entry.generation = generation_;
      if (made->metadata.resource_version <= entry.object->metadata.resource_version) return;
      Replace(*entry.object, std::move(*made));
      Tell(*entry.object, false);
      return;
    }
    // A former object of that name has gone unseen.
    if (const T* former = Find(meta::KeyOf(made->metadata))) Remove(meta::Uid(former->metadata.uid));
    auto object = std::make_unique<T>(std::move(*made));
    if constexpr (cache_internal::HasSlot<T>) object->slot = slots_.Take();
    T& kept = *object;
    by_key_[meta::KeyOf(kept.metadata)] = &kept;
    objects_.emplace(uid, Entry{std::move(object), generation_});
    Tell(kept, false);
  }

  void Deleted(document::Value value) override {
    const meta::Uid uid(value["metadata"]["uid"].AsText());
    const auto at = objects_.find(uid);
    if (at == objects_.end()) return;
    if (std::optional<T> made = decode_(std::move(value))) Replace(*at->second.object, std::move(*made));
    Remove(uid);
  }

 private:
  struct Entry {
    std::unique_ptr<T> object;
    std::uint64_t generation = 0;  // of the last list that had it
  };

  static void Replace(T& object, T&& by) {
    if constexpr (cache_internal::HasSlot<T>) by.slot = object.slot;
    object = std::move(by);
  }
  void Tell(const T& object, bool deleted) {
    // A list comes in no order.
    if (!lists_ && version_ != 0) version_ = std::max(version_, object.metadata.resource_version);
    if (beside_ != nullptr) cache_internal::Report(*beside_, object, deleted);
    if (watcher_ != nullptr) cache_internal::Report(*watcher_, object, deleted);
    changed_();
  }
  void Remove(const meta::Uid& uid) {
    const auto at = objects_.find(uid);
    const T& object = *at->second.object;
    Tell(object, true);
    if (const auto named = by_key_.find(meta::KeyOf(object.metadata));
        named != by_key_.end() && named->second == &object) {
      by_key_.erase(named);
    }
    if constexpr (cache_internal::HasSlot<T>) slots_.Free(object.slot);
    objects_.erase(at);
  }

  const Decode decode_;
  const std::function<void()> changed_;
  world::Watcher* watcher_ = nullptr;
  world::Watcher* beside_ = nullptr;
  std::unordered_map<meta::Uid, Entry> objects_;
  std::unordered_map<meta::ObjectKey, T*, cache_internal::KeyHash> by_key_;
  Slots slots_;
  std::uint64_t generation_ = 0;
  bool lists_ = false;  // a list has begun, and not ended
  meta::ResourceVersion version_ = 0;
};

}  // namespace reprieve::kube
