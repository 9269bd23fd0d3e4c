// SharedValue: an immutable value that many share, the size of a pointer; half of a std::shared_ptr. For what each of
// thousands of objects refers to: how a pod was judged.
//
// A plain value. Copies of one may be used and destroyed on different threads.
#pragma once

#include <utility>

#include "base/ref_count.h"

namespace reprieve {

template <class T>
class SharedValue {
 public:
  // Nothing.
  SharedValue() = default;
  explicit SharedValue(T value) : counted_(new Counted{RefCount(1), std::move(value)}) {}
  SharedValue(const SharedValue& other) noexcept : counted_(other.counted_) {
    if (counted_ != nullptr) counted_->refs.Add();
  }
  SharedValue(SharedValue&& other) noexcept : counted_(std::exchange(other.counted_, nullptr)) {}
  SharedValue& operator=(const SharedValue& other) noexcept {
    SharedValue copy(other);
    std::swap(counted_, copy.counted_);
    return *this;
  }
  SharedValue& operator=(SharedValue&& other) noexcept {
    SharedValue taken(std::move(other));
    std::swap(counted_, taken.counted_);
    return *this;
  }
  ~SharedValue() {
    if (counted_ != nullptr && counted_->refs.Drop()) delete counted_;
  }

  explicit operator bool() const { return counted_ != nullptr; }
  // REQUIRES: there is one.
  const T& operator*() const { return counted_->value; }
  const T* operator->() const { return &counted_->value; }
  // True if both are one in memory.
  bool SharesWith(const SharedValue& other) const { return counted_ == other.counted_; }

 private:
  struct Counted {
    RefCount refs;
    T value;
  };

  const Counted* counted_ = nullptr;
};

}  // namespace reprieve
