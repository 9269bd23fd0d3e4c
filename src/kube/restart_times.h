// RestartTimes: how long a JobSet's restart takes, from the failure until all pods of the new attempt exist.
//
// Who creates pods says so in the status of their Jobs; that is what is looked at, so that kube-controller-manager's
// pods count as well. A restart that is overtaken by the next, or by the end or suspension of its JobSet, is not
// measured. At most kMaxPending are followed at once.
//
// Thread rules: one owner, the loop's thread.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <set>

#include "model/jobset.h"
#include "world/verdict.h"

namespace reprieve::kube {

// In seconds: of what a failure is followed by.
inline constexpr std::array<double, 13> kReactionBounds = {0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600};

class RestartTimes {
 public:
  static constexpr std::size_t kMaxPending = 10'000;
  // `took`: of the JobSet of that name.
  using Done = std::function<void(const meta::ObjectKey& jobset, Nanoseconds took)>;

  explicit RestartTimes(Done done) : done_(std::move(done)) {}

  // A verdict that restarts all Jobs begins one: of a JobSet and of the Job that failed, as the watch has them.
  void Judged(const world::Verdict& verdict, const jobset::JobSet& jobset, const batch::Job& failed);
  void JobSetChanged(const jobset::JobSet& jobset);
  void JobSetDeleted(const jobset::JobSet& jobset) { pending_.erase(meta::KeyOf(jobset.metadata)); }
  void JobChanged(const batch::Job& job, Time now);

  std::size_t pending() const { return pending_.size(); }

 private:
  struct Pending {
    Time failed_at;
    std::int64_t attempt = 0;
    std::int64_t jobs = 0;         // that the attempt has
    std::set<meta::Uid> filled{};  // those with all their pods
  };

  const Done done_;
  std::map<meta::ObjectKey, Pending> pending_;
};

}  // namespace reprieve::kube
