// Whether the verdicts that people are told count right, by what the store says of the pods.
//
//   nothing is told of a pod that has not failed, or that its Job had let go before;
//   one controller tells each failure once, and each end of a Job once;
//   a verdict counts no failure twice: "retry 2" takes two failed pods;
//   a controller that sees everything at once counts exactly what status does.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "store/store.h"
#include "world/verdict.h"
#include "world/watcher.h"

namespace reprieve::property {

class VerdictCheck final : public world::Watcher {
 public:
  // `exact`: the controller sees everything at once.
  VerdictCheck(store::Store& store, bool exact);
  ~VerdictCheck() override;

  // A verdict of a Job.
  void Told(const world::Verdict& verdict);
  // The controller has done one thing, and is still there.
  void CheckRound();
  // Another controller begins, which knows nothing of what was told.
  void ControllerReplaced();
  // Once nothing is due any more: every Job whose end needs a verdict has had one. REQUIRES: no controller was
  // replaced.
  void CheckEndsTold();
  const std::vector<std::string>& violations() const { return violations_; }

  void JobChanged(const batch::Job& job) override;
  void JobDeleted(const batch::Job& job) override;
  void PodChanged(const core::Pod& pod) override;
  void PodDeleted(const core::Pod&) override {}

 private:
  struct PodFacts {
    meta::Uid job;
    std::string index;
    bool failed = false;   // while its Job had not let it go
    bool counted = false;  // likewise, and no rule ignored it
  };
  struct JobFacts {
    std::string name;
    std::set<std::string> counted;  // pods
    std::int32_t ends_told = 0;
  };

  static bool CountsAsFailed(const core::Pod& pod, const batch::JobSpec& spec);
  const batch::Job* JobOf(const meta::Uid& uid) const;
  std::int64_t FailuresOf(const batch::Job& job) const;
  void Violate(std::string what);

  store::Store& store_;
  const bool exact_;
  std::map<std::string, PodFacts> pods_;  // by name
  std::map<meta::Uid, JobFacts> jobs_;
  std::set<std::string> told_;  // pods, by this controller
  std::optional<world::Verdict> last_;
  std::vector<std::string> violations_;
};

}  // namespace reprieve::property
