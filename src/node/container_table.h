// ContainerTable: the containers on this machine that wait to be started, are starting, or run.
//
// The number of concurrent starts is limited, so that a Job of 10,000 pods does not hold 10,000 launches in memory.
// One owner, the engine's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "node/pod_record.h"
#include "runtime/runtime.h"

namespace reprieve::node {

// A start that a pod's worker asked for.
struct PendingStart {
  scheduler::PodNumber pod = 0;
  std::size_t container = 0;
  std::int32_t attempt = 0;
};

struct RunningContainer {
  // How to report its end, however the process reacts to the signal.
  struct InjectedEnd {
    std::int32_t exit_code = 0;
    runtime::ExitReason reason = runtime::ExitReason::kError;
  };
  PodRecord* record = nullptr;
  std::size_t container = 0;
  bool started = false;
  std::optional<InjectedEnd> injected_end;
};

class ContainerTable {
 public:
  explicit ContainerTable(std::size_t max_starting) : max_starting_(max_starting) {}

  void Enqueue(PendingStart start) { pending_.push_back(start); }
  // The next start, oldest first; nullopt if there is none or too many are starting.
  std::optional<PendingStart> NextPending();

  // The runtime accepted the start.
  void Add(runtime::ContainerId id, PodRecord& record, std::size_t container);
  // Null: it has ended, or was never ours.
  RunningContainer* Find(runtime::ContainerId id);
  void MarkStarted(RunningContainer& container);
  // It has ended.
  std::optional<RunningContainer> Remove(runtime::ContainerId id);

 private:
  const std::size_t max_starting_;
  std::deque<PendingStart> pending_;
  std::unordered_map<std::uint64_t, RunningContainer> containers_;
  std::size_t starting_ = 0;
};

}  // namespace reprieve::node
