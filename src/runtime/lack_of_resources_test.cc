// What we or the machine lack is no failure of the program: its start waits, and is tried again.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <vector>

#include "runtime/file_limit.h"
#include "runtime/testing.h"

namespace reprieve::runtime {
namespace {

using std::chrono::milliseconds;

// Takes all descriptors that are left but `spare`, for as long as it lives.
class FewDescriptors {
 public:
  explicit FewDescriptors(int spare) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int highest = dup(0);
    rlimit low = before_;
    low.rlim_cur = static_cast<rlim_t>(highest + 40);
    setrlimit(RLIMIT_NOFILE, &low);
    taken_.push_back(highest);
    for (int fd = dup(0); fd >= 0; fd = dup(0)) taken_.push_back(fd);
    for (int i = 0; i < spare && !taken_.empty(); ++i) {
      close(taken_.back());
      taken_.pop_back();
    }
  }
  ~FewDescriptors() { Free(); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;
  void Free() {
    for (const int fd : taken_) close(fd);
    taken_.clear();
    setrlimit(RLIMIT_NOFILE, &before_);
  }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

TEST(AStartThatFindsNoDescriptors, WaitsForThemAndIsNotJudged) {
  TestRuntime runtime;
  FewDescriptors few(1);
  ContainerSpec spec = Shell("exit 7");
  spec.log_path = runtime.Path("log");
  const ContainerId id = runtime.Begin(spec);
  EXPECT_EQ(runtime.AwaitNotice().substr(0, 43), "pod pod: container main did not start: cann");
  EXPECT_NE(runtime.AwaitNotice().find("Too many open files"), std::string::npos) << runtime.AwaitNotice();
  EXPECT_EQ(runtime.exits_seen(), 0);
  few.Free();
  const ContainerExit exit = runtime.ExitOf(id);
  EXPECT_EQ(exit.exit_code, 7) << exit.message;
  EXPECT_EQ(runtime.starts_of(id), 1);
}

TEST(AStartThatFindsNoDescriptors, MayBeStoppedAndRemovedMeanwhile) {
  TestRuntime runtime;
  FewDescriptors few(1);
  const SandboxId pod = runtime.Pod();
  const ContainerId stopped = runtime.Begin(pod, Shell("exit 7"));
  const ContainerId removed = runtime.Begin(pod, Shell("exit 7"));
  runtime.AwaitNotice();
  runtime->StopContainer(stopped, milliseconds(10000));
  EXPECT_EQ(runtime.ExitOf(stopped).exit_code, 137);
  runtime->RemovePodSandbox(pod);
  EXPECT_EQ(runtime.ExitOf(removed).exit_code, 137);
  const ContainerId at_the_end = runtime.Begin(Shell("exit 7"));
  runtime.End();
  EXPECT_EQ(runtime.ExitOf(at_the_end).exit_code, 137);
  few.Free();
}

TEST(TheFileLimit, IsOursRaisedAndTheProgramsAsItWas) {
  TestRuntime runtime;
  rlimit now{};
  getrlimit(RLIMIT_NOFILE, &now);
  EXPECT_EQ(now.rlim_cur, now.rlim_max);
  EXPECT_EQ(runtime.OutputOf(Shell("ulimit -Sn")), Cat(RaiseFileLimit().rlim_cur, "\n"));
}

TEST(AProbe, LeavesNoDescriptorOpen) {
  const auto open_files = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  const auto before = open_files();
  ASSERT_TRUE(ProbeCapabilities().ok());
  EXPECT_EQ(open_files(), before);
}

TEST(ContainersOfALimitedPod, MayAskForMoreProcessorTimeThanThePodHas) {
  TestRuntime runtime;
  PodSandboxSpec pod{.name = "pod"};
  pod.limits.cpu_milli = 100;
  ContainerSpec spec = Shell("exit 4");
  spec.limits.cpu_milli = 200;
  EXPECT_EQ(runtime.Run(pod, spec).exit_code, 4);
  spec.limits.cpu_milli = std::numeric_limits<std::int64_t>::max();
  spec.limits.pids = std::numeric_limits<std::int64_t>::max();
  spec.limits.memory_bytes = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(runtime.Run({.name = "pod"}, spec).exit_code, 4);
}

}  // namespace
}  // namespace reprieve::runtime
