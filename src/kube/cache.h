// Cache: the objects of one kind as the watch has shown them, at addresses that stay, and a watcher that is told of
// their changes. Events that are older than what is known are passed over.
//
// One owner, the loop's thread, which is the engine's.
#pragma once

#include <algorithm>
#include <cstddef>
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

// Of objects by UID, without a copy of it.
template <class T>
struct UidHash {
  using is_transparent = void;
  using is_avalanching = void;
  std::size_t operator()(const meta::Uid& uid) const { return EndsHash()(uid); }
  std::size_t operator()(const std::unique_ptr<T>& object) const { return EndsHash()(object->metadata.uid); }
};
template <class T>
struct SameUid {
  using is_transparent = void;
  bool operator()(const std::unique_ptr<T>& a, const std::unique_ptr<T>& b) const {
    return (*this)(a->metadata.uid, b);
  }
  bool operator()(const meta::Uid& uid, const std::unique_ptr<T>& b) const { return uid == b->metadata.uid; }
  bool operator()(const std::unique_ptr<T>& a, const meta::Uid& uid) const { return (*this)(uid, a); }
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
    for (const std::unique_ptr<T>& object : objects_) cache_internal::Report(*watcher_, *object, false);
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
    return at == objects_.end() ? nullptr : at->get();
  }
  std::size_t size() const { return objects_.size(); }
  // Nothing older is missing, even while everything is listed again. 0: not everything has been listed yet.
  meta::ResourceVersion version() const { return version_; }

  void ListBegins() override {
    listed_.clear();
    lists_ = true;
  }
  void ListEnds(meta::ResourceVersion version) override {
    std::vector<meta::Uid> gone;
    for (const std::unique_ptr<T>& object : objects_) {
      if (!listed_.contains(object.get())) gone.push_back(object->metadata.uid);
    }
    for (const meta::Uid& uid : gone) Remove(uid);
    lists_ = false;
    listed_ = {};
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
    if (!wanted_ || wanted_(made)) Replace(**at, std::move(made));
    Remove(uid);
    return version;
  }

 private:
  void Take(T&& made) {
    const meta::Uid uid = made.metadata.uid;
    const auto at = objects_.find(uid);
    if (wanted_ && !wanted_(made)) {
      // Nobody wants it any more.
      if (at != objects_.end()) Remove(uid);
      return;
    }
    if (at != objects_.end()) {
      T& object = **at;
      if (lists_) listed_.insert(&object);
      if (made.metadata.resource_version <= object.metadata.resource_version) return;
      Replace(object, std::move(made));
      Tell(object, false);
      return;
    }
    // A former object of that name has gone unseen.
    if (const T* former = Find(meta::KeyOf(made.metadata))) Remove(meta::Uid(former->metadata.uid));
    auto object = std::make_unique<T>(std::move(made));
    if constexpr (cache_internal::HasSlot<T>) object->slot = slots_.Take();
    T& kept = *object;
    by_name_.insert(&kept);
    objects_.insert(std::move(object));
    if (lists_) listed_.insert(&kept);
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
    const T& object = **at;
    Tell(object, true);
    if (lists_) listed_.erase(&object);
    if (const auto named = by_name_.find(&object); named != by_name_.end() && *named == &object) by_name_.erase(named);
    if constexpr (cache_internal::HasSlot<T>) slots_.Free(object.slot);
    objects_.erase(at);
  }

  const Decode decode_;
  const std::function<void()> changed_;
  const Wanted wanted_;
  world::Watcher* watcher_ = nullptr;
  world::Watcher* beside_ = nullptr;
  FlatSet<std::unique_ptr<T>, cache_internal::UidHash<T>, cache_internal::SameUid<T>> objects_;
  FlatSet<T*, cache_internal::NameHash<T>, cache_internal::SameName<T>> by_name_;
  Slots slots_;
  bool lists_ = false;        // a list has begun, and not ended
  FlatSet<const T*> listed_;  // those that it has had so far
  meta::ResourceVersion version_ = 0;
};

}  // namespace reprieve::kube
