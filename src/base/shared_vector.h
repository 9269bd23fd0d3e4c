// SharedVector: a copy-on-write list, the size of a pointer; a copy only increments a reference count. For lists that
// thousands of objects have in common: the conditions of pods that started and ended together.
//
// A plain value: editing one copy leaves the others unchanged. Copies may be used and destroyed on different threads;
// a single copy has one owner.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/ref_count.h"

namespace reprieve {

template <class T>
class SharedVector {
 public:
  SharedVector() = default;
  SharedVector(std::vector<T> list)  // NOLINT(google-explicit-constructor): the same list, shared
      : list_(list.empty() ? nullptr : new Counted{RefCount(1), std::move(list)}) {}
  SharedVector(const SharedVector& other) noexcept : list_(other.list_) {
    if (list_ != nullptr) list_->refs.Add();
  }
  SharedVector(SharedVector&& other) noexcept : list_(std::exchange(other.list_, nullptr)) {}
  SharedVector& operator=(const SharedVector& other) noexcept {
    SharedVector copy(other);
    std::swap(list_, copy.list_);
    return *this;
  }
  SharedVector& operator=(SharedVector&& other) noexcept {
    SharedVector taken(std::move(other));
    std::swap(list_, taken.list_);
    return *this;
  }
  ~SharedVector() { Drop(); }

  const T* begin() const { return list_ == nullptr ? nullptr : list_->items.data(); }
  const T* end() const { return begin() + size(); }
  std::size_t size() const { return list_ == nullptr ? 0 : list_->items.size(); }
  bool empty() const { return size() == 0; }
  const T& operator[](std::size_t at) const { return list_->items[at]; }
  const T& front() const { return list_->items.front(); }
  const T& back() const { return list_->items.back(); }

  // The list for editing, no longer shared. References into it are valid until this SharedVector is next copied.
  std::vector<T>& Edit() {
    if (list_ == nullptr) {
      list_ = new Counted{RefCount(1), {}};
    } else if (list_->refs.count() != 1) {
      auto* own = new Counted{RefCount(1), list_->items};
      Drop();
      list_ = own;
    }
    return list_->items;
  }
  template <class... Arguments>
  T& emplace_back(Arguments&&... arguments) {
    return Edit().emplace_back(std::forward<Arguments>(arguments)...);
  }
  void push_back(T item) { Edit().push_back(std::move(item)); }
  void clear() { *this = SharedVector(); }

  // True if both share one list in memory, so that whatever holds for one holds for the other.
  bool SharesWith(const SharedVector& other) const { return list_ == other.list_; }
  friend bool operator==(const SharedVector& a, const SharedVector& b) {
    return a.list_ == b.list_ || std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  struct Counted {
    RefCount refs;
    std::vector<T> items;
  };

  void Drop() {
    if (list_ != nullptr && list_->refs.Drop()) delete list_;
  }

  Counted* list_ = nullptr;  // null: empty
};

}  // namespace reprieve
