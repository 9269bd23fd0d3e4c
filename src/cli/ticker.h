// Calls a function four times a second from a thread of its own, so that a terminal's clock goes on while nothing else
// happens.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace reprieve::cli {

class Ticker {
 public:
  // `tick` is called from the ticker's thread until the destructor has returned.
  explicit Ticker(std::function<void()> tick);
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;
  ~Ticker();

 private:
  void Work();

  const std::function<void()> tick_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace reprieve::cli
