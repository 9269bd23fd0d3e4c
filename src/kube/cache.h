// Cache: the objects of one kind as the watch has shown them, at addresses that stay, and a watcher that is told of
// their changes. Events that are older than what is known are passed over.
//
// One owner, the loop's thread, which is the engine's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/flat_hash.h"
#include "base/slots.h"
#include "kube/reflector.h"
#include "kube/shared_parts.h"
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

// Of objects by namespace and name, without a copy of either.
template <class T>
struct NameHash {
  using is_transparent = void;
  using is_avalanching = void;
  std::size_t operator()(const meta::ObjectKey& key) const { return Of(key.namespace_, key.name); }
  std::size_t operator()(const T* object) const { return Of(object->metadata.namespace_, object->metadata.name); }
  static std::size_t Of(const SharedString& name_space, const SharedString& name) {
    return TextHash()(name) * 31 + TextHash()(name_space);
  }
};
template <class T>
struct SameName {
  using is_transparent = void;
  bool operator()(const T* a, const T* b) const { return Same(a->metadata, b->metadata.namespace_, b->metadata.name); }
  bool operator()(const meta::ObjectKey& key, const T* b) const { return Same(b->metadata, key.namespace_, key.name); }
  bool operator()(const T* a, const meta::ObjectKey& key) const { return Same(a->metadata, key.namespace_, key.name); }
  static bool Same(const meta::ObjectMeta& a, const SharedString& name_space, const SharedString& name) {
    return a.name == name && a.namespace_ == name_space;
  }
};

}  // namespace cache_internal

template <class T>
class Cache final : public ReflectorSink {
 public:
  using Decode = std::function<T(document::JsonCursor&)>;
  using Wanted = std::function<bool(const T&)>;

  // `changed` is called after each change. What is not `wanted` is not kept; empty: all is.
  Cache(Decode decode, std::function<void()> changed, Wanted wanted = {})
      : decode_(std::move(decode)), changed_(std::move(changed)), wanted_(std::move(wanted)) {}
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
    const auto at = by_name_.find(key);
    return at == by_name_.end() ? nullptr : *at;
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

  meta::ResourceVersion Changed(document::JsonCursor& in) override {
    T made = decode_(in);
    const meta::ResourceVersion version = made.metadata.resource_version;
    if (in.ok() && !made.metadata.uid.empty()) Take(std::move(made));
    return version;
  }

  meta::ResourceVersion Deleted(document::JsonCursor& in) override {
    T made = decode_(in);
    const meta::ResourceVersion version = made.metadata.resource_version;
    const meta::Uid uid = made.metadata.uid;
    const auto at = objects_.find(uid);
    if (!in.ok() || at == objects_.end()) return version;
    if (!wanted_ || wanted_(made)) Replace(*at->second.object, std::move(made));
    Remove(uid);
    return version;
  }

 private:
  struct Entry {
    std::unique_ptr<T> object;
    std::uint64_t generation = 0;  // of the last list that had it
  };

  void Take(T&& made) {
    const meta::Uid uid = made.metadata.uid;
    const auto at = objects_.find(uid);
    if (wanted_ && !wanted_(made)) {
      // Nobody wants it any more.
      if (at != objects_.end()) Remove(uid);
      return;
    }
    if (at != objects_.end()) {
      Entry& entry = at->second;
      entry.generation = generation_;
      if (made.metadata.resource_version <= entry.object->metadata.resource_version) return;
      Replace(*entry.object, std::move(made));
      Tell(*entry.object, false);
      return;
    }
    // A former object of that name has gone unseen.
    if (const T* former = Find(meta::KeyOf(made.metadata))) Remove(meta::Uid(former->metadata.uid));
    auto object = std::make_unique<T>(std::move(made));
    if constexpr (cache_internal::HasSlot<T>) object->slot = slots_.Take();
    T& kept = *object;
    by_name_.insert(&kept);
    objects_.emplace(uid, Entry{std::move(object), generation_});
    Tell(kept, false);
  }

  static void Replace(T& object, T&& by) {
    if constexpr (cache_internal::HasSlot<T>) by.slot = object.slot;
    ShareWithFormer(object, by);
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
    if (const auto named = by_name_.find(&object); named != by_name_.end() && *named == &object) by_name_.erase(named);
    if constexpr (cache_internal::HasSlot<T>) slots_.Free(object.slot);
    objects_.erase(at);
  }

  const Decode decode_;
  const std::function<void()> changed_;
  const Wanted wanted_;
  world::Watcher* watcher_ = nullptr;
  world::Watcher* beside_ = nullptr;
  FlatMap<meta::Uid, Entry> objects_;
  FlatSet<T*, cache_internal::NameHash<T>, cache_internal::SameName<T>> by_name_;
  Slots slots_;
  std::uint64_t generation_ = 0;
  bool lists_ = false;  // a list has begun, and not ended
  meta::ResourceVersion version_ = 0;
};

}  // namespace reprieve::kube
