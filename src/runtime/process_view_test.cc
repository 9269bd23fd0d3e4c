// Which processes and which IPC a pod's containers see, and what they are given beside them: groups, signals, messages.
#include <gtest/gtest.h>
#include <unistd.h>

#include "runtime/last_lines.h"
#include "runtime/testing.h"

namespace reprieve::runtime {
namespace {

class ProcessViewTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!runtime->has_own_mounts()) GTEST_SKIP() << "this machine and user allow no namespaces";
  }
  static PodSandboxSpec PodOf(ProcessView view) { return {.name = "pod", .hostname = "pod-0", .processes = view}; }
  TestRuntime runtime;
};

TEST_F(ProcessViewTest, ContainersOfAPodThatSharesThemSeeEachOther) {
  const SandboxId pod = runtime.Pod(PodOf(ProcessView::kPod));
  const ContainerId one = runtime.Begin(pod, Shell(Cat("echo up; exec sleep ", Mark(1))));
  runtime.AwaitLine("up");
  const ContainerId other =
      runtime.Begin(pod, Shell(Cat("until grep -zq ^", Mark(1),
                                   " /proc/[0-9]*/cmdline; do sleep 0.01; done; hostname; "
                                   "kill $(grep -zl ^",
                                   Mark(1), "$ /proc/[0-9]*/cmdline | cut -d/ -f3 | sort -n | tail -1)")));
  EXPECT_EQ(runtime.ExitOf(other).exit_code, 0);
  EXPECT_EQ(runtime.ExitOf(one).exit_code, 143);
}

TEST_F(ProcessViewTest, WhatAContainerLeavesThereIsEndedWithIt) {
  const SandboxId pod = runtime.Pod(PodOf(ProcessView::kPod));
  const ContainerId stays = runtime.Begin(pod, Shell("echo up; exec sleep 60"));
  runtime.AwaitLine("up");
  EXPECT_EQ(
      runtime.ExitOf(runtime.Begin(pod, Shell(Cat("setsid sleep ", Mark(2), " & setsid sleep ", Mark(2), " & exit 5"))))
          .exit_code,
      5);
  EXPECT_TRUE(Eventually([] { return CountProcesses(Mark(2)) == 0; }));
  runtime->StopContainer(stays, std::chrono::milliseconds(0));
  EXPECT_EQ(runtime.ExitOf(stays).exit_code, 137);
}

TEST_F(ProcessViewTest, AProcessBesideAContainerIsAmongThem) {
  const SandboxId pod = runtime.Pod(PodOf(ProcessView::kPod));
  const ContainerId host = runtime.Begin(pod, Shell("echo up; exec sleep 60"));
  runtime.AwaitLine("up");
  EXPECT_EQ(runtime.RunBeside(host, "grep -q reprieve-pause /proc/1/comm").exit_code, 0);
  runtime->RemovePodSandbox(pod);
  runtime.ExitOf(host);
}

TEST_F(ProcessViewTest, ThoseOfTheMachineAreSeenIfThatIsAskedFor) {
  const std::string script = Cat("tr '\\0' '\\n' < /proc/", getpid(), "/cmdline | head -1");
  EXPECT_NE(runtime.OutputOf(PodOf(ProcessView::kMachine), Shell(script)).find("test"), std::string::npos);
  const ContainerId left =
      runtime.Begin(PodOf(ProcessView::kMachine), Shell(Cat("setsid sleep ", Mark(3), " & exit 0")));
  EXPECT_EQ(runtime.ExitOf(left).exit_code, 0);
  EXPECT_TRUE(Eventually([] { return CountProcesses(Mark(3)) == 0; }));
}

TEST_F(ProcessViewTest, SoIsItsIpc) {
  char ours[64] = {};
  ASSERT_GT(readlink("/proc/self/ns/ipc", ours, sizeof ours - 1), 0);
  EXPECT_EQ(runtime.OutputOf({.name = "pod", .host_ipc = true}, Shell("readlink /proc/self/ns/ipc")), Cat(ours, "\n"));
  EXPECT_NE(runtime.OutputOf({.name = "pod"}, Shell("readlink /proc/self/ns/ipc")), Cat(ours, "\n"));
}

TEST_F(ProcessViewTest, AWorkingDirectoryThatIsNotThereIsMade) {
  ContainerSpec spec = Shell("pwd; touch x; ls");
  spec.working_directory = "/reprieve-no-such/place";
  EXPECT_EQ(runtime.OutputOf(spec), "/reprieve-no-such/place\nx\n");
  runtime.Write("volume/inside", "");
  spec.mounts = {{runtime.Path("volume"), "/mnt"}};
  spec.working_directory = "/mnt/deep/down";
  EXPECT_EQ(runtime.OutputOf(spec), "/mnt/deep/down\nx\n");
  EXPECT_TRUE(std::filesystem::exists(runtime.Path("volume/deep/down/x")));
}

TEST(Groups, AreThoseThatWereGivenAndNoOthers) {
  if (geteuid() != 0) GTEST_SKIP() << "only root gives groups";
  TestRuntime runtime;
  ContainerSpec spec = Shell("id -u; id -g; id -G");
  spec.uid = 1000;
  spec.gid = 1001;
  spec.groups = {2000, 3000};
  EXPECT_EQ(runtime.OutputOf(spec), "1000\n1001\n1001 2000 3000\n");
  spec.groups.clear();
  EXPECT_EQ(runtime.OutputOf(spec), "1000\n1001\n1001\n");
  ContainerSpec root = Shell("id -u; id -G");
  root.groups = {7};
  EXPECT_EQ(runtime.OutputOf(root), "0\n0 7\n");
}

TEST(StopSignal, IsTheContainersOwn) {
  TestRuntime runtime;
  ContainerSpec spec = Shell("trap 'exit 3' USR1; trap 'exit 4' TERM; echo up; while :; do sleep 0.01; done");
  spec.stop_signal = SIGUSR1;
  const ContainerId id = runtime.Begin(std::move(spec));
  runtime.AwaitLine("up");
  runtime->StopContainer(id, std::chrono::seconds(10));
  EXPECT_EQ(runtime.ExitOf(id).exit_code, 3);
}

TEST(MessageFromOutput, IsTheEndOfTheOutputOfAFailure) {
  TestRuntime runtime;
  ContainerSpec spec = Shell("seq 100; printf 'no newline'; exit 2");
  spec.message_from_output = true;
  EXPECT_TRUE(runtime.Run(spec).message.starts_with("22\n"));
  EXPECT_TRUE(runtime.Run(spec).message.ends_with("\n100\nno newline\n"));
  spec.argv.back() = "echo fine";
  EXPECT_EQ(runtime.Run(spec).message, "");
}

TEST(LastLinesTest, KeepsTheLastBytesOfTheLastLines) {
  LastLines lines;
  EXPECT_EQ(lines.Text(), "");
  for (int i = 0; i < 100; ++i) lines.Add(std::string(100, static_cast<char>('a' + i % 26)));
  EXPECT_EQ(lines.Text().size(), LastLines::kBytes);
  EXPECT_TRUE(lines.Text().ends_with(std::string(100, 'a' + 99 % 26) + "\n"));
  lines.Add(std::string(5000, 'x') + "the end");
  EXPECT_EQ(lines.Text().size(), LastLines::kBytes);
  EXPECT_TRUE(lines.Text().ends_with("xthe end\n"));
}

}  // namespace
}  // namespace reprieve::runtime
