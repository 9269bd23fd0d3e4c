// What truly happened to the pods of one Job, and what must follow from it; told by the store, not by the controller.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "due_ends.h"
#include "store/store.h"
#include "world/watcher.h"

namespace reprieve::property {

class Ledger final : public world::Watcher {
 public:
  // `exact`: the controller sees everything at once, so what it lets go of it has counted as it was.
  Ledger(store::Store& store, const world::Clock& clock, bool exact, bool writes_take_time);
  ~Ledger() override;

  void JobChanged(const batch::Job& job) override;
  void JobDeleted(const batch::Job& job) override;
  void PodChanged(const core::Pod& pod) override;
  void PodDeleted(const core::Pod& pod) override;

  // Once nothing is due any more.
  void CheckQuiet();
  const std::vector<std::string>& violations() const { return violations_; }
  std::size_t pods() const { return pods_.size(); }

 private:
  struct PodFacts {
    bool finalizer = false;
    bool active = false;
    bool ended = false;
    bool gone = false;
    std::string index;
  };

  void Released(const core::Pod& pod);
  void CheckNewPod(const core::Pod& pod);
  void Violate(std::string what);

  store::Store& store_;
  const world::Clock& clock_;
  const bool exact_;
  const batch::Job* job_ = nullptr;
  std::shared_ptr<const batch::JobSpec> spec_;
  batch::JobStatus last_;
  DueEnds due_;
  bool deleted_ = false;
  std::int32_t most_parallelism_ = 0;
  std::set<std::int32_t> completions_;  // all that were ever asked for
  std::map<meta::Uid, PodFacts> pods_;
  std::int64_t released_succeeded_ = 0;
  std::int64_t released_failed_ = 0;
  std::int64_t perhaps_failed_ = 0;  // of these
  std::vector<std::string> violations_;
};

}  // namespace reprieve::property
