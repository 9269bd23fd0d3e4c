// The probes of a container as state machines: when each is tried, and what its results mean. ContainerProbes is those
// of one run of a container: whether it has started, whether it is ready, and whether it is to be stopped.
//
// Attempts are made by others (prober.h); here are no I/O and no clock. Times are passed in.
// Source: core/v1 Probe; the kubelet's workers of probes: results count in a row, a startup probe comes before the
// others and is over once it has decided, a liveness probe too once it has failed. The kubelet tries on the ticks of a
// timer that runs since the pod came; here the first attempt is exactly initialDelaySeconds after the start.
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
// Null pointer if the container has none.
const core::Probe* ProbeOf(const core::Container& container, ProbeKind kind);

// kUnknown: the attempt could not be made; it counts for nothing.
enum class ProbeOutcome : std::uint8_t { kSuccess, kFailure, kUnknown };

class Probe {
 public:
  enum class State : std::uint8_t { kUndecided, kGood, kBad };

  // Zeros of `spec` count as the server's defaults.
  Probe(const core::Probe& spec, Time container_started_at);

  State state() const { return state_; }
  // How often the newest outcome has come in a row.
  std::int32_t run() const { return run_; }
  // Absent while an attempt is under way.
  std::optional<Time> due() const { return trying_ ? std::nullopt : std::optional(next_); }
  // Not before `time`.
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
  // Null pointer if the container has no probe.
  static std::unique_ptr<ContainerProbes> Of(const core::Container& container, Time started_at);

  bool started() const { return Is(ProbeKind::kStartup, Probe::State::kGood, true); }
  bool ready() const { return started() && Is(ProbeKind::kReadiness, Probe::State::kGood, true); }
  // The probe for whose failure the container is to be stopped.
  std::optional<ProbeKind> failed() const;
  // REQUIRES: the container has it.
  const Probe& probe(ProbeKind kind) const { return *probes_[static_cast<std::size_t>(kind)]; }

  // The attempts that are due; they begin. `stopping`: the container is being stopped, which nobody disturbs; whether
  // it is ready still counts.
  std::vector<ProbeKind> Begin(Time now, bool stopping);
  // When to ask again.
  std::optional<Time> NextDue(bool stopping) const;
  void Report(ProbeKind kind, ProbeOutcome outcome, Time now);

 private:
  bool Is(ProbeKind kind, Probe::State state, bool if_none) const;
  bool Wanted(ProbeKind kind, bool stopping) const;

  std::array<std::optional<Probe>, 3> probes_;
};

}  // namespace reprieve::kubelet
