#include "net/loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <utility>

#include "net/loop_context.h"

namespace reprieve::net {

Loop::Loop() : implementation_(std::make_unique<Implementation>()) {}
Loop::~Loop() = default;

void Loop::Run() {
  const auto busy = asio::make_work_guard(implementation_->context);
  implementation_->context.restart();
  implementation_->context.run();
}

void Loop::Stop() {
  implementation_->context.stop();
}

void Loop::Post(std::function<void()> work) {
  asio::post(implementation_->context, std::move(work));
}

void Loop::OnTermination(std::function<void(int)> handler) {
  implementation_->on_termination = std::move(handler);
  boost::system::error_code ignored;
  implementation_->signals.add(SIGTERM, ignored);
  implementation_->signals.add(SIGINT, ignored);
  implementation_->AwaitSignal();
}

void Loop::Implementation::AwaitSignal() {
  signals.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    on_termination(signal);
    AwaitSignal();
  });
}

struct Timer::State {
  explicit State(asio::io_context& context) : timer(context) {}
  asio::steady_timer timer;
  std::uint64_t generation = 0;  // a wait that was replaced or cancelled has an older one
  bool pending = false;
};

Timer::Timer(Loop& loop) : state_(std::make_shared<State>(loop.implementation().context)) {}

Timer::~Timer() {
  Cancel();
}

void Timer::After(Nanoseconds delay, std::function<void()> work) {
  State& state = *state_;
  const std::uint64_t generation = ++state.generation;
  state.pending = true;
  state.timer.expires_after(delay);
  state.timer.async_wait([held = state_, generation, work = std::move(work)](const boost::system::error_code& error) {
    if (error || held->generation != generation) return;
    held->pending = false;
    work();
  });
}

void Timer::Cancel() {
  ++state_->generation;
  state_->pending = false;
  state_->timer.cancel();
}

bool Timer::pending() const {
  return state_->pending;
}

}  // namespace reprieve::net
