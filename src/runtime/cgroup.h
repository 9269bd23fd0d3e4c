// Control groups, which limit a container's memory, processor time and number of processes: version 1, 2, both or none.
//
// Source: spec/runtime.md 1. Each controller is nested below this process's own group, as /proc/self/cgroup names it.
// Groups of a dead engine are swept at the next start (EngineName says whose they are).
// Thread rules: Cgroups is immutable once opened, safe from any thread; a Cgroup has one owner.
// Errors: a group that cannot be made is a Result; what cannot be removed yet says so.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/fd.h"
#include "runtime/runtime.h"

namespace reprieve::runtime {

// "reprieve-" with the PID namespace, process and start time of this engine: unique among the engines under one kernel
// (not among machines: the initial PID namespace has one number everywhere), which is as far as cgroups reach.
std::string EngineName();
// Whether `name` is of an engine in this PID namespace that is gone. REQUIRES: it was found on this machine.
bool IsNameOfADeadEngine(const std::string& name);

class Cgroup {
 public:
  Cgroup() = default;
  Cgroup(Cgroup&&) = default;
  Cgroup& operator=(Cgroup&&) = default;

  bool exists() const { return !directories_.empty(); }
  // The cgroup.procs that a process writes itself into, open until CloseJoinFds.
  std::vector<int> join_fds() const;
  void CloseJoinFds() { join_fds_.clear(); }
  // New ones, for a process that joins later.
  std::vector<Fd> OpenJoinFds() const;
  // How often the kernel has killed for want of memory.
  std::int64_t OomKills() const;
  // True once nothing of it is left, nor of the groups that programs have made in it. False while a process in it is
  // still going: ask again.
  bool Remove();
  // Those that are left.
  const std::vector<std::string>& directories() const { return directories_; }

 private:
  friend class Cgroups;
  std::vector<std::string> directories_;
  std::vector<Fd> join_fds_;
  std::string memory_directory_;
  bool version_2_ = false;
};

class Cgroups {
 public:
  // Finds what can be used, makes this engine's own groups and removes those of dead engines. Never fails: without
  // cgroups there is a reason instead.
  static Cgroups Open();
  // Without cgroups.
  static Cgroups None(std::string reason);

  Cgroups(Cgroups&&) = default;
  ~Cgroups();

  bool memory() const { return !memory_.empty(); }
  bool cpu() const { return !cpu_.empty(); }
  bool pids() const { return !pids_.empty(); }
  // "limits on memory, cpu and processes by cgroup v1", or why there are none.
  std::string Describe() const;

  // Removes all of this engine's groups; returns those that cannot be, for now.
  std::vector<std::string> RemoveAll();

  // A group named `name` with those of `limits` that can be held here. `parent`: the pod's group, or none.
  // On an error errno says it too.
  Result<Cgroup> Create(const std::string& name, const ResourceLimits& limits, const std::string& parent = {}) const;
  // The same for a pod, whose containers have groups below it.
  Result<Cgroup> CreateParent(const std::string& name, const ResourceLimits& limits) const;

 private:
  Cgroups() = default;
  void UseVersion1(const std::string& controller, const std::string& mount, const std::string& own, std::string& slot);
  void UseVersion2(const std::string& mount, const std::string& own);
  std::vector<std::string> Roots() const;
  void LeaveDaemonLeaf();

  // The directory of this engine in each controller's tree; the same one for all in version 2. Empty: cannot be used.
  std::string memory_, cpu_, pids_;
  bool version_2_ = false;
  // Where this engine has moved itself, so that its old group can have controllers for its children (version 2).
  std::string daemon_leaf_;
  std::string own_group_;
  std::string missing_;
};

}  // namespace reprieve::runtime
