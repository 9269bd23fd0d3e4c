// SlotTable: data about objects, indexed by their slots (base/slots.h), at a tenth of the cost of a hash table with a
// million entries: objects that are created together are neighbours in memory. It grows by pages: no entry ever moves.
//
// One owner, no lock.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/check.h"
#include "base/slots.h"

namespace reprieve {

// An entry that was never set is T().
template <class T>
class SlotTable {
 public:
  // REQUIRES: slot != kNoSlot.
  T& operator[](Slot slot) {
    REPRIEVE_CHECK(slot != kNoSlot, "the object has no slot");
    const std::size_t page = slot / kPerPage;
    if (page >= pages_.size()) pages_.resize(page + 1);
    if (pages_[page] == nullptr) pages_[page] = std::make_unique<T[]>(kPerPage);
    return pages_[page][slot % kPerPage];
  }
  // Null if no slot near it was ever set.
  const T* Find(Slot slot) const {
    const std::size_t page = slot / kPerPage;
    return page < pages_.size() && pages_[page] != nullptr ? &pages_[page][slot % kPerPage] : nullptr;
  }
  // Of every entry, in the order of the slots.
  void ForEach(const auto& visit) const {
    for (const auto& page : pages_) {
      for (std::size_t at = 0; page != nullptr && at < kPerPage; ++at) visit(page[at]);
    }
  }

 private:
  static constexpr std::size_t kPerPage = 1024;

  std::vector<std::unique_ptr<T[]>> pages_;
};

}  // namespace reprieve
