// Where the cgroups are mounted, which of them this process is in, and what they leave it.
//
// Source: proc_pid_mountinfo(5), cgroups(7); spec/runtime.md 1. In a container or a batch system's job only a part of a
// hierarchy may be mounted (its root is not "/"), and groups above the own one may bound more than it does itself.
// Thread rules: safe from any thread. Errors: what cannot be read bounds nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprieve::runtime {

struct CgroupMount {
  std::string path;
  // What of the hierarchy is seen at `path`.
  std::string root;
  std::string controllers;  // version 1; empty in version 2
  bool version_2 = false;

  bool Has(std::string_view controller) const;
};

// `mountinfo`: the text of /proc/self/mountinfo.
std::vector<CgroupMount> ParseCgroupMounts(std::string_view mountinfo);

// This process's own group in the hierarchy with `controller` ("" for version 2), as a directory. Empty: not visible.
// `own`: the text of /proc/self/cgroup.
std::string OwnCgroup(const CgroupMount& mount, std::string_view controller, std::string_view own);

struct OwnLimits {
  std::optional<std::int64_t> memory_bytes;
  std::optional<std::int64_t> cpu_milli;
};

// The tightest of the own group and all above it that can be seen.
OwnLimits ReadOwnLimits();
// The same by these texts.
OwnLimits ReadOwnLimits(std::string_view mountinfo, std::string_view own);

// The number after "key " on a line of its own; 0 if there is none.
std::int64_t NumberAfter(std::string_view text, std::string_view key);

bool HasWord(std::string_view text, std::string_view word, char separator);

}  // namespace reprieve::runtime
