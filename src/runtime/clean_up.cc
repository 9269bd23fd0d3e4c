#include "runtime/clean_up.h"

#include <utility>

#include "base/text.h"

namespace reprieve::runtime {

void CleanUp::Add(Cgroup group) {
  groups_.push_back({std::move(group), Clock::now()});
}

void CleanUp::Add(std::shared_ptr<Sandbox> sandbox) {
  sandboxes_.push_back({std::move(sandbox), {}});
}

void CleanUp::Try() {
  if (done()) return;
  const Clock::time_point now = Clock::now();
  std::erase_if(groups_, [&](Entry<Cgroup>& entry) {
    if (entry.what.Remove()) return true;
    if (now - entry.since < patience_) return false;
    given_up_.push_back(std::move(entry.what));
    return true;
  });
  std::erase_if(sandboxes_, [&](Entry<std::shared_ptr<Sandbox>>& entry) {
    if (entry.what->containers > 0) return false;
    if (RemoveSandboxFiles(*entry.what)) return true;
    if (entry.since == Clock::time_point{}) entry.since = now;
    if (now - entry.since < patience_) return false;
    given_up_.push_back(std::move(entry.what->cgroup));
    return true;
  });
}

bool CleanUp::busy() const {
  if (!groups_.empty()) return true;
  for (const auto& entry : sandboxes_) {
    if (entry.what->containers == 0) return true;
  }
  return false;
}

std::vector<std::string> CleanUp::Left() {
  std::vector<std::string> out;
  for (Cgroup& group : given_up_) {
    if (group.Remove()) continue;
    for (const std::string& directory : group.directories()) out.push_back(Cat("cgroup ", directory));
  }
  return out;
}

}  // namespace reprieve::runtime
