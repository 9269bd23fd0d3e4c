// What containers do in a simulated world if nothing happens to them: how long they run, how they exit, what they make
// of SIGTERM. The first entry that fits a container decides each setting.
//
// Pure; safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/cluster.h"

namespace reprieve::sim {

struct WorkEntry {
  std::string pods = "*";       // a pattern with * and ?, of the pod's name as people say it (world::IsCalled)
  std::string container = "*";  // likewise
  std::optional<Nanoseconds> runs;
  bool forever = false;  // it runs until it is stopped
  std::optional<std::int32_t> exits;
  std::optional<ContainerRun::OnTerm> on_term;
  bool ignores_term = false;
  std::string message;  // its termination message
};

// Whether it is one of the pod's init containers, sidecars too. REQUIRES: it is one of the pod's.
[[nodiscard]] bool IsInitContainer(const core::Pod& pod, const core::Container& container);

class WorkModel {
 public:
  WorkModel() = default;
  explicit WorkModel(std::vector<WorkEntry> entries) : entries_(std::move(entries)) {}

  // Those of `first` come before these.
  WorkModel Under(const std::vector<WorkEntry>& first) const;

  // What nothing is said of runs 60 s and exits 0; init containers run 1 s, sidecars until they are stopped, and then
  // they exit 0 at once. Nothing has a handler for SIGTERM.
  ContainerRun Of(const core::Pod& pod, const core::Container& container) const;

 private:
  std::vector<WorkEntry> entries_;
};

}  // namespace reprieve::sim
