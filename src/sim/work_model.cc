#include "sim/work_model.h"

#include <algorithm>

#include "base/text.h"
#include "world/spoken_names.h"

namespace reprieve::sim {
bool IsInitContainer(const core::Pod& pod, const core::Container& container) {
  return std::any_of(pod.spec->init_containers.begin(), pod.spec->init_containers.end(),
                     [&](const core::Container& each) { return &each == &container; });
}

namespace {

bool Fits(const std::string& pattern, const core::Pod& pod) {
  if (pattern == "*") return true;
  const SharedString* jobset = pod.metadata.labels.Find(jobset::kJobSetName);
  const auto names = world::SpokenPodNames(pod.metadata.name, jobset != nullptr ? jobset->view() : std::string_view());
  return std::any_of(names.begin(), names.end(),
                     [&pattern](std::string_view name) { return !name.empty() && GlobMatch(pattern, name); });
}

}  // namespace

WorkModel WorkModel::Under(const std::vector<WorkEntry>& first) const {
  std::vector<WorkEntry> entries = first;
  entries.insert(entries.end(), entries_.begin(), entries_.end());
  return WorkModel(std::move(entries));
}

ContainerRun WorkModel::Of(const core::Pod& pod, const core::Container& container) const {
  ContainerRun run;
  if (container.IsSidecar()) {
    run.runs.reset();
    run.on_term = {{}, 0};
  } else if (IsInitContainer(pod, container)) {
    run.runs = Seconds(1);
  }
  bool runs = false;
  bool exits = false;
  bool term = false;
  bool message = false;
  for (const WorkEntry& entry : entries_) {
    if (!GlobMatch(entry.container, container.name.view()) || !Fits(entry.pods, pod)) continue;
    if (!runs && (entry.runs || entry.forever)) {
      runs = true;
      run.runs = entry.runs;
    }
    if (!exits && entry.exits) {
      exits = true;
      run.exit_code = *entry.exits;
    }
    if (!term && (entry.on_term || entry.ignores_term)) {
      term = true;
      run.on_term = entry.on_term;
    }
    if (!message && !entry.message.empty()) {
      message = true;
      run.message = entry.message;
    }
  }
  return run;
}

}  // namespace reprieve::sim
