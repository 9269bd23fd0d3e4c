#include "store/pod_table.h"

#include <algorithm>

#include "base/check.h"

namespace reprieve::store {

core::Pod* PodTable::Find(const SharedString& name_space, std::string_view name) const {
  const Names* names = NamesIn(name_space);
  if (names == nullptr) return nullptr;
  const auto at = names->find(Wanted{HashOf(name), name});
  return at == names->end() ? nullptr : At(at->slot);
}

core::Pod* PodTable::At(Slot slot) const {
  const std::unique_ptr<core::Pod>* there = pods_.Find(slot);
  return there == nullptr ? nullptr : there->get();
}

std::vector<const core::Pod*> PodTable::All() const {
  std::vector<const core::Pod*> out;
  out.reserve(size_);
  pods_.ForEach([&out](const std::unique_ptr<core::Pod>& pod) {
    if (pod) out.push_back(pod.get());
  });
  std::sort(out.begin(), out.end(),
            [](const core::Pod* a, const core::Pod* b) { return meta::KeyOf(a->metadata) < meta::KeyOf(b->metadata); });
  return out;
}

core::Pod& PodTable::Insert(std::unique_ptr<core::Pod> pod) {
  core::Pod& stored = *pod;
  stored.slot = slots_.Take();
  pods_[stored.slot] = std::move(pod);
  Names* names = NamesIn(stored.metadata.namespace_);
  if (names == nullptr) {
    names = &names_.try_emplace(stored.metadata.namespace_, 0, Hash{}, Equal{this}).first->second;
  }
  names->insert(Named{HashOf(stored.metadata.name), stored.slot});
  ++size_;
  return stored;
}

std::unique_ptr<core::Pod> PodTable::Remove(const core::Pod& pod) {
  Names* names = NamesIn(pod.metadata.namespace_);
  REPRIEVE_CHECK(names != nullptr && names->erase(Named{HashOf(pod.metadata.name), pod.slot}) == 1,
                 "a pod of the table");
  --size_;
  return std::move(pods_[pod.slot]);
}

PodTable::Names* PodTable::NamesIn(const SharedString& name_space) const {
  if (last_ == nullptr || last_->first != name_space) {
    const auto at = names_.find(name_space);
    if (at == names_.end()) return nullptr;
    last_ = &*at;
  }
  return &last_->second;
}

}  // namespace reprieve::store
