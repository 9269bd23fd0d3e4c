// Prober: makes the attempts that the probes of containers ask for, each by its action.
//
//   PodWorker -> Machine -> Prober -> SocketProber -> RuntimeInbox: ProbeAnswer
//                                  -> Runtime::Exec -> RuntimeInbox: ExecEnd -> AnswerTo
//
// Source: core/v1 Probe; spec of the kubelet's prober: a command succeeds with exit code 0; what could not be started
// at all counts for nothing. Thread rules: one owner, the engine's thread; nothing is made before the first attempt.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "kubelet/probe_answer.h"
#include "kubelet/runtime_inbox.h"
#include "kubelet/socket_prober.h"

namespace reprieve::kubelet {

class Prober {
 public:
  // Both must outlive it.
  Prober(runtime::Runtime& runtime, RuntimeInbox& inbox) : runtime_(runtime), inbox_(inbox) {}

  // `address`: the pod's.
  void TrySocket(const ProbeTicket& ticket, const core::Container& container, const core::Probe& probe,
                 const std::string& address);
  // `process` has everything but the timeout.
  void TryExec(const ProbeTicket& ticket, const core::Probe& probe, runtime::ContainerId container,
               runtime::ExecSpec process);
  // Nothing if nobody asked.
  std::optional<ProbeAnswer> AnswerTo(const runtime::ExecEnd& end);

 private:
  struct Asked {
    ProbeTicket ticket;
    std::chrono::milliseconds timeout{};
  };

  runtime::Runtime& runtime_;
  RuntimeInbox& inbox_;
  std::unique_ptr<SocketProber> sockets_;
  std::unordered_map<std::uint64_t, Asked> asked_;
};

// Every probe that `run` cannot make, one clear sentence each.
std::vector<std::string> UnsupportedProbes(const core::PodSpec& spec);

}  // namespace reprieve::kubelet
