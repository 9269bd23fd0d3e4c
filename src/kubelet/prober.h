// Prober: makes the attempts of containers' probes, and runs their hooks, each according to its action.
//
//   PodWorker -> Machine -> Prober -> SocketProber -> RuntimeInbox: ProbeAnswer
//                                  -> Runtime::Exec -> RuntimeInbox: ExecEnd -> AnswerTo
//
// Source: core/v1 Probe; the kubelet's prober: a command succeeds with exit code 0; one that could not be started is
// ignored. Thread rules: one owner, the engine's thread; no thread is started before the first attempt.
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
  // `process` is complete except for the timeout.
  void TryExec(const ProbeTicket& ticket, const core::Probe& probe, runtime::ContainerId container,
               runtime::ExecSpec process);
  // A hook that sends a request. Any answer is good; there is no limit but that of the hook.
  void SendHook(const ProbeTicket& ticket, const core::Container& container, const core::HttpGetAction& get,
                const std::string& address);
  // `process` is complete except for the timeout.
  void ExecHook(const ProbeTicket& ticket, runtime::ContainerId container, runtime::ExecSpec process);
  // nullopt if no attempt is waiting for it.
  std::optional<ProbeAnswer> AnswerTo(const runtime::ExecEnd& end);

 private:
  SocketProber& Sockets();
  void Exec(const ProbeTicket& ticket, runtime::ContainerId container, runtime::ExecSpec process);

  struct Asked {
    ProbeTicket ticket;
    std::chrono::milliseconds timeout{};
  };

  runtime::Runtime& runtime_;
  RuntimeInbox& inbox_;
  std::unique_ptr<SocketProber> sockets_;
  std::unordered_map<std::uint64_t, Asked> asked_;
};

// Why `run` can't make some of the probes, one sentence for each.
std::vector<std::string> UnsupportedProbes(const core::PodSpec& spec);

}  // namespace reprieve::kubelet
