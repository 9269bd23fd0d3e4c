#include "kubelet/prober.h"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

#include "base/saturate.h"
#include "base/text.h"

namespace reprieve::kubelet {
namespace {

constexpr std::string_view kLocalhost = "localhost";
constexpr std::string_view kLocalhostAddress = "127.0.0.1";

std::chrono::milliseconds TimeoutOf(const core::Probe& probe) {
  return Seconds(std::max(probe.timeout_seconds, 1));
}

// Of a hook.
std::chrono::milliseconds TimeoutOf(const ProbeTicket& ticket) {
  const auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(kLongestDuration);
  const auto& at_most = ticket.hook->at_most;
  return at_most ? std::min(std::chrono::ceil<std::chrono::milliseconds>(*at_most), longest) : longest;
}

// A number, the name of one of the container's ports, or a number written as text; nullopt for anything else.
std::optional<std::uint16_t> PortOf(const core::Value& port, const core::Container& container) {
  std::optional<std::int64_t> number;
  for (const core::ContainerPort& known : container.ports) {
    if (port.IsString() && known.name == port.AsText()) number = known.container_port;
  }
  if (!number) number = ParseInt64(port.AsText());
  if (!number || *number < 1 || *number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

bool IsAddress(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

std::string HostOf(const std::string& host, const std::string& address) {
  if (host.empty()) return address;
  return host == kLocalhost ? std::string(kLocalhostAddress) : host;
}

HttpGet RequestFor(const core::HttpGetAction& get, const std::string& host, std::uint16_t port) {
  return {host, port, get.path, get.http_headers, get.scheme == "HTTPS"};
}

std::string WhyNotReachable(const std::string& host, const core::Value& port, const core::Container& container) {
  if (!host.empty() && host != kLocalhost && !IsAddress(host)) {
    return Cat("probes the host ", Quote(host), " by name, which is not supported by run; give its address");
  }
  if (!PortOf(port, container)) {
    return Cat("probes the port ", Quote(port.AsText()), ", which is none of the container's ports");
  }
  return {};
}

// Why the probe is not supported; empty if it is.
std::string WhyUnsupported(const core::Probe& probe, const core::Container& container) {
  if (probe.tcp_socket) return WhyNotReachable(probe.tcp_socket->host, probe.tcp_socket->port, container);
  if (!probe.http_get) return {};
  return WhyNotReachable(probe.http_get->host, probe.http_get->port, container);
}

}  // namespace

void Prober::TrySocket(const ProbeTicket& ticket, const core::Container& container, const core::Probe& probe,
                       const std::string& address) {
  const bool http = probe.http_get.has_value();
  const core::Value& grpc = probe.rest["grpc"];
  if (grpc.IsObject()) {
    SocketAttempt attempt;
    attempt.ticket = ticket;
    attempt.host = address;
    attempt.port = static_cast<std::uint16_t>(grpc["port"].AsInt());
    attempt.timeout = TimeoutOf(probe);
    attempt.grpc_service = grpc["service"].AsText();
    return Sockets().Try(std::move(attempt));
  }
  const auto port = PortOf(http ? probe.http_get->port : probe.tcp_socket->port, container);
  SocketAttempt attempt;
  attempt.ticket = ticket;
  attempt.host = HostOf(http ? probe.http_get->host : probe.tcp_socket->host, address);
  attempt.port = port.value_or(0);
  attempt.timeout = TimeoutOf(probe);
  if (http) attempt.get = RequestFor(*probe.http_get, attempt.host, attempt.port);
  Sockets().Try(std::move(attempt));
}

SocketProber& Prober::Sockets() {
  if (!sockets_) {
    sockets_ = std::make_unique<SocketProber>([&inbox = inbox_](ProbeAnswer a) { inbox.Add(std::move(a)); });
  }
  return *sockets_;
}

void Prober::SendHook(const ProbeTicket& ticket, const core::Container& container, const core::HttpGetAction& get,
                      const std::string& address) {
  const auto port = PortOf(get.port, container);
  if (!port) {
    return inbox_.Add({ticket, ProbeOutcome::kFailure,
                       Cat("the port ", Quote(get.port.AsText()), " is none of the container's ports")});
  }
  SocketAttempt attempt;
  attempt.ticket = ticket;
  attempt.host = HostOf(get.host, address);
  attempt.port = *port;
  attempt.get = RequestFor(get, attempt.host, attempt.port);
  attempt.any_status = true;
  attempt.timeout = TimeoutOf(ticket);
  Sockets().Try(std::move(attempt));
}

void Prober::ExecHook(const ProbeTicket& ticket, runtime::ContainerId container, runtime::ExecSpec process) {
  process.timeout = TimeoutOf(ticket);
  Exec(ticket, container, std::move(process));
}

void Prober::TryExec(const ProbeTicket& ticket, const core::Probe& probe, runtime::ContainerId container,
                     runtime::ExecSpec process) {
  process.timeout = TimeoutOf(probe);
  Exec(ticket, container, std::move(process));
}

void Prober::Exec(const ProbeTicket& ticket, runtime::ContainerId container, runtime::ExecSpec process) {
  const std::chrono::milliseconds timeout = process.timeout;
  const auto exec = runtime_.Exec(container, std::move(process));
  if (!exec) return inbox_.Add({ticket, ProbeOutcome::kUnknown, exec.error().message});
  asked_.emplace(static_cast<std::uint64_t>(*exec), Asked{ticket, timeout});
}

std::optional<ProbeAnswer> Prober::AnswerTo(const runtime::ExecEnd& end) {
  const auto asked = asked_.extract(static_cast<std::uint64_t>(end.exec));
  if (!asked) return std::nullopt;
  const auto& [ticket, timeout] = asked.mapped();
  switch (end.outcome) {
    case runtime::ExecOutcome::kExited:
      return ProbeAnswer{ticket, end.exit_code == 0 ? ProbeOutcome::kSuccess : ProbeOutcome::kFailure,
                         Cat("its command exited ", end.exit_code)};
    case runtime::ExecOutcome::kTimedOut:
      return ProbeAnswer{ticket, ProbeOutcome::kFailure, Cat("its command took longer than ", HumanDuration(timeout))};
    case runtime::ExecOutcome::kNotStarted:
      return ProbeAnswer{ticket, ProbeOutcome::kUnknown, end.message};
  }
  return std::nullopt;
}

std::vector<std::string> UnsupportedProbes(const core::PodSpec& spec) {
  std::vector<std::string> out;
  for (const auto* containers : {&spec.init_containers, &spec.containers}) {
    for (const core::Container& container : *containers) {
      for (const ProbeKind kind : {ProbeKind::kStartup, ProbeKind::kLiveness, ProbeKind::kReadiness}) {
        const core::Probe* probe = ProbeOf(container, kind);
        if (probe == nullptr) continue;
        const std::string why = WhyUnsupported(*probe, container);
        if (!why.empty()) out.push_back(Cat(NameOf(kind), "Probe of container ", container.name, " ", why));
      }
    }
  }
  return out;
}

}  // namespace reprieve::kubelet
