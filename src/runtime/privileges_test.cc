// What containers may do: capabilities, no new privileges, a read-only root.
#include <gtest/gtest.h>
#include <sys/prctl.h>

#include "runtime/testing.h"

namespace reprieve::runtime {
namespace {

enum class World { kSandbox, kPlain };

class PrivilegesTest : public testing::TestWithParam<World> {
 protected:
  // What /proc/self/status says of a program with these privileges, "CapEff:0000000000000000" for one.
  std::string StatusOf(const Privileges& privileges, std::optional<std::uint32_t> uid = {}) {
    ContainerSpec spec = Shell("grep -E '^(Cap|NoNew)' /proc/self/status | tr -d '\\t'");
    spec.privileges = privileges;
    spec.uid = uid;
    return runtime.OutputOf(std::move(spec));
  }
  TestRuntime runtime{{.plain_processes = GetParam() == World::kPlain}};
};
INSTANTIATE_TEST_SUITE_P(InBothWorlds, PrivilegesTest, testing::Values(World::kSandbox, World::kPlain),
                         [](const auto& world) { return world.param == World::kSandbox ? "Sandbox" : "Plain"; });

bool HasLine(const std::string& text, const std::string& line) {
  return Cat("\n", text).find(Cat("\n", line, "\n")) != std::string::npos;
}

TEST_P(PrivilegesTest, WithoutAnyCapabilityNothingOfItIsLeft) {
  const std::string status = StatusOf({.capabilities = 0});
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
    EXPECT_TRUE(HasLine(status, Cat(set, ":0000000000000000"))) << status;
  }
  // Who could not give up the bounding set can't gain from it either.
  EXPECT_TRUE(HasLine(status, "CapBnd:0000000000000000") || HasLine(status, "NoNewPrivs:1")) << status;
}

TEST_P(PrivilegesTest, OnlyThoseNamedAreLeft) {
  if (geteuid() != 0) GTEST_SKIP() << "an ordinary user has no capabilities";
  const std::string status = StatusOf({.capabilities = 1 << 10});  // CAP_NET_BIND_SERVICE
  EXPECT_TRUE(HasLine(status, "CapEff:0000000000000400")) << status;
  EXPECT_TRUE(HasLine(status, "CapBnd:0000000000000400")) << status;
  EXPECT_TRUE(HasLine(status, "NoNewPrivs:0")) << status;
}

TEST_P(PrivilegesTest, AnotherUserIsBoundByThemToo) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may start processes of other users";
  const std::string status = StatusOf({.capabilities = 0, .no_new = true}, 1000);
  EXPECT_TRUE(HasLine(status, "CapEff:0000000000000000")) << status;
  EXPECT_TRUE(HasLine(status, "CapBnd:0000000000000000")) << status;
  EXPECT_TRUE(HasLine(status, "NoNewPrivs:1")) << status;
}

TEST_P(PrivilegesTest, NoNewPrivilegesIsSetOnlyIfAskedFor) {
  EXPECT_TRUE(HasLine(StatusOf({.no_new = true}), "NoNewPrivs:1"));
  EXPECT_TRUE(HasLine(StatusOf({}), Cat("NoNewPrivs:", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0))));
}

TEST_P(PrivilegesTest, AProcessBesideTheContainersOwnHasNoMore) {
  const ContainerId host = runtime.Begin(Shell("echo up; while :; do sleep 0.1; done"));
  runtime.AwaitLine("up");
  ExecSpec spec{
      .argv = {"sh", "-c", "grep -q 'NoNewPrivs:.*1' /proc/self/status && grep -q 'CapEff:.*0$' /proc/self/status"},
      .environment = {"PATH=/usr/bin:/bin"},
      .privileges = {.capabilities = 0, .no_new = true},
      .timeout = std::chrono::seconds(10)};
  EXPECT_EQ(runtime.RunBeside(host, spec).exit_code, 0);
}

class ReadOnlyRoot : public testing::Test {
 protected:
  void SetUp() override {
    if (!runtime->has_own_mounts()) GTEST_SKIP() << "this machine and user allow no mounts";
    runtime.Write("volume/inside", "");
    spec.read_only_root = true;
  }
  TestRuntime runtime;
  ContainerSpec spec = Shell("");
};

TEST_F(ReadOnlyRoot, OnlyVolumesAndWhatEveryContainerWritesToAreWritable) {
  const std::string outside = runtime.Path("outside");
  spec.mounts = {{runtime.Path("volume"), "/mnt"}};
  spec.argv.back() = Cat("for f in /mnt/file /dev/shm/reprieve-ro-test ", outside, " /etc/reprieve-ro-test; do ",
                         "touch $f 2>/dev/null && echo wrote $f; done; rm -f /dev/shm/reprieve-ro-test; ",
                         "echo 1 > /dev/null && echo null; echo 500 > /proc/self/oom_score_adj && echo proc");
  EXPECT_EQ(runtime.OutputOf(spec), "wrote /mnt/file\nwrote /dev/shm/reprieve-ro-test\nnull\nproc\n");
  EXPECT_EQ(std::filesystem::exists(outside), false);
  EXPECT_TRUE(std::filesystem::exists(runtime.Path("volume/file")));
}

TEST_F(ReadOnlyRoot, TheErrorIsThatOfAReadOnlyFileSystem) {
  spec.argv.back() = Cat("touch ", runtime.Path("outside"), " 2>&1");
  EXPECT_NE(runtime.OutputOf(spec).find("Read-only file system"), std::string::npos);
}

TEST_F(ReadOnlyRoot, AVolumeMayStandWhereTheMachineHasNothing) {
  spec.mounts = {{runtime.Path("volume"), "/no-such/place"}, {runtime.Path("volume"), "/no-such/place/deeper"}};
  spec.argv.back() = "touch /no-such/place/a /no-such/place/deeper/b && touch /no-such/x 2>/dev/null || echo refused";
  EXPECT_EQ(runtime.OutputOf(spec), "refused\n");
  EXPECT_TRUE(std::filesystem::exists(runtime.Path("volume/a")));
  EXPECT_TRUE(std::filesystem::exists(runtime.Path("volume/b")));
}

TEST_F(ReadOnlyRoot, AReadOnlyVolumeStaysSo) {
  spec.mounts = {{runtime.Path("volume"), "/mnt", true}};
  spec.argv.back() = "touch /mnt/file 2>/dev/null || echo refused";
  EXPECT_EQ(runtime.OutputOf(spec), "refused\n");
}

TEST_F(ReadOnlyRoot, TheTerminationMessageIsWritten) {
  spec.termination_message_path = "/dev/termination-log";
  spec.argv.back() = "echo because > /dev/termination-log";
  EXPECT_EQ(runtime.Run(spec).message, "because\n");
}

TEST(ReadOnlyRootOfPlainProcesses, IsRefusedRatherThanIgnored) {
  TestRuntime plain{{.plain_processes = true}};
  ContainerSpec spec = Shell("true");
  spec.read_only_root = true;
  const ContainerExit exit = plain.Run(spec);
  EXPECT_EQ(exit.reason, ExitReason::kStartError);
  EXPECT_NE(exit.message.find("cannot make its root read-only"), std::string::npos) << exit.message;
}

}  // namespace
}  // namespace reprieve::runtime
