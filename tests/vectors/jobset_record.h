// What a vector about a JobSet observes: when objects were created and removed, how the status changed, and the final
// state.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "document/value.h"
#include "sim/simulation.h"
#include "world/watcher.h"

namespace reprieve::vectors {

// js-w-0-1-x2x4z of JobSet js is w-0-1; names that are not the JobSet's stay whole.
[[nodiscard]] std::string ShortName(const core::Pod& pod, std::string_view jobset);
[[nodiscard]] std::string ShortName(const batch::Job& job, std::string_view jobset);

class JobSetRecord final : public world::Watcher {
 public:
  // Both must outlive the record. Times count from now.
  JobSetRecord(sim::Simulation& simulation, meta::ObjectKey jobset);
  ~JobSetRecord() override;

  // Everything observed, by the member names of `expect`.
  [[nodiscard]] document::Value Seen() const;
  // The current state without times: equal for two runs with the same result.
  [[nodiscard]] document::Value Present() const;
  // Records the objects that exist now under that name, for Seen.
  void Look(const std::string& name);

  void JobSetChanged(const jobset::JobSet& jobset) override;
  void JobSetDeleted(const jobset::JobSet&) override { gone_ = Now(); }
  void JobChanged(const batch::Job& job) override;
  void JobDeleted(const batch::Job& job) override;
  void PodChanged(const core::Pod& pod) override;
  void PodDeleted(const core::Pod& pod) override;

 private:
  std::string Now() const;
  void EventSeen(const world::Event& event);
  // Counts a pod that begins while one of an earlier attempt has not ended.
  void CountOverlap(const core::Pod& pod);
  document::Value Conditions() const;

  sim::Simulation& simulation_;
  const meta::ObjectKey key_;
  const Time start_;
  std::set<meta::Uid> known_;
  document::Value jobs_ = document::Value::MakeObject(), jobs_gone_ = document::Value::MakeObject();
  document::Value pods_ = document::Value::MakeObject(), pods_gone_ = document::Value::MakeObject();
  std::vector<jobset::Condition> conditions_;  // as last seen
  document::Value story_ = document::Value::MakeArray();
  document::Value events_ = document::Value::MakeArray();
  document::Value messages_ = document::Value::MakeObject();
  document::Value job_warnings_ = document::Value::MakeObject();
  document::Value looks_ = document::Value::MakeObject();
  std::string gone_;
  std::int64_t beside_old_ = 0;
};

}  // namespace reprieve::vectors
