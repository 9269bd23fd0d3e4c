#include "sim/faulty_api.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace reprieve::sim {
namespace {

const world::WriteResult kNoAnswer{world::WriteCode::kUnavailable, "the server gives no answer", 0};
const world::WriteResult kForbidden{world::WriteCode::kForbidden, "exceeded quota", 0};

template <class... R>
bool IsOneOf(const world::Request& request) {
  return (std::holds_alternative<R>(request) || ...);
}

}  // namespace

void FaultyApi::Submit(world::Request&& request, world::Completion&& done) {
  if (crashed_) return;
  const auto pending = std::make_shared<Pending>();
  // A creation with an unknown outcome may leave a second pod, here as upstream: names are generated.
  pending->repeatable = !IsOneOf<world::CreatePod>(request);
  pending->request = std::move(request);
  pending->done = std::move(done);
  if (rates_.slowest > Nanoseconds(0)) on_the_wire_.push_back(pending);
  Later(pending, [this](const PendingPointer& arrived) { Arrive(arrived); });
}

template <class Step>
void FaultyApi::Later(const PendingPointer& pending, Step step) {
  if (rates_.slowest == Nanoseconds(0)) return step(pending);
  agenda_.At(clock_.Now() + SomeTime(), [this, pending, step, controller = controller_] {
    if (!crashed_ && controller == controller_) step(pending);
  });
}

void FaultyApi::Arrive(const PendingPointer& pending) {
  if (IsOneOf<world::CreatePod, world::CreateJob>(pending->request) && Happens(rates_.forbidden)) {
    pending->over = true;
    pending->result = kForbidden;
    return Answer(pending);
  }
  const bool here = ++writes_ == rates_.crash_at;
  if (here || Happens(rates_.crash)) {
    crashed_ = true;
    if (here ? rates_.crash_after : random_.OneIn(2)) TakeEffect(*pending);
    pending->over = true;
    return;
  }
  if (Happens(rates_.unavailable)) {
    LeaveUnanswered(pending);
  } else {
    TakeEffect(*pending);
  }
  Later(pending, [this](const PendingPointer& answered) { Answer(answered); });
}

void FaultyApi::LeaveUnanswered(const PendingPointer& pending) {
  pending->answered = true;
  pending->result = kNoAnswer;
  const bool takes_effect = pending->repeatable && random_.OneIn(2);
  if (!takes_effect) {
    pending->over = true;
  } else if (rates_.slowest > Nanoseconds(0) && random_.OneIn(2)) {
    Later(pending, [this](const PendingPointer& arrived) { TakeEffect(*arrived); });
  } else {
    TakeEffect(*pending);
  }
}

void FaultyApi::TakeEffect(Pending& pending) {
  if (std::exchange(pending.over, true)) return;
  WriteFirst(pending.request);
  const bool is_status = IsOneOf<world::UpdateJobStatus>(pending.request);
  store_.Submit(std::move(pending.request), [&](const world::WriteResult& result) {
    if (is_status && result.code == world::WriteCode::kInvalid) refused_.push_back(result.message);
    if (!pending.answered) pending.result = result;
  });
}

void FaultyApi::Answer(const PendingPointer& pending) {
  on_the_wire_.remove(pending);
  pending->done(pending->result);
}

void FaultyApi::WriteFirst(const world::Request& request) {
  if (const auto* job = std::get_if<world::UpdateJobStatus>(&request); job != nullptr && Happens(rates_.conflict)) {
    if (const batch::Job* stored = store_.FindJob(job->job)) store_.ReplaceJob(batch::Job(*stored));
  }
  if (const auto* set = std::get_if<world::UpdateJobSetStatus>(&request); set != nullptr && Happens(rates_.conflict)) {
    if (const jobset::JobSet* stored = store_.FindJobSet(set->jobset)) store_.ReplaceJobSet(jobset::JobSet(*stored));
  }
}

void FaultyApi::Revive() {
  ++controller_;
  for (const PendingPointer& pending : std::exchange(on_the_wire_, {})) {
    if (random_.OneIn(2)) TakeEffect(*pending);
  }
  crashed_ = false;
}

void FaultyApi::RecordEvent(const world::Event& event) {
  if (!crashed_) store_.RecordEvent(event);
}

}  // namespace reprieve::sim
