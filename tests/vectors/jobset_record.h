// What a vector about a JobSet sees: what appeared and went when, how the status moved, and what is there at the end.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/value.h"
#include "sim/simulation.h"
#include "world/watcher.h"

namespace reprieve::vectors {

// js-w-0-1-x2x4z of JobSet js is w-0-1; names that are not the JobSet's stay whole.
[[nodiscard]] std::string ShortName(const core::Pod& pod, std::string_view jobset);
[[nodiscard]] std::string ShortName(const batch::Job& job, std::string_view jobset);

class JobSetRecord final : public world::Watcher {
 public:
  // Both outlive the record. Times count from now.
  JobSetRecord(sim::Simulation& simulation, meta::ObjectKey jobset);
  ~JobSetRecord() override;

  // Everything, by the members that the vectors' files tell of.
  [[nodiscard]] model::Value Seen() const;
  // What there is at this moment, without times: the same for two runs that have come to the same.
  [[nodiscard]] model::Value Present() const;
  // Keeps what is present now, for Seen, under that name.
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
  // A pod begins while one of an earlier attempt has not ended.
  void CountOverlap(const core::Pod& pod);
  model::Value Conditions() const;

  sim::Simulation& simulation_;
  const meta::ObjectKey key_;
  const Time start_;
  std::set<meta::Uid> known_;
  model::Value jobs_ = model::Value::MakeObject(), jobs_gone_ = model::Value::MakeObject();
  model::Value pods_ = model::Value::MakeObject(), pods_gone_ = model::Value::MakeObject();
  std::vector<jobset::Condition> conditions_;  // as last seen
  model::Value story_ = model::Value::MakeArray();
  model::Value events_ = model::Value::MakeArray();
  model::Value messages_ = model::Value::MakeObject();
  model::Value job_warnings_ = model::Value::MakeObject();
  model::Value looks_ = model::Value::MakeObject();
  std::string gone_;
  std::int64_t beside_old_ = 0;
};

}  // namespace reprieve::vectors
