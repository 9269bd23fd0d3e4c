// PodWorker: what a kubelet decides about one pod, as a state machine: which container starts, stops or waits, and what
// the pod's status says.
//
// Events go in; Next says what to do now, and may be asked again at any time. No I/O and no clock: times are passed in.
// Source: spec/job.md 4; KEP-753 (sidecars), KEP-5307 and KEP-5532 (restart rules). One owner, no lock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kubelet/hooks.h"
#include "kubelet/probe.h"
#include "kubelet/restart.h"
#include "model/core.h"

namespace reprieve::kubelet {

// How one run of a container ended.
struct ContainerEnd {
  std::int32_t exit_code = 0;
  std::string reason;
  std::string message;
  Time started_at;
  Time finished_at;
};

// What to do now. Containers are numbered as in restart.h.
struct PodActions {
  struct Start {
    std::size_t container = 0;
    std::int32_t attempt = 0;  // counts from 0
  };
  // Repeated with a shorter grace period if the pod's time is cut.
  struct Stop {
    std::size_t container = 0;
    Nanoseconds grace{};
    std::string why = {};  // for people, if a probe or a hook caused it
  };
  // An attempt of a probe, to be answered by Probed.
  struct Try {
    std::size_t container = 0;
    std::int32_t attempt = 0;
    ProbeKind probe = ProbeKind::kStartup;
  };
  // A hook that is to be run, to be answered by Hooked. It ends with its container at the latest.
  struct Hook {
    std::size_t container = 0;
    std::int32_t attempt = 0;
    HookKind kind = HookKind::kPostStart;
    std::optional<Nanoseconds> at_most = {};  // absent: as long as it takes
  };
  std::vector<Start> start;
  std::vector<Stop> stop;
  std::vector<Try> probe;
  std::vector<Hook> hook;
  // When to call Next again if no event comes earlier.
  std::optional<Time> wake;
};

class PodWorker {
 public:
  struct Identity {
    std::string namespace_;
    std::string name;
    std::string uid;
  };

  // The kubelet's.
  static constexpr Nanoseconds kUsualBackoff = Seconds(10);
  static constexpr std::int64_t kUsualGraceSeconds = 30;

  // The pod was bound to this node. `backoff`: the first wait of a container in a crash loop.
  PodWorker(Identity identity, std::shared_ptr<const core::PodSpec> spec, Time now,
            Nanoseconds backoff = kUsualBackoff);

  // --- events ---

  void Started(std::size_t container, Time at);
  // Also reports a start that never became a process.
  void Exited(std::size_t container, ContainerEnd end, Time now);
  // A start that could not even be attempted; it is retried at `retry_at`, by default after ten seconds.
  void CannotStart(std::size_t container, std::string reason, std::string message, Time now,
                   std::optional<Time> retry_at = std::nullopt);
  // A requested start was given up before it had any effect.
  void StartCancelled(std::size_t container);
  // The result of an attempt; `message` is for people. A result for a container that has ended is ignored.
  void Probed(const PodActions::Try& attempt, ProbeOutcome outcome, std::string message, Time now);
  // A hook has ended; `failure`: why it failed, for people; empty: it has not. That of a container that has ended is
  // ignored.
  void Hooked(const PodActions::Hook& hook, std::string failure, Time now);
  // The pod is deleted. Of several grace periods, the one that ends first holds.
  void Delete(Nanoseconds grace, Time now);

  // --- results ---

  PodActions Next(Time now);
  // No container runs, and none ever will again.
  bool finished() const { return finished_; }
  // Grows whenever the status changes.
  std::uint64_t revision() const { return revision_; }
  // Updates phase, container statuses and the kubelet's conditions; leaves everything else in `status` alone.
  void WriteStatus(Time now, core::PodStatus& status) const;

  // Whether that start is still wanted and has no result yet.
  bool IsStarting(std::size_t container, std::int32_t attempt) const {
    return records_[container].stage == Stage::kStarting && records_[container].attempt == attempt;
  }

 private:
  enum class Stage : std::uint8_t { kWaiting, kStarting, kRunning, kEnded };
  enum class Ending : std::uint8_t { kNo, kByItself, kDeadline, kDeleted };

  struct Record {
    Stage stage = Stage::kWaiting;
    bool started_once = false;  // its startup probe has succeeded too
    bool done = false;          // has ended and will not run again
    bool backing_off = false;   // shown as CrashLoopBackOff
    std::int32_t attempt = -1;  // of the newest start
    Time started_at{};
    std::optional<ContainerEnd> last;
    std::optional<ContainerEnd> before_last;
    std::optional<Time> not_before;
    std::string waiting_reason;
    std::string waiting_message;
    // The crash loop: the delay that the newest restart set, and when.
    std::optional<Nanoseconds> backoff;
    Time backoff_set_at{};
    std::optional<Time> stop_by;              // when it will be killed, by the newest Stop
    std::optional<HookKind> hook;             // that it is in: not started, or not stopping, before that has ended
    bool hook_asked = false;                  // of the machine
    std::optional<Time> hook_sleeps;          // until then
    std::string hook_failure;                 // of its postStart: it is to be stopped
    std::string stop_why;                     // of the Stop that its preStop delays
    std::unique_ptr<ContainerProbes> probes;  // while it runs; null: it has none
    std::string probe_failure;                // of the newest startup or liveness attempt

    bool starting_hook() const { return hook == HookKind::kPostStart; }
    bool alive() const { return stage == Stage::kStarting || stage == Stage::kRunning; }
  };

  Nanoseconds Grace() const;
  bool Sidecar(std::size_t container) const { return IsSidecar(*spec_, container); }
  bool AnyAlive() const;
  bool HasHook(std::size_t container, HookKind kind) const;
  bool HoldsUpOthers(std::size_t container) const;
  void BeginRun(std::size_t container, Time at);
  void BeginHook(std::size_t container, HookKind kind, Time now);
  void RunHooks(Time now, PodActions& actions);
  void Restart(Record& record, Time now);
  void LengthenBackoff(Record& record, Time now) const;
  void End(Ending why, Nanoseconds grace, Time now);
  bool HasRunItsCourse() const;
  void StartDue(Time now, PodActions& actions);
  void StartIfDue(std::size_t container, Time now, PodActions& actions);
  void RunProbes(Time now, PodActions& actions);
  void StopForProbe(std::size_t container, ProbeKind probe, Time now, PodActions& actions);
  void StopAll(Time now, PodActions& actions);
  void KillAll(Time now, PodActions& actions);
  void Stop(std::size_t container, Time by, Time now, PodActions& actions, std::string why = {});
  void SendStop(std::size_t container, Nanoseconds grace, PodActions& actions);
  void BeginAgain();
  void Finish();
  core::ContainerStatus StatusOf(std::size_t container) const;
  core::ContainerState Terminated(std::size_t container, const ContainerEnd& end, std::int32_t attempt) const;
  std::string ContainerIdOf(std::size_t container, std::int32_t attempt) const;

  Identity identity_;
  std::shared_ptr<const core::PodSpec> spec_;
  Time start_time_;
  Nanoseconds first_backoff_;
  std::vector<Record> records_;
  bool any_hooks_ = false;
  bool initialized_ = false;
  bool init_failed_ = false;
  bool restarting_all_ = false;
  bool restarted_all_ = false;  // ever
  Ending ending_ = Ending::kNo;
  Time end_by_{};
  Nanoseconds end_grace_{};
  bool finished_ = false;
  std::uint64_t revision_ = 1;
};

}  // namespace reprieve::kubelet
