#include "kubelet/prober.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "model/testing.h"

namespace reprieve::kubelet {
namespace {

using testing::AContainer;
using testing::ASidecar;
using testing::ASpec;

core::Probe Tcp(core::Value port, std::string host = "") {
  core::Probe out;
  out.tcp_socket.emplace().port = std::move(port);
  out.tcp_socket->host = std::move(host);
  return out;
}

core::Probe Http(core::Value port, std::string scheme = "HTTP") {
  core::Probe out;
  out.http_get.emplace().port = std::move(port);
  out.http_get->scheme = std::move(scheme);
  return out;
}

std::string Unsupported(core::Probe probe) {
  core::Container container = AContainer("main");
  container.ports.emplace_back().name = "web";
  container.ports.back().container_port = 8080;
  container.liveness_probe = std::move(probe);
  return Join(UnsupportedProbes(ASpec(core::RestartPolicy::kNever, {container})), "\n");
}

TEST(UnsupportedProbes, UnsupportedProbesAreRefusedBeforeAnythingStarts) {
  EXPECT_EQ(Unsupported(Tcp(core::Value::String("db"))),
            "livenessProbe of container main probes the port \"db\", which is none of the container's ports");
  EXPECT_EQ(Unsupported(Tcp(core::Value::Int(5432), "db.example")),
            "livenessProbe of container main probes the host \"db.example\" by name, which is not supported by run; "
            "give its address");
}

TEST(UnsupportedProbes, PortsByNumberByNameAndByNumberAsTextAreFine) {
  for (const core::Value& port : {core::Value::Int(80), core::Value::String("web"), core::Value::String("80")}) {
    EXPECT_EQ(Unsupported(Http(port)), "");
    EXPECT_EQ(Unsupported(Tcp(port, "localhost")), "");
    EXPECT_EQ(Unsupported(Tcp(port, "::1")), "");
  }
}

TEST(UnsupportedProbes, EveryProbeOfEveryContainerIsChecked) {
  core::Container main = AContainer("main");
  core::Container side = ASidecar("side");
  main.readiness_probe = Http(core::Value::String("x"));
  side.startup_probe = Http(core::Value::String("y"));
  side.liveness_probe = Http(core::Value::String("z"));
  EXPECT_EQ(UnsupportedProbes(ASpec(core::RestartPolicy::kNever, {main}, {side})).size(), 3U);
}

// Accepts every process.
class DeafRuntime final : public runtime::Runtime {
 public:
  bool has_own_mounts() const override { return true; }
  Result<runtime::SandboxId> RunPodSandbox(runtime::PodSandboxSpec) override { return runtime::SandboxId{1}; }
  Result<runtime::ContainerId> StartContainer(runtime::SandboxId, runtime::ContainerSpec) override {
    return runtime::ContainerId{2};
  }
  void StopContainer(runtime::ContainerId, std::chrono::milliseconds) override {}
  Result<runtime::ExecId> Exec(runtime::ContainerId, runtime::ExecSpec spec) override {
    if (spec.argv.empty()) return Error{"there is no command"};
    timeout = spec.timeout;
    return runtime::ExecId{next++};
  }
  void RemovePodSandbox(runtime::SandboxId) override {}

  std::uint64_t next = 3;
  std::chrono::milliseconds timeout{};
};

TEST(Prober, AnExitCodeIsAResultAndACommandThatDidNotStartIsUnknown) {
  DeafRuntime runtime;
  RuntimeInbox inbox([] {});
  Prober prober(runtime, inbox);
  core::Probe probe;
  probe.timeout_seconds = 7;
  const struct {
    runtime::ExecEnd end;
    ProbeOutcome outcome;
    std::string_view message;
  } cases[] = {
      {{.exit_code = 0}, ProbeOutcome::kSuccess, "its command exited 0"},
      {{.exit_code = 3}, ProbeOutcome::kFailure, "its command exited 3"},
      {{.outcome = runtime::ExecOutcome::kTimedOut, .exit_code = 137},
       ProbeOutcome::kFailure,
       "its command took longer than 7s"},
      {{.outcome = runtime::ExecOutcome::kNotStarted, .message = "why"}, ProbeOutcome::kUnknown, "why"},
  };
  for (const auto& c : cases) {
    runtime::ExecEnd end = c.end;
    end.exec = runtime::ExecId{runtime.next};
    prober.TryExec({runtime.next, {}}, probe, runtime::ContainerId{2}, {.argv = {"true"}});
    EXPECT_EQ(runtime.timeout, std::chrono::seconds(7));
    const auto answer = prober.AnswerTo(end);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->ticket.pod, static_cast<std::uint64_t>(end.exec));
    EXPECT_EQ(answer->outcome, c.outcome);
    EXPECT_EQ(answer->message, c.message);
    EXPECT_FALSE(prober.AnswerTo(end)) << "answered only once";
  }
}

TEST(Prober, ACommandThatTheRuntimeRefusesIsAnsweredToo) {
  DeafRuntime runtime;
  bool woken = false;
  RuntimeInbox inbox([&] { woken = true; });
  Prober prober(runtime, inbox);
  prober.TryExec({5, {}}, {}, runtime::ContainerId{2}, {});
  std::vector<RuntimeMessage> messages;
  inbox.Take(messages);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(std::get<ProbeAnswer>(messages.front()).outcome, ProbeOutcome::kUnknown);
  EXPECT_TRUE(woken);
}

}  // namespace
}  // namespace reprieve::kubelet
