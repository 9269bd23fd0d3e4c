#include "runtime/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>
#include <tuple>
#include <utility>

#include "base/saturate.h"
#include "base/text.h"
#include "runtime/file.h"
#include "runtime/own_cgroup.h"

namespace reprieve::runtime {
namespace {

constexpr std::int64_t kCpuPeriodMicros = 100000;
constexpr std::int64_t kMinCpuQuotaMicros = 1000;            // the kernel takes no less
constexpr std::int64_t kMaxCpuQuotaMicros = 10'000'000'000;  // 100,000 processors; the kernel takes 2^44
constexpr std::int64_t kMaxPids = 4'194'304;                 // PID_MAX_LIMIT

// The 22nd field of /proc/PID/stat: when the process began, in ticks since boot. Empty: no such process.
std::string StartTicks(std::string_view pid) {
  const std::string stat = ReadFile(Cat("/proc/", pid, "/stat"));
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return {};
  const auto fields = Split(std::string_view(stat).substr(name_end + 2), ' ');
  return fields.size() > 19 ? std::string(fields[19]) : std::string();
}

std::string PidNamespace() {
  struct stat status {};
  return stat("/proc/self/ns/pid", &status) == 0 ? Cat(status.st_ino) : "0";
}

std::vector<std::string> SubdirectoriesOf(const std::string& directory) {
  std::vector<std::string> out;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
    if (entry.is_directory(failed)) out.push_back(entry.path().filename());
  }
  return out;
}

void KillMembers(const std::string& directory) {
  if (WriteFile(directory + "/cgroup.kill", "1") == 0) return;
  for (const std::string_view pid : Split(ReadFile(directory + "/cgroup.procs"), '\n')) {
    if (const auto number = ParseInt32(pid); number && *number > 0 && *number != getpid()) kill(*number, SIGKILL);
  }
}

// Removes it and the groups that programs have made in it, the deepest first. False: something is still going in one
// of them, and has been told to end; ask again.
bool TryRemoveTree(const std::string& directory) {
  if (rmdir(directory.c_str()) == 0 || errno == ENOENT) return true;
  bool empty = true;
  for (const std::string& name : SubdirectoriesOf(directory)) empty &= TryRemoveTree(Cat(directory, "/", name));
  if (empty && (rmdir(directory.c_str()) == 0 || errno == ENOENT)) return true;
  KillMembers(directory);
  return false;
}

// Gives up after some 100 ms: the next start tries again.
bool RemoveTree(const std::string& directory) {
  for (int attempt = 0; attempt < 50; ++attempt) {
    if (TryRemoveTree(directory)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

void SweepDeadEngines(const std::string& directory) {
  for (const std::string& name : SubdirectoriesOf(directory)) {
    if (IsNameOfADeadEngine(name)) RemoveTree(Cat(directory, "/", name));
  }
}

std::string CpuQuota(std::int64_t milli) {
  return Cat(std::clamp(MultiplySaturated(milli, kCpuPeriodMicros / 1000), kMinCpuQuotaMicros, kMaxCpuQuotaMicros));
}

// One process more than asked for: reprieve-init is none of the user's.
std::string PidsLimit(std::int64_t pids) {
  const std::int64_t limit = AddSaturated(pids, 1);
  return limit > kMaxPids ? "max" : Cat(limit);
}

}  // namespace

std::string EngineName() {
  return Cat("reprieve-", PidNamespace(), "-", getpid(), "-", StartTicks("self"));
}

bool IsNameOfADeadEngine(const std::string& name) {
  const auto pieces = Split(name, '-');
  if (pieces.size() < 4 || pieces[0] != "reprieve" || pieces[1] != PidNamespace()) return false;
  return StartTicks(pieces[2]) != pieces[3];
}

std::vector<int> Cgroup::join_fds() const {
  std::vector<int> out;
  for (const Fd& fd : join_fds_) out.push_back(fd.get());
  return out;
}

std::vector<Fd> Cgroup::OpenJoinFds() const {
  std::vector<Fd> out;
  for (const std::string& directory : directories_) {
    out.emplace_back(open((directory + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  }
  return out;
}

std::int64_t Cgroup::OomKills() const {
  if (memory_directory_.empty()) return 0;
  return NumberAfter(ReadFile(memory_directory_ + (version_2_ ? "/memory.events" : "/memory.oom_control")), "oom_kill");
}

bool Cgroup::Remove() {
  join_fds_.clear();
  std::erase_if(directories_, TryRemoveTree);
  return directories_.empty();
}

Cgroups Cgroups::Open() {
  Cgroups groups;
  const std::string own = ReadFile("/proc/self/cgroup");
  for (const CgroupMount& mount : ParseCgroupMounts(ReadFile("/proc/self/mountinfo"))) {
    if (mount.version_2) {
      if (groups.memory_.empty()) groups.UseVersion2(mount.path, OwnCgroup(mount, "", own));
      continue;
    }
    for (auto [controller, slot] :
         {std::pair("memory", &groups.memory_), std::pair("cpu", &groups.cpu_), std::pair("pids", &groups.pids_)}) {
      if (mount.Has(controller)) {
        groups.UseVersion1(controller, mount.path, OwnCgroup(mount, controller, own), *slot);
      }
    }
  }
  if (groups.Roots().empty() && groups.missing_.empty()) groups.missing_ = "no cgroups are mounted here";
  return groups;
}

Cgroups Cgroups::None(std::string reason) {
  Cgroups groups;
  groups.missing_ = std::move(reason);
  return groups;
}

Cgroups::~Cgroups() {
  RemoveAll();
}

std::vector<std::string> Cgroups::RemoveAll() {
  std::vector<std::string> left;
  for (const std::string& root : Roots()) {
    if (!RemoveTree(root)) left.push_back(root);
  }
  memory_.clear(), cpu_.clear(), pids_.clear();
  LeaveDaemonLeaf();
  return left;
}

void Cgroups::LeaveDaemonLeaf() {
  if (daemon_leaf_.empty()) return;
  for (const std::string_view controller : {"-memory", "-cpu", "-pids"}) {
    std::ignore = WriteFile(own_group_ + "/cgroup.subtree_control", controller);
  }
  std::ignore = WriteFile(own_group_ + "/cgroup.procs", "0");
  rmdir(daemon_leaf_.c_str());
  daemon_leaf_.clear();
}

std::string Cgroups::Describe() const {
  std::vector<std::string> bounded;
  if (memory()) bounded.emplace_back("memory");
  if (cpu()) bounded.emplace_back("cpu");
  if (pids()) bounded.emplace_back("number of processes");
  if (!memory()) {
    return Cat("memory limits by a look at the processes five times a second, cpu limits not at all (", missing_, ")");
  }
  return Cat("limits on ", Join(bounded, ", "), " by cgroup v", version_2_ ? 2 : 1);
}

std::vector<std::string> Cgroups::Roots() const {
  std::vector<std::string> roots;
  for (const std::string& root : {memory_, cpu_, pids_}) {
    if (!root.empty() && std::find(roots.begin(), roots.end(), root) == roots.end()) roots.push_back(root);
  }
  return roots;
}

void Cgroups::UseVersion1(const std::string& controller, const std::string& mount, const std::string& own,
                          std::string& slot) {
  if (own.empty()) {
    missing_ = Cat("the own ", controller, " group is not visible at ", mount);
    return;
  }
  SweepDeadEngines(own);
  const std::string directory = Cat(own, "/", EngineName());
  if (mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
    missing_ = Cat("cannot make a group in ", own, ": ", strerrordesc_np(errno));
    return;
  }
  slot = directory;
}

void Cgroups::UseVersion2(const std::string& mount, const std::string& own) {
  if (own.empty()) return;
  // Directories to try: our own group, and, for root, the top: a session's group may not have controllers to give.
  std::vector<std::string> bases = {own};
  if (own != mount && geteuid() == 0) bases.push_back(mount);
  for (const std::string& base : bases) {
    if (!HasWord(ReadFile(base + "/cgroup.controllers"), "memory", ' ')) continue;
    SweepDeadEngines(base);
    const std::string directory = Cat(base, "/", EngineName());
    if (mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
      missing_ = Cat("cannot make a group in ", base, ": ", strerrordesc_np(errno));
      continue;
    }
    // Memory first, the one that matters: with cpu alone a group that has processes becomes one of threads, which is
    // then refused memory for that (EOPNOTSUPP) and not for its processes (EBUSY).
    const auto enable = [](const std::string& at) {
      const int error = WriteFile(at + "/cgroup.subtree_control", "+memory");
      if (error != 0) return error;
      for (const std::string_view controller : {"+cpu", "+pids"}) {
        std::ignore = WriteFile(at + "/cgroup.subtree_control", controller);
      }
      return 0;
    };
    int error = enable(base);
    if (error == EBUSY && base == own) {
      // A group with processes of its own gives its children no controllers: move ours, and try again.
      const std::string leaf = Cat(base, "/", EngineName(), "-daemon");
      if (mkdir(leaf.c_str(), 0755) == 0 && WriteFile(leaf + "/cgroup.procs", "0") == 0) {
        error = enable(base);
        if (error != 0) std::ignore = WriteFile(base + "/cgroup.procs", "0");
      }
      if (error == 0) {
        daemon_leaf_ = leaf, own_group_ = base;
      } else {
        rmdir(leaf.c_str());
      }
    }
    if (error == 0) error = enable(directory);
    if (error != 0) {
      missing_ = Cat("cgroup v2 controllers cannot be used in ", base, ": ", strerrordesc_np(error));
      rmdir(directory.c_str());
      continue;
    }
    version_2_ = true;
    const std::string enabled = ReadFile(directory + "/cgroup.subtree_control");
    memory_ = directory;
    if (HasWord(enabled, "cpu", ' ')) cpu_ = directory;
    if (HasWord(enabled, "pids", ' ')) pids_ = directory;
    return;
  }
}

Result<Cgroup> Cgroups::Create(const std::string& name, const ResourceLimits& limits, const std::string& parent) const {
  struct Setting {
    bool wanted;
    const std::string& root;
    const char* file_1;
    const char* file_2;
    std::string text_1;
    std::string text_2;
  };
  const std::string quota = CpuQuota(limits.cpu_milli.value_or(0));
  const std::string pids = PidsLimit(limits.pids.value_or(0));
  const std::string memory = Cat(limits.memory_bytes.value_or(0));
  const Setting settings[] = {
      {limits.memory_bytes.has_value(), memory_, "memory.limit_in_bytes", "memory.max", memory, memory},
      {limits.cpu_milli.has_value(), cpu_, "cpu.cfs_quota_us", "cpu.max", quota, Cat(quota, " ", kCpuPeriodMicros)},
      {limits.pids.has_value(), pids_, "pids.max", "pids.max", pids, pids},
  };
  const std::string inner = parent.empty() ? name : Cat(parent, "/", name);
  Cgroup group;
  group.version_2_ = version_2_;
  for (const Setting& setting : settings) {
    if (setting.root.empty()) continue;
    const bool in_parent = !parent.empty() && access(Cat(setting.root, "/", parent).c_str(), F_OK) == 0;
    if (!setting.wanted && !in_parent) continue;
    const std::string directory = Cat(setting.root, "/", inner);
    const auto& made = group.directories_;
    if (std::find(made.begin(), made.end(), directory) == made.end()) {
      if (mkdir(directory.c_str(), 0755) != 0) {
        const int error = errno;
        group.Remove();
        errno = error;
        return Error{Cat("cannot make the cgroup ", directory, ": ", strerrordesc_np(error))};
      }
      group.directories_.push_back(directory);
      // Who is out of memory is killed whole: a container, of a pod whose limit it is only the one that the kernel
      // picks.
      if (version_2_) std::ignore = WriteFile(directory + "/memory.oom.group", "1");
    }
    if (setting.root == memory_) group.memory_directory_ = directory;
    if (!setting.wanted) continue;
    const char* file = version_2_ ? setting.file_2 : setting.file_1;
    const int error = WriteFile(Cat(directory, "/", file), version_2_ ? setting.text_2 : setting.text_1);
    // Version 1 refuses more processor time than the group above has, which holds all the same.
    const bool bounded_above = error == EINVAL && !version_2_ && setting.root == cpu_ && &setting == settings + 1;
    if (error != 0 && !bounded_above) {
      group.Remove();
      errno = error;
      return Error{Cat("cannot set ", file, " of ", directory, ": ", strerrordesc_np(error))};
    }
    // Swap would let it have more; not there if the machine has none.
    if (setting.root == memory_ && &setting == settings) {
      std::ignore = version_2_ ? WriteFile(directory + "/memory.swap.max", "0")
                               : WriteFile(directory + "/memory.memsw.limit_in_bytes", setting.text_1);
    }
  }
  group.join_fds_ = group.OpenJoinFds();
  for (const Fd& fd : group.join_fds_) {
    if (fd.ok()) continue;
    const int error = errno;
    group.Remove();
    errno = error;
    return Error{Cat("cannot open the cgroup ", inner, ": ", strerrordesc_np(error))};
  }
  return group;
}

Result<Cgroup> Cgroups::CreateParent(const std::string& name, const ResourceLimits& limits) const {
  auto group = Create(name, limits);
  if (!group || !version_2_) return group;
  for (const std::string& directory : group->directories_) {
    std::ignore = WriteFile(directory + "/memory.oom.group", "0");
    // Or its containers would have no counts of their own.
    for (const std::string_view controller : {"+memory", "+cpu", "+pids"}) {
      std::ignore = WriteFile(directory + "/cgroup.subtree_control", controller);
    }
  }
  return group;
}

}  // namespace reprieve::runtime
