// The probes of a container as state machines: when each is tried, and what its results mean. ContainerProbes holds the
// probes of one run of a container: whether it has started, whether it is ready, and whether to stop it.
//
// prober.h makes the attempts; there is no I/O and no clock here. Times are passed in.
// Source: core/v1 Probe; the kubelet's probe workers: thresholds count consecutive results, a startup probe runs before
// the others and stops once it has decided, a liveness probe stops once it has failed. The kubelet probes on the ticks
// of a timer per pod; here the first attempt is exactly initialDelaySeconds after the start.
// One owner, no lock.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "model/core.h"

namespace reprieve::kubelet {

enum class ProbeKind : std::uint8_t { kStartup, kLiveness, kReadiness };
// "startup", "liveness", "readiness".
std::string_view NameOf(ProbeKind kind);
// Null if the container has none.
const core::Probe* ProbeOf(const core::Container& container, ProbeKind kind);

// kUnknown: the attempt could not be made and is ignored.
enum class ProbeOutcome : std::uint8_t { kSuccess, kFailure, kUnknown };

class Probe {
 public:
  enum class State : std::uint8_t { kUndecided, kGood, kBad };

  // Zeros in `spec` mean the server's defaults.
  Probe(const core::Probe& spec, Time container_started_at);

  State state() const { return state_; }
  // How many times in a row the newest outcome has come.
  std::int32_t run() const { return run_; }
  // nullopt while an attempt is under way.
  std::optional<Time> due() const { return trying_ ? std::nullopt : std::optional(next_); }
  // Postpones the next attempt to `time` at the earliest.
  void PutOff(Time time) { next_ = std::max(next_, time); }
  void Begin(Time now);
  void Report(ProbeOutcome outcome, Time now);

 private:
  Nanoseconds period_;
  std::int32_t success_threshold_;
  std::int32_t failure_threshold_;
  Time next_;
  bool trying_ = false;
  State state_ = State::kUndecided;
  ProbeOutcome last_ = ProbeOutcome::kUnknown;
  std::int32_t run_ = 0;
};

class ContainerProbes {
 public:
  // Null if the container has no probe.
  static std::unique_ptr<ContainerProbes> Of(const core::Container& container, Time started_at);

  bool started() const { return Is(ProbeKind::kStartup, Probe::State::kGood, true); }
  bool ready() const { return started() && Is(ProbeKind::kReadiness, Probe::State::kGood, true); }
  // The probe whose failure stops the container.
  std::optional<ProbeKind> failed() const;
  // REQUIRES: the container has it.
  const Probe& probe(ProbeKind kind) const { return *probes_[static_cast<std::size_t>(kind)]; }

  // Begins the attempts that are due and returns them. `stopping`: the container is being stopped, so that only its
  // readiness still matters.
  std::vector<ProbeKind> Begin(Time now, bool stopping);
  // When to call Begin again.
  std::optional<Time> NextDue(bool stopping) const;
  void Report(ProbeKind kind, ProbeOutcome outcome, Time now);

 private:
  bool Is(ProbeKind kind, Probe::State state, bool if_none) const;
  bool Wanted(ProbeKind kind, bool stopping) const;

  std::array<std::optional<Probe>, 3> probes_;
};

}  // namespace reprieve::kubelet
