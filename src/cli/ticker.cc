#include "cli/ticker.h"

#include <chrono>
#include <utility>

namespace reprieve::cli {
namespace {

constexpr std::chrono::milliseconds kTick(250);

}  // namespace

Ticker::Ticker(std::function<void()> tick) : tick_(std::move(tick)), thread_([this] { Work(); }) {}

Ticker::~Ticker() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Ticker::Work() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kTick, [this] { return over_; })) tick_();
}

}  // namespace reprieve::cli
