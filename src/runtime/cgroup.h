// Control groups: what bounds a container's memory, processor time and number of processes, version 1, 2, both or none.
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

// "reprieve-" with the PID namespace, process and start time of this engine: unique on a machine until it reboots.
std::string EngineName();
// Whether `name` is of an engine in this PID namespace that is gone.
bool IsNameOfADeadEngine(const std::string& name);

class Cgroup {
 public:
  Cgroup() = default;
  Cgroup(Cgroup&&) = default;
  Cgroup& operator=(Cgroup&&) = default;

  bool exists() const { return !directories_.empty(); }
  // The cgroup.procs to write oneself into, open until CloseDoors.
  std::vector<int> doors() const;
  void CloseDoors() { doors_.clear(); }
  // New ones, for who is to join later.
  std::vector<Fd> OpenDoors() const;
  // How often the kernel has killed for want of memory.
  std::int64_t OomKills() const;
  // True once nothing of it is left. False while a process in it is still going: ask again.
  bool Remove();

 private:
  friend class Cgroups;
  std::vector<std::string> directories_;
  std::vector<Fd> doors_;
  std::string memory_directory_;
  bool version_2_ = false;
};

class Cgroups {
 public:
  // Finds what can be used, makes this engine's own groups and sweeps those of dead ones. Never fails: none is an
  // answer too.
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

  // A group named `name` with those of `limits` that can be held here. `parent`: the pod's group, or none.
  Result<Cgroup> Create(const std::string& name, const ResourceLimits& limits, const std::string& parent = {}) const;

 private:
  Cgroups() = default;
  void UseVersion1(const std::string& controller, const std::string& mount, const std::string& own, std::string& slot);
  void UseVersion2(const std::string& mount, const std::string& own);
  std::vector<std::string> Roots() const;

  // The directory of this engine in each controller's tree; the same one for all in version 2. Empty: not to be had.
  std::string memory_, cpu_, pids_;
  bool version_2_ = false;
  // Where this engine itself was moved, so that its old group may have controllers (version 2).
  std::string daemon_leaf_;
  std::string own_group_;
  std::string missing_;
};

}  // namespace reprieve::runtime
