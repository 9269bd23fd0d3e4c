// What truly happened to a JobSet and its children, and what must follow from it; told by the store.
//
//   no counted restart beyond the budget; a counter never falls, and rises by one at a time;
//   every failed Job leads to exactly one action;
//   under BlockingRecreate nothing of an old attempt runs beside the new one;
//   a finished JobSet never changes its end;
//   when all is quiet, labels, counts and children agree;
//   no Job is deleted that the spec does not delete.
//
// A JobSet that follows under the same name is another one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "model/feature_gates.h"
#include "store/store.h"
#include "world/watcher.h"

namespace reprieve::property {

class JobSetLedger final : public world::Watcher {
 public:
  // `strays`: how many Jobs a controller may have made without knowing.
  JobSetLedger(store::Store& store, model::FeatureGates gates, std::function<std::uint64_t()> strays);
  ~JobSetLedger() override;

  void JobSetChanged(const jobset::JobSet& jobset) override;
  void JobSetDeleted(const jobset::JobSet&) override { deleted_ = true; }
  void JobChanged(const batch::Job& job) override;
  void JobDeleted(const batch::Job& job) override;
  void PodChanged(const core::Pod&) override {}
  void PodDeleted(const core::Pod&) override {}

  // What the controller of a cluster asks for. Alone it deletes pods, and Jobs of JobSets that are gone, too.
  void Asked(const world::Request& request);
  // Once nothing is due any more.
  void CheckQuiet();
  const std::vector<std::string>& violations() const { return violations_; }

 private:
  bool IsChild(const batch::Job& job) const;
  void CheckCounters(const jobset::JobSet& jobset);
  void CheckEnd(const jobset::JobSet& jobset);
  void CheckNewChild(const batch::Job& job);
  void Violate(std::string what);

  store::Store& store_;
  const model::FeatureGates gates_;
  const std::function<std::uint64_t()> strays_;
  meta::Uid uid_;
  std::shared_ptr<const jobset::JobSetSpec> spec_;
  jobset::JobSetStatus last_;
  bool seen_ = false;
  bool deleted_ = false;
  std::set<meta::Uid> known_;   // children
  std::set<meta::Uid> failed_;  // children that have failed
  std::vector<std::string> violations_;
};

}  // namespace reprieve::property
