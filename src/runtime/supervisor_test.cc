#include "runtime/supervisor.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "runtime/launcher.h"
#include "runtime/mount_plan.h"
#include "runtime/testing.h"

namespace reprieve::runtime {
namespace {

using std::chrono::milliseconds;
namespace fs = std::filesystem;

// This program again, as another process, for one of the tests at the end of this file.
class OtherProcess {
 public:
  OtherProcess(const std::string& test, const std::vector<std::pair<std::string, std::string>>& environment,
               uid_t uid = geteuid()) {
    const std::string filter = Cat("--gtest_filter=", test);
    std::vector<std::string> variables = {"PATH=/usr/bin:/bin"};
    for (const auto& [name, value] : environment) variables.push_back(Cat("REPRIEVE_TEST_", name, "=", value));
    std::vector<char*> pointers;
    pointers.reserve(variables.size() + 1);
    for (std::string& variable : variables) pointers.push_back(variable.data());
    pointers.push_back(nullptr);
    pid_ = fork();
    if (pid_ != 0) return;
    if (uid != geteuid() && (setgid(uid) != 0 || setuid(uid) != 0)) _exit(126);
    execle("/proc/self/exe", "test", filter.c_str(), "--gtest_also_run_disabled_tests", "--gtest_brief=1", nullptr,
           pointers.data());
    _exit(127);
  }
  ~OtherProcess() {
    if (pid_ > 0) Kill();
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

  pid_t pid() const { return pid_; }
  void Kill() const {
    kill(pid_, SIGKILL);
    Wait();
  }
  int Wait() const {
    int status = 0;
    if (pid_ > 0) waitpid(std::exchange(pid_, -1), &status, 0);
    return status;
  }

 private:
  mutable pid_t pid_;
};

// Root of a user namespace with one user may not.
bool MayBecomeAnotherUser() {
  const pid_t child = fork();
  if (child == 0) _exit(setgroups(0, nullptr) == 0 && setgid(65533) == 0 && setuid(65534) == 0 ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0;
}

std::string Variable(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? "" : value;
}

// The same rules hold for sandboxes as root, for an ordinary user's, and for plain processes.
enum class World { kSandbox, kPlain };

class Containers : public testing::TestWithParam<World> {
 protected:
  TestRuntime runtime{{.plain_processes = GetParam() == World::kPlain}};
};
INSTANTIATE_TEST_SUITE_P(InBothWorlds, Containers, testing::Values(World::kSandbox, World::kPlain),
                         [](const auto& world) { return world.param == World::kSandbox ? "Sandbox" : "Plain"; });

TEST_P(Containers, ReportTheProgramsExitCode) {
  EXPECT_EQ(runtime.Run("exit 0").exit_code, 0);
  const ContainerExit exit = runtime.Run("exit 42");
  EXPECT_EQ(exit.exit_code, 42);
  EXPECT_EQ(exit.reason, ExitReason::kError);
  EXPECT_LE(exit.started_at, exit.finished_at);
  EXPECT_EQ(runtime.Run("exit 0").reason, ExitReason::kCompleted);
}

TEST_P(Containers, ReportASignalAs128AndItsNumber) {
  EXPECT_EQ(runtime.Run("kill -KILL $$").exit_code, 137);
  EXPECT_EQ(runtime.Run("kill -TERM $$").exit_code, 143);
  EXPECT_EQ(runtime.Run("ulimit -c 0; kill -SEGV $$").exit_code, 139);
}

TEST_P(Containers, ThatCannotBeStartedSayWhyAndExit128) {
  const ContainerExit by_name = runtime.Run(Argv({"no-such-program"}));
  EXPECT_EQ(by_name.exit_code, 128);
  EXPECT_EQ(by_name.reason, ExitReason::kStartError);
  EXPECT_EQ(by_name.message, "no-such-program: executable file not found in $PATH");
  const ContainerExit by_path = runtime.Run(Argv({"/no/such"}));
  EXPECT_EQ(by_path.reason, ExitReason::kStartError);
  EXPECT_EQ(by_path.message, "/no/such: No such file or directory");
  EXPECT_EQ(runtime.Run(Argv({"/etc/passwd"})).message, "/etc/passwd: Permission denied");
  ContainerSpec lost = Shell("true");
  lost.working_directory = "/no/such/place";
  // With mounts of its own it is made.
  EXPECT_EQ(runtime.Run(lost).message,
            runtime->has_own_mounts() ? "" : "working directory /no/such/place: No such file or directory");
}

TEST_P(Containers, SeeTheirEnvironmentAndWorkingDirectoryAndNothingElseOfOurs) {
  ContainerSpec spec = Shell("pwd; env | grep -v -e ^PWD -e ^SHLVL; ls /proc/self/fd | wc -w; cat");
  spec.environment = {"PATH=/usr/bin:/bin", "GREETING=hello world"};
  spec.working_directory = "/usr/bin";
  // ls has its own descriptor of the directory beside the three.
  EXPECT_EQ(runtime.OutputOf(spec), "/usr/bin\nGREETING=hello world\nPATH=/usr/bin:/bin\n4\n");
}

TEST_P(Containers, AreEndedBySigtermThoughTheyDoNotHandleIt) {
  const ContainerId id = runtime.Begin(Argv({"sleep", "1000"}));
  runtime->StopContainer(id, milliseconds(10000));
  const ContainerExit exit = runtime.ExitOf(id);
  EXPECT_EQ(exit.exit_code, 143);
  EXPECT_LT(exit.finished_at - exit.started_at, milliseconds(2000));
}

TEST_P(Containers, MayEndTheirOwnWayAtSigterm) {
  const ContainerId id = runtime.Begin(Shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done"));
  runtime.AwaitLine("ready");
  runtime->StopContainer(id, milliseconds(10000));
  EXPECT_EQ(runtime.ExitOf(id).exit_code, 7);
}

TEST_P(Containers, ThatIgnoreSigtermAreKilledAfterTheirGrace) {
  const ContainerId id = runtime.Begin(Shell("trap '' TERM; echo ready; while :; do sleep 0.01; done"));
  runtime.AwaitLine("ready");
  const Time asked = Now();
  runtime->StopContainer(id, milliseconds(100));
  const ContainerExit exit = runtime.ExitOf(id);
  EXPECT_EQ(exit.exit_code, 137);
  EXPECT_GE(exit.finished_at - asked, milliseconds(95));
  EXPECT_LT(exit.finished_at - asked, milliseconds(2000));
}

TEST_P(Containers, StoppedBeforeTheyHaveStartedAreStoppedAllTheSame) {
  const ContainerId id = runtime.Begin(Argv({"sleep", "1000"}));
  runtime->StopContainer(id, milliseconds(0));
  EXPECT_EQ(runtime.ExitOf(id).exit_code, 137);
  runtime->StopContainer(id, milliseconds(0));  // and again is no harm
}

TEST_P(Containers, LeaveNoDescendantsBehindEvenInOtherSessions) {
  const std::string leave = Cat("(setsid sh -c 'trap \"\" TERM HUP; exec sleep ", Mark(1), "' &) ; setsid sleep ",
                                Mark(1), " & sleep 0.05; exit 3");
  EXPECT_EQ(runtime.Run(leave).exit_code, 3);
  EXPECT_EQ(CountProcesses(Mark(1)), 0);
  const ContainerId id =
      runtime.Begin(Shell(Cat("(setsid sleep ", Mark(2), " &); setsid sleep ", Mark(2), " & echo ready; sleep 1000")));
  runtime.AwaitLine("ready");
  runtime->StopContainer(id, milliseconds(0));
  EXPECT_EQ(runtime.ExitOf(id).exit_code, 137);
  EXPECT_EQ(CountProcesses(Mark(2)), 0);
}

TEST_P(Containers, OfARemovedPodAreKilled) {
  const SandboxId pod = runtime.Pod();
  const ContainerId first = runtime.Begin(pod, Argv({"sleep", "1000"}));
  const ContainerId second = runtime.Begin(pod, Argv({"sleep", "1000"}));
  runtime->RemovePodSandbox(pod);
  EXPECT_EQ(runtime.ExitOf(first).exit_code, 137);
  EXPECT_EQ(runtime.ExitOf(second).exit_code, 137);
  EXPECT_FALSE(runtime->StartContainer(pod, Shell("true")).ok());
}

TEST_P(Containers, EndWithTheRuntimeAndLeaveNothing) {
  for (int i = 0; i < 5; ++i)
    runtime.Begin(Shell(Cat("trap '' TERM; (setsid sleep ", Mark(3), " &); sleep ", Mark(3))));
  runtime.End();
  EXPECT_EQ(CountProcesses(Mark(3)), 0);
  EXPECT_TRUE(fs::is_empty(runtime.Path("state")));
  EXPECT_EQ(CountCgroupsOf(getpid()), 0);
}

TEST_P(Containers, EndWithTheEngineEvenIfItIsKilled) {
  const std::string state = runtime.Path("doomed");
  const OtherProcess engine("OtherProcess.DISABLED_IsAnEngineThatWaits",
                            {{"STATE", state}, {"MARK", Mark(4)}, {"PLAIN", GetParam() == World::kPlain ? "1" : "0"}});
  const pid_t killed = engine.pid();
  // The two that sleep; reprieve-init shows no arguments.
  ASSERT_TRUE(Eventually([] { return CountProcesses(Mark(4)) == 2; }));
  engine.Kill();
  EXPECT_TRUE(Eventually([] { return CountProcesses(Mark(4)) == 0; }));
  // The next engine sweeps what this one had no time to remove.
  EXPECT_FALSE(fs::is_empty(state));
  { const TestRuntime next({.plain_processes = GetParam() == World::kPlain}, state); }
  EXPECT_TRUE(fs::is_empty(state));
  runtime.End();
  EXPECT_EQ(CountCgroupsOf(killed), 0);
  EXPECT_EQ(CountCgroupsOf(getpid()), 0);
}

TEST_P(Containers, HaveTheirOutputKeptToTheLastLine) {
  ContainerSpec spec = Shell("i=0; while [ $i -lt 5000 ]; do echo out $i; i=$((i+1)); done; echo oops >&2; printf end");
  const std::string log = runtime.LogOf(spec);
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 5002);
  EXPECT_NE(log.find(" stdout F out 4999\n"), std::string::npos);
  EXPECT_NE(log.find(" stderr F oops\n"), std::string::npos);
  EXPECT_NE(log.find(" stdout P end\n"), std::string::npos);
}

TEST_P(Containers, MaySayAHundredThousandLines) {
  ContainerSpec spec = Argv({"seq", "100000"});
  const std::string log = runtime.LogOf(spec);
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 100000);
}

TEST_P(Containers, ByTheHundredsAllEndOnce) {
  std::vector<ContainerId> ids;
  ids.reserve(200);
  for (int i = 0; i < 200; ++i) ids.push_back(runtime.Begin(Argv({"/bin/true"})));
  for (const ContainerId id : ids) EXPECT_EQ(runtime.ExitOf(id).exit_code, 0);
  EXPECT_EQ(runtime.exits_seen(), 200);
}

TEST_P(Containers, OfAnotherUserAreThatUser) {
  ContainerSpec spec = Shell("id -u; id -g; id -G");
  spec.uid = 65534, spec.gid = 65533;
  if (!MayBecomeAnotherUser()) GTEST_SKIP() << "needs root's right to change its user";
  EXPECT_EQ(runtime.OutputOf(spec), "65534\n65533\n65533\n");
}

// What only a sandbox gives.

constexpr const char* kNoHostsFile = "this machine has no /etc/hosts for a pod's own to stand in place of";

class Sandboxed : public testing::Test {
 protected:
  void SetUp() override {
    if (!runtime->capabilities().own_pids()) GTEST_SKIP() << runtime->Describe();
  }
  TestRuntime runtime;
};

TEST_F(Sandboxed, ContainersSeeTheirOwnHostNameHostsAndProcesses) {
  if (!MachineHasHostsFile()) GTEST_SKIP() << kNoHostsFile;
  PodSandboxSpec pod{.name = "pod", .hostname = "worker-0"};
  pod.hosts = {{"127.20.0.7", {"worker-7.js.default.svc.cluster.local", "worker-7.js"}}};
  const std::string out = runtime.OutputOf(pod, Shell("uname -n; grep worker /etc/hosts; echo $$; cat /proc/1/comm"));
  EXPECT_EQ(out,
            "worker-0\n127.0.0.1\tworker-0\n"
            "127.20.0.7\tworker-7.js.default.svc.cluster.local\tworker-7.js\n"
            "2\nreprieve-init\n");
}

TEST_F(Sandboxed, ASharedHostsFileMayGrowWhilePodsRun) {
  if (!MachineHasHostsFile()) GTEST_SKIP() << kNoHostsFile;
  runtime.Write("hosts", "127.0.0.1 localhost\n");
  PodSandboxSpec pod{.name = "pod", .hostname = "worker-0"};
  pod.hosts_path = runtime.Path("hosts");
  const ContainerId id =
      runtime.Begin(pod, Shell("echo ready; while ! grep -q late /etc/hosts; do sleep 0.01; done; echo seen"));
  runtime.AwaitLine("ready");
  std::ofstream(runtime.Path("hosts"), std::ios::app) << "127.20.0.9 late\n";
  EXPECT_EQ(runtime.ExitOf(id).exit_code, 0);
}

TEST_F(Sandboxed, AVolumeIsSeenAtItsPathAndReadOnlyMeansReadOnly) {
  runtime.Write("volume/file", "content\n");
  fs::create_directories(runtime.Path("here"));
  ContainerSpec spec =
      Shell(Cat("cd ", runtime.Path("here"), "; cat file; (echo more > new) 2> /dev/null || echo refused"));
  spec.mounts = {{runtime.Path("volume"), runtime.Path("here"), true}};
  EXPECT_EQ(runtime.OutputOf(spec), "content\nrefused\n");
  spec.mounts[0].read_only = false;
  EXPECT_EQ(runtime.OutputOf(spec), "content\n");
  EXPECT_TRUE(fs::exists(runtime.Path("volume/new")));
  EXPECT_TRUE(fs::is_empty(runtime.Path("here")));
}

TEST_F(Sandboxed, AMountPathThatTheMachineLacksAppearsWithoutTouchingTheMachine) {
  runtime.Write("volume/file", "content\n");
  runtime.Write("there/neighbour", "still here\n");
  ContainerSpec spec =
      Shell(Cat("cat /reprieve-test-data/deep/file ", runtime.Path("there/new/file"), " ",
                runtime.Path("there/neighbour"), "; test -d /usr/bin && test -c /dev/null && echo all"));
  spec.mounts = {{runtime.Path("volume"), "/reprieve-test-data/deep"},
                 {runtime.Path("volume"), runtime.Path("there/new")}};
  EXPECT_EQ(runtime.OutputOf(spec), "content\ncontent\nstill here\nall\n");
  EXPECT_FALSE(fs::exists("/reprieve-test-data"));
  EXPECT_FALSE(fs::exists(runtime.Path("there/new")));
}

TEST_F(Sandboxed, AVolumeMayHideThePlaceWhereVolumesAreKept) {
  runtime.Write("a/file", "a\n");
  runtime.Write("b/file", "b\n");
  const std::string base = runtime.Path("");
  ContainerSpec spec = Shell(Cat("cd ", base, "; cat file sub/file; ls"));
  spec.mounts = {{runtime.Path("a"), base}, {runtime.Path("b"), base + "/sub"}};
  EXPECT_EQ(runtime.OutputOf(spec), "a\nb\nfile\nsub\n");
}

TEST_F(Sandboxed, AVolumeThatDoesNotExistIsAStartError) {
  ContainerSpec spec = Shell("true");
  spec.mounts = {{"/no/such/volume", "/tmp"}};
  const ContainerExit exit = runtime.Run(spec);
  EXPECT_EQ(exit.exit_code, 128);
  EXPECT_EQ(exit.message, "volume for mount path /tmp: /no/such/volume does not exist on this machine");
}

TEST_F(Sandboxed, TheTerminationMessageComesWithTheExitAndOfALongOneTheLast4096Bytes) {
  ContainerSpec spec = Shell("echo -n gone wrong > /dev/termination-log; exit 1");
  spec.termination_message_path = "/dev/termination-log";
  EXPECT_EQ(runtime.Run(spec).message, "gone wrong");
  spec.argv[2] = "(head -c 5000 /dev/zero | tr '\\0' x; printf end) > /dev/termination-log";
  EXPECT_EQ(runtime.Run(spec).message, std::string(4093, 'x') + "end");
  EXPECT_FALSE(fs::exists("/dev/termination-log"));
}

TEST_F(Sandboxed, AnOrdinaryUserGetsTheSame) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
  if (!MachineHasHostsFile()) GTEST_SKIP() << kNoHostsFile;
  fs::permissions(runtime.Path(""), fs::perms::all);
  runtime.Write("user/volume/file", "content\n");
  for (const auto* path : {"user", "user/volume"}) fs::permissions(runtime.Path(path), fs::perms::all);
  const OtherProcess user("OtherProcess.DISABLED_IsAnOrdinaryUser", {{"STATE", runtime.Path("user")}}, 65534);
  EXPECT_EQ(user.Wait(), 0);
}

// Limits.

class Limited : public testing::Test {
 protected:
  void SetUp() override {
    if (runtime->Describe().find("limits on memory, cpu") == std::string::npos) GTEST_SKIP() << runtime->Describe();
  }
  TestRuntime runtime;
};

// Doubles a string to 64 MiB and holds it.
constexpr const char* kHog = "x=0123456789abcdef; while [ ${#x} -lt 67108864 ]; do x=$x$x; done; sleep 1000; echo $x";

TEST_F(Limited, AContainerOverItsMemoryLimitIsOomKilled) {
  ContainerSpec spec = Shell(kHog);
  spec.limits.memory_bytes = 32 << 20;
  const ContainerExit exit = runtime.Run(spec);
  EXPECT_EQ(exit.exit_code, 137);
  EXPECT_EQ(exit.reason, ExitReason::kOomKilled);
  EXPECT_EQ(CountCgroupsOf(getpid(), "c"), 0);
}

TEST_F(Limited, APodOverItsMemoryLimitIsOomKilledToo) {
  PodSandboxSpec pod{.name = "pod"};
  pod.limits.memory_bytes = 32 << 20;
  EXPECT_EQ(runtime.Run(pod, Shell(kHog)).exit_code, 137);
}

TEST_F(Limited, AContainerHasOnlySoManyProcesses) {
  ContainerSpec spec = Shell("sleep 1 & sleep 1 & sleep 1 & wait");
  spec.limits.pids = 2;
  EXPECT_NE(runtime.Run(spec).exit_code, 0);
  spec.argv[2] = "true & wait";
  EXPECT_EQ(runtime.Run(spec).exit_code, 0);
}

// How much of the time that it ran it had a processor; whatever else the machine does, no more than its limit.
TEST_F(Limited, ProcessorTimeIsShared) {
  ContainerSpec spec = Shell("i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; times; exit 1");
  spec.message_from_output = true;
  spec.limits.cpu_milli = 100;
  const ContainerExit exit = runtime.Run(spec);
  // 0m0.115000s 0m0.002000s, and the same of its children.
  int user_minutes = 0;
  int system_minutes = 0;
  double user = 0;
  double system = 0;
  ASSERT_EQ(std::sscanf(exit.message.c_str(), "%dm%lfs %dm%lfs", &user_minutes, &user, &system_minutes, &system), 4)
      << exit.message;
  const std::chrono::duration<double> ran = exit.finished_at - exit.started_at;
  EXPECT_GT(user + system, 0.01);
  EXPECT_LT(user + system, 0.5 * ran.count()) << ran.count() << " s";
}

TEST(WithoutCgroups, AContainerOverItsMemoryLimitIsKilledAsTheKernelWouldHave) {
  TestRuntime runtime({.no_cgroups = true});
  ContainerSpec spec = Shell(kHog);
  spec.limits.memory_bytes = 32 << 20;
  const ContainerExit exit = runtime.Run(spec);
  EXPECT_EQ(exit.exit_code, 137);
  EXPECT_EQ(exit.reason, ExitReason::kOomKilled);
  spec.limits.memory_bytes = 1 << 30;
  spec.argv[2] = "sleep 0.3";
  EXPECT_EQ(runtime.Run(spec).exit_code, 0);
}

// What OtherProcess runs.

TEST(OtherProcess, DISABLED_IsAnEngineThatWaits) {
  TestRuntime runtime({.plain_processes = Variable("REPRIEVE_TEST_PLAIN") == "1"}, Variable("REPRIEVE_TEST_STATE"));
  const std::string mark = Variable("REPRIEVE_TEST_MARK");
  runtime.Begin(Argv({"sleep", mark}));
  runtime.Begin(Shell(Cat("trap '' TERM; (setsid setsid sleep ", mark, " &); exec sleep 1000")));
  pause();
}

TEST(OtherProcess, DISABLED_IsAnOrdinaryUser) {
  TestRuntime runtime({}, Variable("REPRIEVE_TEST_STATE") + "/state");
  ASSERT_TRUE(runtime->capabilities().user_namespace()) << runtime->Describe();
  PodSandboxSpec pod{.name = "pod", .hostname = "worker-0"};
  EXPECT_EQ(runtime.OutputOf(pod, Shell("id -u; uname -n; echo $$; grep -c worker /etc/hosts")),
            "65534\nworker-0\n2\n1\n");
  ContainerSpec spec = Shell("cat /reprieve-test-data/file; echo hello > /dev/null; echo from a user > $MESSAGE");
  spec.environment.push_back("MESSAGE=/dev/termination-log");
  spec.termination_message_path = "/dev/termination-log";
  spec.mounts = {{Variable("REPRIEVE_TEST_STATE") + "/volume", "/reprieve-test-data", true}};
  const ContainerId id = runtime.Begin(pod, spec);
  EXPECT_EQ(runtime.ExitOf(id).message, "from a user\n");
  const ContainerId host = runtime.Begin(pod, Shell("echo here; sleep 1000"));
  runtime.AwaitLine("here");
  const ExecEnd beside = runtime.RunBeside(host, "test $(id -u) = 65534 && test $(uname -n) = worker-0 && exit 7");
  EXPECT_EQ(beside.exit_code, 7) << beside.message;
  runtime.AwaitLine("content");
  EXPECT_EQ(runtime.Run(Cat("(setsid sleep ", Mark(5), " &); exit 5")).exit_code, 5);
  runtime.End();
  EXPECT_EQ(CountProcesses(Mark(5)), 0);
}

}  // namespace
}  // namespace reprieve::runtime
