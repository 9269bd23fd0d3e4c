#include "kubelet/pod_worker.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/saturate.h"
#include "base/text.h"
#include "kubelet/pod_phase.h"

namespace reprieve::kubelet {
namespace {

constexpr Nanoseconds kBackoffCap = Seconds(300);
constexpr Nanoseconds kGoodRun = std::chrono::minutes(10);
constexpr Nanoseconds kStartRetry = Seconds(10);
// The kubelet's minimum for a container that it stops itself, and for a sidecar when the others have used up the time.
constexpr Nanoseconds kMinimumGrace = Seconds(2);
constexpr std::int32_t kKilledCode = 137;
// Of all termination messages of a pod: the kubelet gives each container its part of it.
constexpr std::size_t kMostOfMessages = 12 * 1024;

// Like Go's time.Duration.String: 500ms, 10s, 1m20s, 5m0s; without fractions.
std::string GoDuration(Nanoseconds duration) {
  const std::int64_t seconds = std::chrono::duration_cast<Seconds>(duration).count();
  if (seconds < 1) return Cat(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count(), "ms");
  return seconds < 60 ? Cat(seconds, "s") : Cat(seconds / 60, "m", seconds % 60, "s");
}

void WakeAt(Time when, PodActions& actions) {
  actions.wake = actions.wake ? std::min(*actions.wake, when) : when;
}

}  // namespace

PodWorker::PodWorker(Identity identity, std::shared_ptr<const core::PodSpec> spec, Time now, Nanoseconds backoff)
    : identity_(std::move(identity)),
      spec_(std::move(spec)),
      start_time_(now),
      first_backoff_(backoff),
      records_(ContainerCount(*spec_)) {
  for (std::size_t i = 0; i < records_.size(); ++i) any_hooks_ |= !ContainerAt(*spec_, i).rest["lifecycle"].IsNull();
}

bool PodWorker::HasHook(std::size_t container, HookKind kind) const {
  return any_hooks_ && !HookOf(ContainerAt(*spec_, container), kind).IsNull();
}

Nanoseconds PodWorker::Grace() const {
  return DurationOfSeconds(spec_->termination_grace_period_seconds.value_or(kUsualGraceSeconds));
}

bool PodWorker::AnyAlive() const {
  return std::any_of(records_.begin(), records_.end(), [](const Record& record) { return record.alive(); });
}

void PodWorker::Started(std::size_t container, Time at) {
  Record& record = records_[container];
  if (record.stage != Stage::kStarting) return;
  record.stage = Stage::kRunning;
  record.started_at = at;
  if (HasHook(container, HookKind::kPostStart) && !record.stop_by) {
    return BeginHook(container, HookKind::kPostStart, at);
  }
  BeginRun(container, at);
}

// With its postStart, if it has one, behind it.
void PodWorker::BeginRun(std::size_t container, Time at) {
  Record& record = records_[container];
  if (!IsInit(*spec_, container) || Sidecar(container)) {
    record.probes = ContainerProbes::Of(ContainerAt(*spec_, container), at);
  }
  record.started_once |= !record.probes || record.probes->started();
  record.backing_off = false;
  ++revision_;
}

void PodWorker::BeginHook(std::size_t container, HookKind kind, Time now) {
  Record& record = records_[container];
  record.hook = kind;
  record.hook_asked = false;
  record.hook_sleeps.reset();
  const auto sleep = SleepOf(HookOf(ContainerAt(*spec_, container), kind));
  if (sleep) record.hook_sleeps = now + *sleep;
}

void PodWorker::Hooked(const PodActions::Hook& hook, std::string failure, Time now) {
  Record& record = records_[hook.container];
  if (record.hook != hook.kind || record.attempt != hook.attempt) return;
  if (hook.kind == HookKind::kPreStop) {
    // Whatever came of it, the signal follows.
    record.hook_sleeps = now;
    return;
  }
  record.hook.reset();
  record.hook_failure = std::move(failure);
  if (record.hook_failure.empty()) BeginRun(hook.container, record.started_at);
}

// What hooks are to begin, and what follows from those that have ended.
void PodWorker::RunHooks(Time now, PodActions& actions) {
  for (std::size_t i = 0; i < records_.size(); ++i) {
    Record& record = records_[i];
    if (!record.hook_failure.empty() && !record.stop_by) {
      const std::string why = Cat("container ", ContainerAt(*spec_, i).name, " failed its postStart hook (",
                                  std::exchange(record.hook_failure, {}), "); it is stopped");
      Stop(i, now + std::max(Grace(), kMinimumGrace), now, actions, why);
    }
    if (!record.hook) continue;
    const bool stopping = *record.hook == HookKind::kPreStop;
    if (stopping && (now >= *record.stop_by || (record.hook_sleeps && now >= *record.hook_sleeps))) {
      record.hook.reset();
      SendStop(i, std::max(*record.stop_by - now, kMinimumGrace), actions);
    } else if (record.hook_sleeps && now >= *record.hook_sleeps) {
      record.hook.reset();
      BeginRun(i, record.started_at);
      WakeAt(now, actions);
    } else {
      if (record.hook_sleeps) WakeAt(*record.hook_sleeps, actions);
      if (stopping) WakeAt(*record.stop_by, actions);
      if (record.hook_sleeps || std::exchange(record.hook_asked, true)) continue;
      const auto at_most = stopping ? std::optional(*record.stop_by - now) : std::nullopt;
      actions.hook.push_back({i, record.attempt, *record.hook, at_most});
    }
  }
}

void PodWorker::Exited(std::size_t container, ContainerEnd end, Time now) {
  Record& record = records_[container];
  REPRIEVE_CHECK(record.alive(), "only a running container exits");
  // If the clock was set back, the end must not lie in the future: back-off counts from it.
  end.finished_at = std::min(end.finished_at, now);
  end.started_at = std::min(end.started_at, end.finished_at);
  const bool failed_probe = record.probes && record.probes->failed();
  record.stage = Stage::kEnded;
  record.stop_by.reset();
  record.hook.reset();
  record.hook_failure.clear();
  record.stop_why.clear();
  record.probes.reset();
  record.waiting_reason.clear();
  record.waiting_message.clear();
  record.before_last = std::exchange(record.last, std::move(end));
  ++revision_;
  if (ending_ != Ending::kNo || restarting_all_) {
    record.done = true;
    return;
  }
  const bool init = IsInit(*spec_, container);
  const core::Container& spec = ContainerAt(*spec_, container);
  AfterExit after = JudgeExit(*spec_, spec, init, record.last->exit_code);
  if (after == AfterExit::kStay && failed_probe && RestartsAfterFailedProbe(*spec_, spec)) after = AfterExit::kRestart;
  switch (after) {
    case AfterExit::kStay:
      record.done = true;
      init_failed_ |= init && record.last->exit_code != 0;
      return;
    case AfterExit::kRestart:
      return Restart(record, now);
    case AfterExit::kRestartAll:
      restarting_all_ = restarted_all_ = true;
      return Restart(record, now);
  }
}

// The first restart is immediate; each one makes the next wait longer, unless the container ran long enough in between.
void PodWorker::Restart(Record& record, Time now) {
  const Time finished = record.last->finished_at;
  if (!record.backoff || finished - record.backoff_set_at > kGoodRun) {
    record.backoff.reset();
    record.not_before = now;
    return;
  }
  record.not_before = finished + *record.backoff;
  record.backing_off = *record.not_before > now;
}

void PodWorker::LengthenBackoff(Record& record, Time now) const {
  record.backoff = record.backoff ? std::min(*record.backoff * 2, kBackoffCap) : first_backoff_;
  record.backoff_set_at = now;
}

void PodWorker::CannotStart(std::size_t container, std::string reason, std::string message, Time now,
                            std::optional<Time> retry_at) {
  Record& record = records_[container];
  if (record.stage != Stage::kStarting) return;
  record.stage = record.last ? Stage::kEnded : Stage::kWaiting;
  record.not_before = retry_at.value_or(now + kStartRetry);
  --record.attempt;  // no container was created
  if (record.waiting_reason == reason && record.waiting_message == message) return;
  record.waiting_reason = std::move(reason);
  record.waiting_message = std::move(message);
  ++revision_;
}

void PodWorker::StartCancelled(std::size_t container) {
  Record& record = records_[container];
  if (record.stage != Stage::kStarting) return;
  record.stage = record.last ? Stage::kEnded : Stage::kWaiting;
  --record.attempt;
}

void PodWorker::Probed(const PodActions::Try& attempt, ProbeOutcome outcome, std::string message, Time now) {
  Record& record = records_[attempt.container];
  if (!record.probes || record.attempt != attempt.attempt) return;
  ContainerProbes& probes = *record.probes;
  const bool was_started = probes.started();
  const bool was_ready = probes.ready();
  probes.Report(attempt.probe, outcome, now);
  record.started_once |= probes.started();
  if (outcome == ProbeOutcome::kFailure && attempt.probe != ProbeKind::kReadiness) {
    record.probe_failure = std::move(message);
  }
  if (probes.started() != was_started || probes.ready() != was_ready) ++revision_;
}

void PodWorker::Delete(Nanoseconds grace, Time now) {
  End(Ending::kDeleted, grace, now);
}

void PodWorker::End(Ending why, Nanoseconds grace, Time now) {
  if (finished_) return;
  if (ending_ == Ending::kNo) {
    end_by_ = now + grace;
    end_grace_ = grace;
    ending_ = why;
  } else {
    end_by_ = std::min(end_by_, now + grace);
    end_grace_ = std::min(end_grace_, grace);
    // A pod that ended by itself or for its deadline keeps that reason.
  }
}

PodActions PodWorker::Next(Time now) {
  PodActions actions;
  if (finished_) return actions;
  if (ending_ == Ending::kNo && spec_->active_deadline_seconds) {
    const Time deadline = start_time_ + DurationOfSeconds(*spec_->active_deadline_seconds);
    if (HasRunItsCourse()) {
      // It ended before the deadline.
    } else if (now >= deadline) {
      End(Ending::kDeadline, Grace(), now);
    } else {
      WakeAt(deadline, actions);
    }
  }
  if (ending_ == Ending::kNo && restarting_all_ && !AnyAlive()) BeginAgain();
  if (ending_ == Ending::kNo && HasRunItsCourse()) End(Ending::kByItself, Grace(), now);
  if (ending_ != Ending::kNo) {
    StopAll(now, actions);
  } else if (restarting_all_) {
    KillAll(now, actions);
  } else {
    StartDue(now, actions);
  }
  RunProbes(now, actions);
  if (any_hooks_) RunHooks(now, actions);
  if (ending_ != Ending::kNo && !AnyAlive()) {
    Finish();
    actions.wake.reset();
  }
  return actions;
}

// All regular containers have ended for good, or an init container has failed for good.
bool PodWorker::HasRunItsCourse() const {
  if (restarting_all_) return false;
  if (init_failed_) return true;
  for (std::size_t i = spec_->init_containers.size(); i < records_.size(); ++i) {
    if (!records_[i].done) return false;
  }
  return true;
}

void PodWorker::StartDue(Time now, PodActions& actions) {
  for (std::size_t i = 0; i < spec_->init_containers.size(); ++i) {
    if (Sidecar(i)) {
      StartIfDue(i, now, actions);
      if (!initialized_ && !records_[i].started_once) return;
    } else if (!initialized_ && !records_[i].done) {
      StartIfDue(i, now, actions);
      return;
    }
  }
  initialized_ = true;
  for (std::size_t i = spec_->init_containers.size(); i < records_.size(); ++i) {
    StartIfDue(i, now, actions);
    if (HoldsUpOthers(i)) break;
  }
}

// The kubelet starts containers one after the other, and a start ends with the postStart hook.
bool PodWorker::HoldsUpOthers(std::size_t container) const {
  const Record& record = records_[container];
  return HasHook(container, HookKind::kPostStart) && (record.stage == Stage::kStarting || record.starting_hook());
}

void PodWorker::StartIfDue(std::size_t container, Time now, PodActions& actions) {
  Record& record = records_[container];
  if (record.alive() || record.done) return;
  if (record.not_before && *record.not_before > now) {
    WakeAt(*record.not_before, actions);
    return;
  }
  if (record.stage == Stage::kEnded && record.not_before) LengthenBackoff(record, now);
  record.not_before.reset();
  record.stage = Stage::kStarting;
  ++record.attempt;
  actions.start.push_back({container, record.attempt});
}

void PodWorker::RunProbes(Time now, PodActions& actions) {
  for (std::size_t i = 0; i < records_.size(); ++i) {
    Record& record = records_[i];
    if (!record.probes) continue;
    const bool ending = ending_ != Ending::kNo || restarting_all_;
    const auto failed = record.probes->failed();
    if (failed && !ending && !record.stop_by) StopForProbe(i, *failed, now, actions);
    const bool stopping = ending || record.stop_by;
    for (const ProbeKind due : record.probes->Begin(now, stopping)) actions.probe.push_back({i, record.attempt, due});
    if (const auto next = record.probes->NextDue(stopping)) WakeAt(*next, actions);
  }
}

void PodWorker::StopForProbe(std::size_t container, ProbeKind kind, Time now, PodActions& actions) {
  const Record& record = records_[container];
  const core::Container& spec = ContainerAt(*spec_, container);
  const auto& own = ProbeOf(spec, kind)->termination_grace_period_seconds;
  const std::int32_t run = record.probes->probe(kind).run();
  std::string why = Cat("container ", spec.name, " failed its ", NameOf(kind), " probe");
  if (run > 1) AppendTo(why, " ", run, " times in a row");
  AppendTo(why, " (", record.probe_failure, "); it is ",
           RestartsAfterFailedProbe(*spec_, spec) ? "restarted" : "stopped");
  const Nanoseconds grace = std::max<Nanoseconds>(own ? DurationOfSeconds(*own) : Grace(), kMinimumGrace);
  Stop(container, now + grace, now, actions, std::move(why));
}

// All but the sidecars at once; then the sidecars in reverse order.
void PodWorker::StopAll(Time now, PodActions& actions) {
  bool others_alive = false;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (!records_[i].alive() || Sidecar(i)) continue;
    others_alive = true;
    Stop(i, end_by_, now, actions);
  }
  if (others_alive) return;
  for (std::size_t i = spec_->init_containers.size(); i-- > 0;) {
    if (!records_[i].alive()) continue;
    const bool at_once = ending_ != Ending::kNo && end_grace_ <= Nanoseconds(0);
    Stop(i, at_once ? now : std::max(end_by_, now + kMinimumGrace), now, actions);
    return;
  }
}

// For RestartAllContainers: all at once and without a grace period (KEP-5532).
void PodWorker::KillAll(Time now, PodActions& actions) {
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (records_[i].alive()) Stop(i, now, now, actions);
  }
}

void PodWorker::Stop(std::size_t container, Time by, Time now, PodActions& actions, std::string why) {
  Record& record = records_[container];
  // Already stopping, with no more time than this.
  if (record.stop_by && *record.stop_by <= by) return;
  const bool first = !record.stop_by;
  record.stop_by = by;
  if (!why.empty()) record.stop_why = std::move(why);
  const bool hooks = record.stage == Stage::kRunning && by > now && HasHook(container, HookKind::kPreStop);
  if (first && hooks) {
    BeginHook(container, HookKind::kPreStop, now);
  } else if (!hooks || record.hook != HookKind::kPreStop) {
    record.hook.reset();
    SendStop(container, std::max(by - now, Nanoseconds(0)), actions);
  }
}

void PodWorker::SendStop(std::size_t container, Nanoseconds grace, PodActions& actions) {
  actions.stop.push_back({container, grace, std::exchange(records_[container].stop_why, {})});
}

// RestartAllContainers: from the first init container, in the same sandbox.
void PodWorker::BeginAgain() {
  restarting_all_ = false;
  initialized_ = false;
  init_failed_ = false;
  for (Record& record : records_) {
    record.stage = Stage::kWaiting;
    record.done = false;
    record.started_once = false;
    record.backing_off = false;
    // The container whose exit triggered the restart keeps its back-off, so that a pod can't spin.
    if (record.not_before) LengthenBackoff(record, *record.not_before);
  }
  ++revision_;
}

void PodWorker::Finish() {
  finished_ = true;
  for (Record& record : records_) record.backing_off = false;
  // Once any container of a pod has run, one that never ran counts as lost.
  const auto regular = records_.begin() + static_cast<std::ptrdiff_t>(spec_->init_containers.size());
  const bool begun =
      std::any_of(regular, records_.end(), [](const Record& record) { return record.started_once || record.last; });
  for (auto record = regular; begun && record != records_.end(); ++record) {
    if (record->last) continue;
    record->stage = Stage::kEnded;
    record->waiting_reason.clear();
    record->last = ContainerEnd{kKilledCode,
                                "ContainerStatusUnknown",
                                "The container could not be located when the pod was terminated",
                                {},
                                {}};
  }
  ++revision_;
}

void PodWorker::WriteStatus(Time now, core::PodStatus& status) const {
  status.start_time = TruncateToSeconds(start_time_);
  const std::size_t inits = spec_->init_containers.size();
  std::vector<core::ContainerStatus> init_statuses(inits);
  std::vector<core::ContainerStatus> statuses(records_.size() - inits);
  for (std::size_t i = 0; i < records_.size(); ++i) {
    (i < inits ? init_statuses[i] : statuses[i - inits]) = StatusOf(i);
  }
  status.init_container_statuses = std::move(init_statuses);
  status.container_statuses = std::move(statuses);
  core::PodPhase phase = PhaseOf(*spec_, status, finished_);
  const bool terminal = phase == core::PodPhase::kSucceeded || phase == core::PodPhase::kFailed;
  if (finished_ && (!terminal || ending_ == Ending::kDeadline)) phase = core::PodPhase::kFailed;
  // The phase must not be terminal while a container can still run.
  if (!finished_ && terminal) phase = status.phase;
  status.phase = phase;
  if (finished_ && ending_ == Ending::kDeadline) {
    status.reason = "DeadlineExceeded";
    status.message = "Pod was active on the node longer than the specified deadline";
  }
  SetConditions(*spec_, now, status);
  if (restarted_all_) {
    SetCondition("AllContainersRestarting", restarting_all_ && !finished_, "ContainerExited", "", now, status);
  }
}

core::ContainerStatus PodWorker::StatusOf(std::size_t container) const {
  const Record& record = records_[container];
  const core::Container& spec = ContainerAt(*spec_, container);
  core::ContainerStatus out;
  out.name = spec.name;
  out.image = spec.image;
  out.restart_count = std::max(record.attempt, 0);
  out.started = false;
  if (record.attempt >= 0) out.container_id = ContainerIdOf(container, record.attempt);
  // As long as its postStart runs, the kubelet does not look.
  const Stage stage = record.starting_hook() ? Stage::kStarting : record.stage;
  if (stage == Stage::kRunning) {
    out.state.running.emplace().started_at = TruncateToSeconds(record.started_at);
    out.started = !record.probes || record.probes->started();
    const bool must_end = IsInit(*spec_, container) && !Sidecar(container);
    out.ready = !must_end && (!record.probes || record.probes->ready());
    if (record.last) out.last_state = Terminated(container, *record.last, record.attempt - 1);
    return out;
  }
  const bool restarting = stage == Stage::kStarting || stage == Stage::kEnded;
  if (restarting && record.last && !record.backing_off && record.waiting_reason.empty()) {
    // An attempt that is still starting has no state of its own yet.
    const std::int32_t attempt = record.attempt - (stage == Stage::kStarting ? 1 : 0);
    out.restart_count = std::max(attempt, 0);
    if (attempt >= 0) out.container_id = ContainerIdOf(container, attempt);
    out.state = Terminated(container, *record.last, attempt);
    if (record.before_last) out.last_state = Terminated(container, *record.before_last, attempt - 1);
    // An init container that succeeded stays `ready`, as in the kubelet.
    out.ready = IsInit(*spec_, container) && !Sidecar(container) && record.last->exit_code == 0;
    return out;
  }
  core::ContainerStateWaiting& waiting = out.state.waiting.emplace();
  if (!record.waiting_reason.empty()) {
    waiting.reason = record.waiting_reason;
    waiting.message = record.waiting_message;
  } else if (record.backing_off) {
    waiting.reason = "CrashLoopBackOff";
    waiting.message = Cat("back-off ", GoDuration(*record.backoff), " restarting failed container=", spec.name,
                          " pod=", identity_.name, "_", identity_.namespace_, "(", identity_.uid, ")");
  } else {
    waiting.reason = spec_->init_containers.empty() ? "ContainerCreating" : "PodInitializing";
  }
  if (stage == Stage::kStarting) out.restart_count = std::max(record.attempt - 1, 0);
  if (record.last) {
    out.last_state = Terminated(container, *record.last, out.restart_count);
    out.container_id = ContainerIdOf(container, out.restart_count);
  } else {
    out.container_id = {};
  }
  return out;
}

core::ContainerState PodWorker::Terminated(std::size_t container, const ContainerEnd& end, std::int32_t attempt) const {
  core::ContainerState out;
  core::ContainerStateTerminated& terminated = out.terminated.emplace();
  terminated.exit_code = end.exit_code;
  terminated.reason = end.reason;
  terminated.message = end.message.substr(0, kMostOfMessages / records_.size());
  if (end.finished_at == Time{}) return out;  // it never ran
  terminated.started_at = TruncateToSeconds(end.started_at);
  terminated.finished_at = TruncateToSeconds(end.finished_at);
  terminated.container_id = ContainerIdOf(container, std::max(attempt, 0));
  return out;
}

std::string PodWorker::ContainerIdOf(std::size_t container, std::int32_t attempt) const {
  return Cat("reprieve://", identity_.uid, "/", ContainerAt(*spec_, container).name, "/", attempt);
}

}  // namespace reprieve::kubelet
