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

// What is to be done now. Containers are numbered as in restart.h.
struct PodActions {
  struct Start {
    std::size_t container = 0;
    std::int32_t attempt = 0;  // counts from 0
  };
  // Again, with less grace, if the pod has less time than was said before.
  struct Stop {
    std::size_t container = 0;
    Nanoseconds grace{};
    std::string why = {};  // for people, if a probe wants it
  };
  // An attempt of a probe, to be answered by Probed.
  struct Try {
    std::size_t container = 0;
    std::int32_t attempt = 0;
    ProbeKind probe = ProbeKind::kStartup;
  };
  std::vector<Start> start;
  std::vector<Stop> stop;
  std::vector<Try> probe;
  // Ask again then, if nothing happens before.
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

  // The pod has come to this node. `backoff`: the first wait of a container that fails again and again.
  PodWorker(Identity identity, std::shared_ptr<const core::PodSpec> spec, Time now,
            Nanoseconds backoff = kUsualBackoff);

  // --- what has happened ---

  void Started(std::size_t container, Time at);
  // Ends a start too that never became a process.
  void Exited(std::size_t container, ContainerEnd end, Time now);
  // A start that could not even be tried; it is tried again in a while.
  void CannotStart(std::size_t container, std::string reason, std::string message, Time now);
  // A start that was asked for and has been given up before anything came of it.
  void StartCancelled(std::size_t container);
  // What came of an attempt, in words. An answer that comes after its container has ended is no error.
  void Probed(const PodActions::Try& attempt, ProbeOutcome outcome, std::string message, Time now);
  // The pod is to go. Of several graces, the one that ends first holds.
  void Delete(Nanoseconds grace, Time now);

  // --- what follows ---

  PodActions Next(Time now);
  // No container runs, and none ever will again.
  bool finished() const { return finished_; }
  // Grows whenever the status has changed.
  std::uint64_t revision() const { return revision_; }
  // Brings phase, container statuses and the kubelet's conditions up to date; leaves alone what others have written.
  void WriteStatus(Time now, core::PodStatus& status) const;

  // Whether that start is still wanted and has come to nothing yet.
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
    // The crash loop: the delay that the newest restart has set, and when it did.
    std::optional<Nanoseconds> backoff;
    Time backoff_set_at{};
    std::optional<Time> stop_by;              // when it was last told it would be killed
    std::unique_ptr<ContainerProbes> probes;  // while it runs; null pointer: it has none
    std::string probe_failure;                // what the newest attempt that may stop it has met

    bool alive() const { return stage == Stage::kStarting || stage == Stage::kRunning; }
  };

  Nanoseconds Grace() const;
  bool Sidecar(std::size_t container) const { return IsSidecar(*spec_, container); }
  bool AnyAlive() const;
  void Restart(Record& record, Time now);
  void LengthenBackoff(Record& record, Time now) const;
  void End(Ending why, Nanoseconds grace, Time now);
  bool HasRunItsCourse() const;
  void StartDue(Time now, PodActions& actions);
  void StartIfDue(std::size_t container, Time now, PodActions& actions);
  void TendProbes(Time now, PodActions& actions);
  void StopForProbe(std::size_t container, ProbeKind probe, Time now, PodActions& actions);
  void StopAll(Time now, PodActions& actions);
  void KillAll(Time now, PodActions& actions);
  void Stop(std::size_t container, Time by, Time now, PodActions& actions);
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
