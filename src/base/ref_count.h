// RefCount: how many hold a shared value. While the process has one thread, counting needs no bus lock, a tenth of the
// cost; the first further thread is created after all that was counted before it (as libstdc++ does for shared_ptr).
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
  // True if nobody holds it any more.
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
