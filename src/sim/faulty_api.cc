#include "sim/faulty_api.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace reprieve::sim {
namespace {

const world::WriteResult kNoAnswer{world::WriteCode::kUnavailable, "the server gives no answer", 0};
const world::WriteResult kForbidden{world::WriteCode::kForbidden, "exceeded quota", 0};
const world::WriteResult kRefused{world::WriteCode::kInvalid, "a rule of admission refuses it", 0};
const world::WriteResult kModified{world::WriteCode::kConflict, "the object has been modified", 0};

template <class... R>
bool IsOneOf(const world::Request& request) {
  return (std::holds_alternative<R>(request) || ...);
}

}  // namespace

void FaultyApi::Submit(world::Request&& request, world::Completion&& done) {
  if (crashed_) return;
  const auto pending = std::make_shared<Pending>();
  pending->repeatable = rates_.strays || !IsOneOf<world::CreatePod>(request);
  pending->request = std::move(request);
  pending->done = std::move(done);
  pending->controller = controller_;
  if (!Happens(rates_.throttled)) return Send(pending);
  agenda_.At(clock_.Now() + Seconds(random_.Between(1, 15)), [this, pending, controller = controller_] {
    if (!crashed_ && controller == controller_) Send(pending);
  });
}

void FaultyApi::Send(const PendingPointer& pending) {
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

const world::WriteResult* FaultyApi::Refusal(const world::Request& request) {
  if (IsOneOf<world::CreatePod, world::CreateJob>(request) && Happens(rates_.forbidden)) return &kForbidden;
  if (IsOneOf<world::UpdateJob>(request) && Happens(rates_.refused)) return &kRefused;
  const bool creates = IsOneOf<world::CreatePod, world::CreateJob, world::CreateService, world::CreateClaim>(request);
  return !creates && Happens(rates_.modified) ? &kModified : nullptr;
}

void FaultyApi::Arrive(const PendingPointer& pending) {
  if (const world::WriteResult* refusal = Refusal(pending->request)) {
    pending->over = true;
    pending->result = *refusal;
    return Answer(pending);
  }
  const bool here = ++writes_ == rates_.crash_at;
  if (here || Happens(rates_.crash)) {
    crashed_ = true;
    const bool takes_effect = here ? rates_.crash_after : random_.OneIn(2);
    if (takes_effect && here && rates_.crash_landing > Nanoseconds(0)) return Land(pending, rates_.crash_landing);
    if (takes_effect) TakeEffect(*pending);
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
  } else if (rates_.latest_landing > Nanoseconds(0) && random_.OneIn(2)) {
    Land(pending, Nanoseconds(random_.Between(0, rates_.latest_landing.count())));
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
  of_a_former_ = crashed_ || pending.controller != controller_;
  const bool lost = pending.answered || of_a_former_;
  if (lost && IsOneOf<world::CreatePod, world::CreateJob>(pending.request)) ++strays_;
  store_.Submit(std::move(pending.request), [&](const world::WriteResult& result) {
    if (is_status && result.code == world::WriteCode::kInvalid) refused_.push_back(result.message);
    if (!pending.answered) pending.result = result;
  });
  of_a_former_ = false;
}

void FaultyApi::Land(const PendingPointer& pending, Nanoseconds after) {
  agenda_.At(clock_.Now() + after, [this, pending] { TakeEffect(*pending); });
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
    if (!random_.OneIn(2)) continue;
    if (rates_.latest_landing == Nanoseconds(0) || random_.OneIn(2)) {
      TakeEffect(*pending);
    } else {
      Land(pending, Nanoseconds(random_.Between(0, rates_.latest_landing.count())));
    }
  }
  crashed_ = false;
}

void FaultyApi::RecordEvent(const world::Event& event) {
  if (!crashed_) store_.RecordEvent(event);
}

}  // namespace reprieve::sim
