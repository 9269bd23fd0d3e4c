// What this machine allows, found out in another way, the runtime has found too: tests that skip where it has found
// less rely on it.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "base/text.h"
#include "runtime/capabilities.h"
#include "runtime/cgroup.h"
#include "runtime/pod_network.h"

namespace reprieve::runtime {
namespace {

bool InAChild(const std::function<bool()>& what) {
  const pid_t child = fork();
  if (child == 0) _exit(what() ? 0 : 1);
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// A mount namespace in which a mount can be made, and a host name of its own; for an ordinary user inside a user
// namespace. Podman's usual filter allows the former without the latter.
bool MountsWith(int namespaces) {
  return InAChild([namespaces] {
    if (unshare(namespaces | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) != 0) return false;
    return mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 && sethostname("probe", 5) == 0;
  });
}

TEST(MachineAllows, MountsOfAContainersOwn) {
  const auto found = ProbeCapabilities();
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->own_mounts() || !(MountsWith(0) || MountsWith(CLONE_NEWUSER))) << found->Describe();
}

TEST(MachineAllows, ProcessesOfAContainersOwn) {
  const auto found = ProbeCapabilities();
  ASSERT_TRUE(found.ok());
  const auto own_proc = [](int namespaces) {
    return InAChild([namespaces] {
      if (unshare(namespaces | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS) != 0) return false;
      // The first process in the new namespace mounts its /proc.
      return InAChild([] {
        return mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0 &&
               sethostname("probe", 5) == 0;
      });
    });
  };
  EXPECT_TRUE(found->own_pids() || !(own_proc(0) || own_proc(CLONE_NEWUSER))) << found->Describe();
}

TEST(MachineAllows, MemoryLimitsWhereRootMayMakeAGroup) {
  if (geteuid() != 0) GTEST_SKIP() << "not root: who may make groups is the machine's choice";
  const std::string place = Cat("/sys/fs/cgroup/memory/reprieve-test-", getpid());
  if (mkdir(place.c_str(), 0755) != 0) GTEST_SKIP() << "no memory controller of cgroup v1 that can be written to";
  const bool limits = std::filesystem::exists(place + "/memory.limit_in_bytes");
  rmdir(place.c_str());
  if (!limits) GTEST_SKIP() << "no memory controller of cgroup v1";
  EXPECT_TRUE(Cgroups::Open().memory());
}

TEST(MachineAllows, NetworksOfPodsOwnWhereRootMayConnectThem) {
  if (geteuid() != 0) GTEST_SKIP() << "not root: only root may connect networks";
  const std::string one = Cat("rpt", getpid(), "c");
  const bool namespaces = InAChild([] { return unshare(CLONE_NEWNET) == 0; });
  const bool routes = InAChild([] {
    return unshare(CLONE_NEWNET) == 0 && std::system("echo 1 2>/dev/null >/proc/sys/net/ipv4/ip_forward") == 0;
  });
  const bool pairs =
      std::system(Cat("ip link add ", one, " type veth peer name ", one, "p 2>/dev/null").c_str()) == 0 &&
      std::system(Cat("ip link delete ", one).c_str()) == 0;
  if (!namespaces || !routes || !pairs) GTEST_SKIP() << "this machine allows no networks of pods' own";
  const auto network = PodNetwork::Open();
  EXPECT_TRUE(network.ok()) << network.error().message;
}

}  // namespace
}  // namespace reprieve::runtime
