// LeaderPods: the leaders of exclusively placed Jobs, by the name that their followers look for (spec/jobset.md 4.3).
//
// Told of pods as a watcher is. One owner, the loop's thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/jobset.h"
#include "world/watcher.h"

namespace reprieve::kube {

class LeaderPods final : public world::Watcher {
 public:
  void JobChanged(const batch::Job&) override {}
  void JobDeleted(const batch::Job&) override {}
  void PodChanged(const core::Pod& pod) override;
  void PodDeleted(const core::Pod& pod) override;

  // Those of that name without its last part.
  std::vector<const core::Pod*> Named(const SharedString& name_space, const std::string& base) const;
  std::size_t size() const { return leaders_.size(); }

 private:
  using Name = std::pair<SharedString, std::string>;
  static Name NameOf(const core::Pod& pod);

  std::map<Name, std::set<const core::Pod*>> by_name_;
  std::set<const core::Pod*> leaders_;
};

}  // namespace reprieve::kube
