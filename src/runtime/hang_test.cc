// What must not hang: programs that make cgroups, that get away from their container, that the kernel does not end, and
// a kernel that watches no more descriptors.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <thread>

#include "runtime/testing.h"

namespace {

std::atomic<bool> epoll_is_full = false;

}  // namespace

// Stands before the library's for all of this program.
extern "C" int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) noexcept {
  if (operation == EPOLL_CTL_ADD && epoll_is_full) {
    errno = ENOSPC;
    return -1;
  }
  return static_cast<int>(syscall(SYS_epoll_ctl, epoll, operation, fd, event));
}

namespace reprieve::runtime {
namespace {

using std::chrono::milliseconds;
namespace fs = std::filesystem;

TEST(AProgramThatMakesCgroups, IsRemovedWithThem) {
  TestRuntime runtime;
  if (runtime->Describe().find("limits on memory") == std::string::npos) GTEST_SKIP() << runtime->Describe();
  ContainerSpec spec = Shell(
      "p=$(grep -E '(:memory:|^0::/.)' /proc/self/cgroup | head -1 | cut -d: -f3); "
      "for top in /sys/fs/cgroup/memory /sys/fs/cgroup; do test -d $top$p && cd $top$p && break; done; "
      "mkdir child child/deep && (echo 0 > child/deep/cgroup.procs; exec sleep 1000) & sleep 0.1; echo made; exit 3");
  spec.limits.memory_bytes = 64 << 20;
  EXPECT_EQ(runtime.Run(spec).exit_code, 3);
  EXPECT_TRUE(Eventually([] { return CountCgroupsOf(getpid(), "c") == 0; }));
  EXPECT_EQ(runtime.End(), "");
  EXPECT_EQ(CountCgroupsOf(getpid()), 0);
}

// Somebody outside of the container has its output open and never stops.
TEST(AContainersOutput, IsReadNoFurtherThanItsPipeIsLongOnceItHasEnded) {
  TestRuntime runtime;
  const ContainerId id = runtime.Begin(Shell("echo pid $$; echo up; sleep 1000"));
  runtime.AwaitLine("up");
  // The pipe belongs to the only process that was told this number to sleep.
  std::string pipe;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::error_code failed;
    const std::string line = ReadAll(entry.path() / "cmdline");
    const bool ours = line.find("echo pid $$; echo up") != std::string::npos && line.find("reprieve-init") != 0;
    if (ours && fs::exists(entry.path() / "fd/1", failed)) pipe = entry.path() / "fd/1";
  }
  ASSERT_NE(pipe, "");
  const int fd = open(pipe.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) GTEST_SKIP() << "the output of another process cannot be opened here";
  std::atomic<bool> enough = false;
  signal(SIGPIPE, SIG_IGN);
  std::thread writer([&] {
    const std::string line(4095, 'x');
    while (!enough) {
      if (write(fd, (line + "\n").c_str(), 4096) < 0 && errno != EAGAIN) break;
    }
  });
  runtime->StopContainer(id, milliseconds(0));
  EXPECT_EQ(runtime.ExitOf(id).exit_code, 137);
  enough = true;
  writer.join();
  close(fd);
}

TEST(AKernelThatWatchesNoMore, LosesNeitherOutputNorExit) {
  TestRuntime runtime;
  epoll_is_full = true;
  const ContainerId id = runtime.Begin(Shell("echo heard; exit 5"));
  runtime.AwaitLine("heard");
  EXPECT_EQ(runtime.ExitOf(id).exit_code, 5);
  const ContainerId other = runtime.Begin(Shell("echo up; sleep 1000"));
  runtime.AwaitLine("up");
  epoll_is_full = false;
  runtime->StopContainer(other, milliseconds(0));
  EXPECT_EQ(runtime.ExitOf(other).exit_code, 137);
}

// A PID namespace does not end before its last process has been reaped, here by a parent that stands outside.
TEST(AContainerThatDoesNotEnd, IsGivenUpAndToldOf) {
  TestRuntime runtime({}, {}, {.kill_patience = milliseconds(200)});
  if (!runtime->capabilities().own_pids() || geteuid() != 0) GTEST_SKIP() << runtime->Describe();
  const ContainerId id = runtime.Begin(Shell("echo up; exec sleep 987656"));
  runtime.AwaitLine("up");
  pid_t sleeper = 0;
  const std::string command(
      "sleep\0"
      "987656\0",
      13);
  ASSERT_TRUE(Eventually([&] {
    for (const auto& entry : fs::directory_iterator("/proc")) {
      if (ReadAll(entry.path() / "cmdline") == command) sleeper = std::stoi(entry.path().filename());
    }
    return sleeper > 0;
  }));
  int ready[2];
  int go[2];
  ASSERT_EQ(pipe(ready) + pipe(go), 0);
  const pid_t outside = fork();
  if (outside == 0) {
    const int ns = open(Cat("/proc/", sleeper, "/ns/pid").c_str(), O_RDONLY);
    if (setns(ns, CLONE_NEWPID) != 0) _exit(1);
    const pid_t inside = fork();
    if (inside == 0) {
      pause();
      _exit(0);
    }
    char byte = 'x';
    [[maybe_unused]] ssize_t n = write(ready[1], &byte, 1);
    n = read(go[0], &byte, 1);
    waitpid(inside, nullptr, 0);
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  runtime->StopContainer(id, milliseconds(0));
  const ContainerExit exit = runtime.ExitOf(id);
  EXPECT_EQ(exit.exit_code, 137);
  EXPECT_NE(exit.message.find("does not end: it hangs in the kernel"), std::string::npos) << exit.message;
  EXPECT_NE(runtime.End().find("of container main"), std::string::npos);
  ASSERT_EQ(write(go[1], &byte, 1), 1);
  waitpid(outside, nullptr, 0);
  for (const int fd : {ready[0], ready[1], go[0], go[1]}) close(fd);
}

}  // namespace
}  // namespace reprieve::runtime
