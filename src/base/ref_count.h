// RefCount: the reference count of a shared value. It is atomic only once the process has a second thread; before that,
// counting costs a tenth. Creating a thread orders it after everything counted so far (libstdc++'s shared_ptr relies
// on the same).
#pragma once

#include <sys/single_threaded.h>

#include <atomic>
#include <cstdint>

namespace reprieve {

class RefCount {
 public:
  constexpr explicit RefCount(std::uint32_t count) : count_(count) {}

  std::uint32_t count() const { return count_.load(std::memory_order_acquire); }
  void Add() const {
    if (__libc_single_threaded != 0) {
      count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    } else {
      count_.fetch_add(1, std::memory_order_relaxed);
    }
  }
  // True if that was the last reference.
  bool Drop() const {
    if (__libc_single_threaded != 0) {
      const std::uint32_t left = count_.load(std::memory_order_relaxed) - 1;
      count_.store(left, std::memory_order_relaxed);
      return left == 0;
    }
    return count_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

 private:
  mutable std::atomic<std::uint32_t> count_;
};

}  // namespace reprieve
