#include "kubelet/probe.h"

namespace reprieve::kubelet {
namespace {

constexpr std::array kKinds = {ProbeKind::kStartup, ProbeKind::kLiveness, ProbeKind::kReadiness};
constexpr std::int32_t kDefaultPeriodSeconds = 10;
constexpr std::int32_t kDefaultSuccesses = 1;
constexpr std::int32_t kDefaultFailures = 3;

std::int32_t OrDefault(std::int32_t value, std::int32_t by_default) {
  return value > 0 ? value : by_default;
}

}  // namespace

std::string_view NameOf(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kStartup:
      return "startup";
    case ProbeKind::kLiveness:
      return "liveness";
    case ProbeKind::kReadiness:
      return "readiness";
  }
  return {};
}

const core::Probe* ProbeOf(const core::Container& container, ProbeKind kind) {
  const auto pointer = [](const std::optional<core::Probe>& probe) { return probe ? &*probe : nullptr; };
  switch (kind) {
    case ProbeKind::kStartup:
      return pointer(container.startup_probe);
    case ProbeKind::kLiveness:
      return pointer(container.liveness_probe);
    case ProbeKind::kReadiness:
      return pointer(container.readiness_probe);
  }
  return nullptr;
}

Probe::Probe(const core::Probe& spec, Time container_started_at)
    : period_(Seconds(OrDefault(spec.period_seconds, kDefaultPeriodSeconds))),
      success_threshold_(OrDefault(spec.success_threshold, kDefaultSuccesses)),
      failure_threshold_(OrDefault(spec.failure_threshold, kDefaultFailures)),
      next_(container_started_at + Seconds(spec.initial_delay_seconds)) {}

void Probe::Begin(Time now) {
  trying_ = true;
  next_ = now + period_;
}

// If an attempt takes longer than the period, the next one follows immediately.
void Probe::Report(ProbeOutcome outcome, Time now) {
  trying_ = false;
  PutOff(now);
  if (outcome == ProbeOutcome::kUnknown) return;
  run_ = outcome == last_ ? run_ + 1 : 1;
  last_ = outcome;
  if (outcome == ProbeOutcome::kSuccess && run_ >= success_threshold_) state_ = State::kGood;
  if (outcome == ProbeOutcome::kFailure && run_ >= failure_threshold_) state_ = State::kBad;
}

std::unique_ptr<ContainerProbes> ContainerProbes::Of(const core::Container& container, Time started_at) {
  std::unique_ptr<ContainerProbes> out;
  for (const ProbeKind kind : kKinds) {
    const core::Probe* spec = ProbeOf(container, kind);
    if (spec == nullptr) continue;
    if (!out) out = std::make_unique<ContainerProbes>();
    out->probes_[static_cast<std::size_t>(kind)].emplace(*spec, started_at);
  }
  return out;
}

std::optional<ProbeKind> ContainerProbes::failed() const {
  for (const ProbeKind kind : {ProbeKind::kStartup, ProbeKind::kLiveness}) {
    if (Is(kind, Probe::State::kBad, false)) return kind;
  }
  return std::nullopt;
}

std::vector<ProbeKind> ContainerProbes::Begin(Time now, bool stopping) {
  std::vector<ProbeKind> out;
  for (const ProbeKind kind : kKinds) {
    if (!Wanted(kind, stopping)) continue;
    Probe& probe = *probes_[static_cast<std::size_t>(kind)];
    if (!probe.due() || *probe.due() > now) continue;
    probe.Begin(now);
    out.push_back(kind);
  }
  return out;
}

std::optional<Time> ContainerProbes::NextDue(bool stopping) const {
  std::optional<Time> out;
  for (const ProbeKind kind : kKinds) {
    if (!Wanted(kind, stopping)) continue;
    const std::optional<Time> due = probe(kind).due();
    if (due) out = out ? std::min(*out, *due) : *due;
  }
  return out;
}

void ContainerProbes::Report(ProbeKind kind, ProbeOutcome outcome, Time now) {
  const bool had_started = started();
  probes_[static_cast<std::size_t>(kind)]->Report(outcome, now);
  if (had_started || !started()) return;
  // The other probes begin now.
  for (const ProbeKind other : {ProbeKind::kLiveness, ProbeKind::kReadiness}) {
    if (auto& probe = probes_[static_cast<std::size_t>(other)]) probe->PutOff(now);
  }
}

bool ContainerProbes::Is(ProbeKind kind, Probe::State state, bool if_none) const {
  const auto& probe = probes_[static_cast<std::size_t>(kind)];
  return probe ? probe->state() == state : if_none;
}

bool ContainerProbes::Wanted(ProbeKind kind, bool stopping) const {
  if (!probes_[static_cast<std::size_t>(kind)]) return false;
  switch (kind) {
    case ProbeKind::kStartup:
      return !stopping && Is(kind, Probe::State::kUndecided, false);
    case ProbeKind::kLiveness:
      return !stopping && started() && !failed();
    case ProbeKind::kReadiness:
      return started();
  }
  return false;
}

}  // namespace reprieve::kubelet
