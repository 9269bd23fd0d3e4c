// What truly happened to the pods of one Job, and what must follow from it; told by the store, not by the controller.
//
//   no pod is counted twice, and none without having ended so;
//   the counters never fall, an end is due when it comes and stays;
//   no more pods run than were ever asked for, and none is deleted without a reason in the spec;
//   when all is quiet the Job has ended, and holds no pod.
//
// A Job that follows under the same name is another one.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "due_ends.h"
#include "store/store.h"
#include "world/watcher.h"

namespace reprieve::property {

struct LedgerOptions {
  bool exact = false;  // the controller sees everything at once, so what it lets go of it has counted as it was
  bool writes_take_time = false;
  Nanoseconds leeway{0};                       // what the controller's clock may be off
  std::function<std::uint64_t()> strays = {};  // pods that a controller may have made without knowing
};

class Ledger final : public world::Watcher {
 public:
  Ledger(store::Store& store, const world::Clock& clock, LedgerOptions options);
  ~Ledger() override;

  void JobChanged(const batch::Job& job) override;
  void JobDeleted(const batch::Job& job) override;
  void PodChanged(const core::Pod& pod) override;
  void PodDeleted(const core::Pod& pod) override;

  // What the controller of a cluster asks for. Alone it deletes the pods of Jobs that are gone, too.
  void Asked(const world::Request& request);
  // A user takes this pod's finalizer, or its owner: it need not be counted.
  void TakenByUser(const core::Pod& pod) { taken_.insert(pod.metadata.uid); }
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

  void Begin(const batch::Job& job);
  void CheckCounts(const batch::Job& job);
  void NoteReasonsToDelete(const batch::Job& job);
  bool IsRecorded(const meta::Uid& pod) const;
  void Released(const core::Pod& pod);
  void CheckNewPod(const core::Pod& pod);
  void Violate(std::string what);

  store::Store& store_;
  const world::Clock& clock_;
  const LedgerOptions options_;
  const bool exact_;
  meta::Uid uid_;
  const batch::Job* job_ = nullptr;
  std::shared_ptr<const batch::JobSpec> spec_;
  batch::JobStatus last_;
  std::optional<DueEnds> due_;
  bool deleted_ = false;
  bool may_delete_ = false;                                 // there has been a reason to delete pods
  std::map<meta::Uid, std::string> deleted_by_controller_;  // pods, and their names
  std::int32_t most_parallelism_ = 0;
  std::set<std::int32_t> completions_;  // all that were ever asked for
  std::map<meta::Uid, PodFacts> pods_;
  std::set<meta::Uid> settled_;  // pods that have been moved from the list of the uncounted to a counter
  std::set<meta::Uid> taken_;    // by a user
  std::set<meta::Uid> former_;   // pods of former Jobs of that name, and who were taken from this one
  std::int64_t released_succeeded_ = 0;
  std::int64_t released_failed_ = 0;
  std::int64_t perhaps_failed_ = 0;  // of these
  std::vector<std::string> violations_;
};

}  // namespace reprieve::property
