#include "sim/work_model.h"

#include <algorithm>

#include "base/text.h"

namespace reprieve::sim {
namespace {

bool IsInit(const core::Pod& pod, const core::Container& container) {
  return std::any_of(pod.spec->init_containers.begin(), pod.spec->init_containers.end(),
                     [&](const core::Container& each) { return &each == &container; });
}

// Its whole name, that without the part that the server has chosen, or that without its JobSet's name.
bool Fits(const std::string& pattern, const core::Pod& pod) {
  if (pattern == "*") return true;
  std::string_view name = pod.metadata.name;
  if (GlobMatch(pattern, name)) return true;
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos) return false;
  name = name.substr(0, dash);
  if (GlobMatch(pattern, name)) return true;
  const SharedString* jobset = pod.metadata.labels.Find(jobset::kJobSetName);
  return jobset != nullptr && name.size() > jobset->size() + 1 && name.starts_with(*jobset) &&
         GlobMatch(pattern, name.substr(jobset->size() + 1));
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
  } else if (IsInit(pod, container)) {
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
