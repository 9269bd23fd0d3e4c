// What this machine and user allow a container: found once at start by doing it, not by reading settings, because
// containers, seccomp filters and security modules refuse what the settings promise.
//
// Source: spec/runtime.md 1, 2, 5.  Thread rules: plain values; a CapabilityProbe has one owner, and a thread of its
// own for the 2 ms that it takes.
#pragma once

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "runtime/launch.h"

namespace reprieve::runtime {

struct Capabilities {
  // CLONE_NEW* for each container; 0: plain processes.
  int namespaces = 0;
  // An ordinary user gets the other namespaces inside a user namespace, in which he stays himself.
  bool user_namespace() const;
  bool own_pids() const;
  bool own_mounts() const;
  bool own_hostname() const;
  // Why there is no more than that; empty if nothing is missing.
  std::string missing = {};

  // One line for people: "each container has its own mounts, processes and host name; ...".
  std::string Describe() const;
};

struct ProbeOptions {
  // Do without namespaces, as if the machine refused them.
  bool plain_processes = false;
  // Do without cgroups, as if there were none.
  bool no_cgroups = false;
  // What an earlier probe has found, which is taken without asking again.
  std::optional<Capabilities> known = {};
};

// Finds out while its owner does something else.
class CapabilityProbe {
 public:
  explicit CapabilityProbe(ProbeOptions options);
  CapabilityProbe(const CapabilityProbe&) = delete;
  CapabilityProbe& operator=(const CapabilityProbe&) = delete;
  ~CapabilityProbe();

  // Waits for the end of the probe. An error: this machine cannot start a process of ours at all.
  const Result<Capabilities>& Found();

 private:
  Result<Capabilities> found_ = Error{"not probed"};
  std::thread thread_;
};

// The same at once.
Result<Capabilities> ProbeCapabilities(const ProbeOptions& options = {});

// What every container of these namespaces begins with: private mounts, its own /proc.
std::vector<SetupStep> BasicSteps(int namespaces);
// The line for uid_map and gid_map that keeps an ordinary user who he is.
std::string SelfMap(unsigned id);

}  // namespace reprieve::runtime
