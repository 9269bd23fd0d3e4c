// PodTable: the pods of a store, found by their slots and by their names.
//
// A name costs eight bytes here, its hash and a slot: growing a table of a million looks at no pod. One owner, no lock.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/flat_hash.h"
#include "base/slot_table.h"
#include "model/core.h"

namespace reprieve::store {

class PodTable {
 public:
  PodTable() = default;
  PodTable(const PodTable&) = delete;
  PodTable& operator=(const PodTable&) = delete;

  std::size_t size() const { return size_; }
  // Null pointer if there is none.
  core::Pod* Find(const SharedString& name_space, std::string_view name) const;
  core::Pod* At(Slot slot) const;
  // By namespace and name.
  std::vector<const core::Pod*> All() const;

  // Gives it a slot. REQUIRES: there is none of that namespace and name.
  core::Pod& Insert(std::unique_ptr<core::Pod> pod);
  // The pod, whose slot is still taken. REQUIRES: it is here.
  std::unique_ptr<core::Pod> Remove(const core::Pod& pod);
  // After that its slot may be given to another pod.
  void FreeSlotOf(const core::Pod& removed) { slots_.Free(removed.slot); }

 private:
  struct Named {
    std::uint32_t hash;
    Slot slot;
  };
  struct Wanted {
    std::uint32_t hash;
    std::string_view name;
  };
  struct Hash {
    using is_avalanching = void;
    using is_transparent = void;
    std::size_t operator()(const auto& named) const noexcept { return named.hash * 0x9E3779B97F4A7C15U; }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Named& a, const Named& b) const { return a.slot == b.slot; }
    bool operator()(const Wanted& a, const Named& b) const { return Is(a, b); }
    bool operator()(const Named& a, const Wanted& b) const { return Is(b, a); }
    bool Is(const Wanted& wanted, const Named& named) const {
      return wanted.hash == named.hash && table->At(named.slot)->metadata.name == wanted.name;
    }
    const PodTable* table;
  };
  using Names = FlatSet<Named, Hash, Equal>;

  static std::uint32_t HashOf(std::string_view name) { return static_cast<std::uint32_t>(TextHash()(name)); }
  // Of that namespace; null pointer if there never was a pod in it.
  Names* NamesIn(const SharedString& name_space) const;

  Slots slots_;
  SlotTable<std::unique_ptr<core::Pod>> pods_;
  std::size_t size_ = 0;
  mutable std::unordered_map<SharedString, Names> names_;  // by namespace; never removed
  // The namespace that was asked for last: most often it is asked for again.
  mutable std::pair<const SharedString, Names>* last_ = nullptr;
};

}  // namespace reprieve::store
