// ReconcileLoop: what all kinds of objects share: one state per object, a pass when its key is due and the watches have
// shown what the last pass wrote, and another pass later if a write failed.
//
// A pass hands over one plan after another and waits for each report; until it has ended its object is not reconciled.
// Used by JobLoop and JobSetLoop, which say what a pass does. One owner, the engine's thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>

#include "engine/loop_context.h"
#include "world/plan.h"

namespace reprieve::engine {

// After a failed pass: the first wait, doubling up to the second.
struct RetryDelays {
  Nanoseconds base = Seconds(1);
  Nanoseconds cap = Seconds(60);
};

// How a pass ended.
enum class PassResult : std::uint8_t {
  kDone,
  kRetry,  // a write failed
  kWait,   // only a change that the watch reports can help
};

struct PassTimes {
  Nanoseconds sum{0}, longest{0};
};

// The part of a State that every kind has. A State derives from it, is constructed from a UID, and is empty() when the
// object and all that it owned are gone.
struct LoopState {
  explicit LoopState(meta::Uid u) : uid(std::move(u)) {}

  const meta::Uid uid;
  meta::ObjectKey key;
  std::optional<Time> due;         // when the queue has it
  std::int32_t failed_passes = 0;  // in a row
  bool in_pass = false;
  Time began{};         // the pass that is under way
  bool missed = false;  // it was due while a pass was under way
  bool unseen = false;  // it was due before the watch had shown `written`
  // What our own writes made: until the watch has shown it, nothing is decided (upstream's consistency store).
  world::Versions written;
};

template <class State>
class ReconcileLoop {
 public:
  // The plan of a pass is over.
  using Reported = std::function<void(State&, const world::PlanReport&)>;

  ReconcileLoop(LoopContext& context, WorkKind kind, RetryDelays delays, Reported reported)
      : context_(context), kind_(kind), delays_(delays), reported_(std::move(reported)) {}
  ReconcileLoop(const ReconcileLoop&) = delete;
  ReconcileLoop& operator=(const ReconcileLoop&) = delete;

  // The state of that object, which may still be unknown; made from the UID and `args` if there is none. It stays at
  // its address while it is not empty.
  template <class... Args>
  State& StateOf(const meta::Uid& uid, const Args&... args) {
    std::unique_ptr<State>& state = states_[uid];
    if (!state) state = std::make_unique<State>(uid, args...);
    return *state;
  }
  // Null pointer if there is none.
  State* Find(const meta::Uid& uid) const {
    const auto at = states_.find(uid);
    return at == states_.end() ? nullptr : at->second.get();
  }

  void Enqueue(State& state, Nanoseconds delay = Nanoseconds(0)) { EnqueueAt(state, context_.clock.Now() + delay); }
  void EnqueueAt(State& state, Time when) {
    if (state.due && *state.due <= when) return;
    state.due = when;
    context_.queue.Add({kind_, state.uid}, when);
  }
  // The passes that are under way: how long all of them together have taken, and the longest.
  PassTimes Unfinished() const {
    PassTimes out;
    const Time now = context_.clock.Now();
    for (const auto& [uid, state] : states_) {
      if (!state->in_pass) continue;
      out.sum += now - state->began;
      out.longest = std::max(out.longest, now - state->began);
    }
    return out;
  }

  void EnqueueAll() {
    for (const auto& [uid, state] : states_) Enqueue(*state);
  }

  // Begins a pass over the object, if it is still there: `pass` is void(State&), and ends with End, at once or later.
  template <class Pass>
  void Run(const meta::Uid& uid, Pass pass) {
    State* state = Find(uid);
    if (state == nullptr) return;
    state->due.reset();
    if (state->in_pass) {
      state->missed = true;
      return;
    }
    // EnqueueSeen has it run as soon as the watch shows it; the retry is for a watch that has lost it.
    if (context_.seen.Lacks(state->written)) {
      ++(context_.seen.pods < state->written.pods ? context_.stale_pods : context_.stale_others);
      if (!std::exchange(state->unseen, true)) unseen_.emplace(state->written.Newest(), uid);
      return Enqueue(*state, delays_.base);
    }
    state->in_pass = true;
    state->began = context_.clock.Now();
    pass(*state);
  }

  // What was due before the watch had shown its writes is due now if it has. To be called when the watch has moved on.
  void EnqueueSeen() {
    const auto newer = unseen_.upper_bound(context_.seen.Newest());
    for (auto at = unseen_.begin(); at != newer;) {
      State* state = Find(at->second);
      if (state != nullptr && context_.seen.Lacks(state->written)) {
        ++at;
        continue;
      }
      if (state != nullptr) {
        state->unseen = false;
        Enqueue(*state);
      }
      at = unseen_.erase(at);
    }
  }

  // Instead of Run: the key is not due any more, and an object that is gone is forgotten. Null pointer: it is.
  State* Take(const meta::Uid& uid) {
    State* state = Find(uid);
    if (state == nullptr) return nullptr;
    state->due.reset();
    if (!state->empty()) return state;
    context_.queue.Forget({kind_, state->uid});
    states_.erase(meta::Uid(uid));
    return nullptr;
  }

  // Hands over a plan of the pass, which must stay where it is until the report is in.
  void Apply(State& state, world::Plan& plan) {
    if (plan.requeue_at) EnqueueAt(state, *plan.requeue_at);
    if (plan.stages.empty()) return reported_(state, {});
    context_.plans.Run(plan, [this, &state](const world::PlanReport& report) {
      state.written.Raise(report.written);
      reported_(state, report);
    });
  }

  // The state may be gone after it.
  void End(State& state, PassResult result) {
    state.in_pass = false;
    context_.queue.counters(kind_).worked.Observe(
        std::chrono::duration<double>(context_.clock.Now() - state.began).count());
    switch (result) {
      case PassResult::kDone:
        state.failed_passes = 0;
        break;
      case PassResult::kRetry:
        Retry(state);
        break;
      case PassResult::kWait:
        break;
    }
    if (state.empty()) {
      context_.queue.Forget({kind_, state.uid});
      states_.erase(meta::Uid(state.uid));
    } else if (std::exchange(state.missed, false)) {
      Enqueue(state);
    }
  }

 private:
  void Retry(State& state) {
    Nanoseconds delay = delays_.base;
    for (std::int32_t i = 0; i < state.failed_passes && delay < delays_.cap; ++i) delay *= 2;
    ++state.failed_passes;
    ++context_.queue.counters(kind_).retries;
    Enqueue(state, std::min(delay, delays_.cap));
  }

  LoopContext& context_;
  const WorkKind kind_;
  const RetryDelays delays_;
  const Reported reported_;
  std::unordered_map<meta::Uid, std::unique_ptr<State>> states_;
  std::multimap<meta::ResourceVersion, meta::Uid> unseen_;  // by the newest version that each waits for
};

}  // namespace reprieve::engine
