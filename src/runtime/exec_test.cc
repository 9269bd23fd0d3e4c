// Execs: processes started in a running container, as for probes.
#include <gtest/gtest.h>

#include "runtime/testing.h"

namespace reprieve::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

enum class World { kSandbox, kPlain };

class Beside : public testing::TestWithParam<World> {
 protected:
  // A container that is there to stay.
  ContainerId Host(const std::string& script = "while :; do sleep 0.1; done") {
    const ContainerId id = runtime.Begin(Shell(Cat("echo up; ", script)));
    runtime.AwaitLine("up");
    return id;
  }
  TestRuntime runtime{{.plain_processes = GetParam() == World::kPlain}};
};
INSTANTIATE_TEST_SUITE_P(InBothWorlds, Beside, testing::Values(World::kSandbox, World::kPlain),
                         [](const auto& world) { return world.param == World::kSandbox ? "Sandbox" : "Plain"; });

TEST_P(Beside, AProcessTellsItsExitCodeAndIsNoContainer) {
  const ContainerId host = Host();
  for (const int code : {0, 1, 137}) {
    const ExecEnd end = runtime.RunBeside(host, Cat("echo nobody hears this; exit ", code));
    EXPECT_EQ(end.outcome, ExecOutcome::kExited);
    EXPECT_EQ(end.exit_code, code);
  }
  EXPECT_EQ(runtime.exits_seen(), 0);
  runtime->StopContainer(host, milliseconds(0));
  EXPECT_EQ(runtime.ExitOf(host).exit_code, 137);
  EXPECT_EQ(runtime.exits_seen(), 1);
}

TEST_P(Beside, AProcessHasTheEnvironmentAndTheDirectoryThatItIsGiven) {
  ExecSpec spec{.argv = {"sh", "-c", "test \"$GREETING\" = 'hello world' && test \"$(pwd)\" = /usr"},
                .environment = {"PATH=/usr/bin:/bin", "GREETING=hello world"},
                .working_directory = "/usr",
                .timeout = seconds(10)};
  EXPECT_EQ(runtime.RunBeside(Host(), spec).exit_code, 0);
}

TEST_P(Beside, AProcessThatTakesTooLongIsKilledWithItsChildren) {
  const ContainerId host = Host();
  const auto before = std::chrono::steady_clock::now();
  const ExecEnd end =
      runtime.RunBeside(host, Cat("trap '' TERM; sleep ", Mark(1), " & sleep ", Mark(1)), milliseconds(200));
  EXPECT_EQ(end.outcome, ExecOutcome::kTimedOut);
  EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds(200));
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(5));
  EXPECT_TRUE(Eventually([] { return CountProcesses(Mark(1)) == 0; }));
  EXPECT_EQ(runtime.RunBeside(host, "exit 3").exit_code, 3) << "the container itself goes on";
}

TEST_P(Beside, AProcessThatCannotBeStartedSaysWhy) {
  const ContainerId host = Host();
  ExecSpec spec{.argv = {"no-such-program"}, .environment = {"PATH=/usr/bin:/bin"}};
  const ExecEnd end = runtime.RunBeside(host, spec);
  EXPECT_EQ(end.outcome, ExecOutcome::kNotStarted);
  EXPECT_EQ(end.message, "no-such-program: executable file not found in $PATH");
  spec = {.argv = {"true"}, .environment = {"PATH=/usr/bin:/bin"}, .working_directory = "/no/such/directory"};
  EXPECT_EQ(runtime.RunBeside(host, spec).message, "working directory /no/such/directory: No such file or directory");
}

TEST_P(Beside, AContainerThatHasEndedHasNoneBesideIt) {
  const ContainerId host = runtime.Begin(Shell("exit 0"));
  runtime.ExitOf(host);
  const ExecEnd end = runtime.RunBeside(host, "exit 0");
  EXPECT_EQ(end.outcome, ExecOutcome::kNotStarted);
  EXPECT_EQ(end.message, "the container does not run");
}

TEST_P(Beside, AProcessEndsWithItsContainer) {
  const ContainerId host = Host("read line < /dev/null; sleep 0.3; exit 4");
  const auto before = std::chrono::steady_clock::now();
  const ExecEnd end = runtime.RunBeside(host, Cat("sleep ", Mark(2)), seconds(15));
  EXPECT_EQ(end.outcome, ExecOutcome::kExited);
  EXPECT_EQ(end.exit_code, 137);
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(5));
  EXPECT_EQ(runtime.ExitOf(host).exit_code, 4);
  EXPECT_TRUE(Eventually([] { return CountProcesses(Mark(2)) == 0; }));
}

TEST_P(Beside, NothingIsLeftWhenTheRuntimeEnds) {
  const ContainerId host = Host();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(
        runtime
            ->Exec(host, {.argv = {"sleep", Mark(3)}, .environment = {"PATH=/usr/bin:/bin"}, .timeout = seconds(1000)})
            .ok());
  }
  EXPECT_TRUE(Eventually([] { return CountProcesses(Mark(3)) > 2; }));
  runtime.End();
  EXPECT_EQ(CountProcesses(Mark(3)), 0);
}

TEST_P(Beside, ManyAtOnceAllEndOnce) {
  const ContainerId host = Host();
  std::vector<ExecId> ids;
  ids.reserve(100);
  for (int i = 0; i < 100; ++i) {
    ids.push_back(
        runtime
            ->Exec(host,
                   {.argv = {"sh", "-c", "exit 9"}, .environment = {"PATH=/usr/bin:/bin"}, .timeout = seconds(20)})
            .value());
  }
  for (const ExecId id : ids) EXPECT_EQ(runtime.EndOf(id).exit_code, 9);
}

TEST(BesideSandboxed, AProcessSeesWhatTheContainerSees) {
  TestRuntime runtime;
  if (!runtime->capabilities().own_pids()) GTEST_SKIP() << runtime->Describe();
  runtime.Write("volume/file", "content");
  ContainerSpec spec = Shell("echo up; while :; do sleep 0.1; done");
  spec.mounts = {{runtime.Path("volume"), "/reprieve-test-data"}};
  const ContainerId host = runtime.Begin({.name = "pod", .hostname = "worker-0"}, spec);
  runtime.AwaitLine("up");
  EXPECT_EQ(runtime.RunBeside(host, "test $(cat /reprieve-test-data/file) = content").exit_code, 0);
  EXPECT_EQ(runtime.RunBeside(host, "test $(uname -n) = worker-0").exit_code, 0);
  EXPECT_EQ(runtime.RunBeside(host, "grep -q reprieve-init /proc/1/comm").exit_code, 0);
  EXPECT_EQ(runtime.RunBeside(host, "kill -0 2").exit_code, 0) << "the container's program";
}

TEST(BesideLimited, AProcessIsInTheContainersCgroup) {
  TestRuntime runtime;
  if (runtime->Describe().find("limits on memory, cpu") == std::string::npos) GTEST_SKIP() << runtime->Describe();
  ContainerSpec spec = Shell("cat /proc/self/cgroup > $FILE; echo up; while :; do sleep 0.1; done");
  spec.environment.push_back("FILE=" + runtime.Path("own"));
  spec.limits.memory_bytes = 64 << 20;
  const ContainerId host = runtime.Begin(spec);
  runtime.AwaitLine("up");
  EXPECT_EQ(runtime.RunBeside(host, Cat("cmp /proc/self/cgroup ", runtime.Path("own"))).exit_code, 0);
}

}  // namespace
}  // namespace reprieve::runtime
