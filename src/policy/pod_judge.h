// PodJudge: judges the failed pods of one Job and remembers recent judgements, so that a thousand pods that fail in the
// same way share one.
//
// Source: KEP-3329; spec/job.md 3. One owner, no lock.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/shared_value.h"
#include "policy/failure_facts.h"

namespace reprieve::policy {

struct Judgement {
  PodVerdict verdict;
  FailureFacts facts;   // what was observed of the pod
  SharedString phrase;  // the same in words
};

class PodJudge {
 public:
  // The Job's current policy; judgements by an earlier one are forgotten.
  void SetPolicy(const std::optional<batch::PodFailurePolicy>& policy);

  [[nodiscard]] SharedValue<Judgement> Judge(const core::Pod& pod);

 private:
  struct Seen {
    core::PodStatus status;
    bool deleting = false;
    SharedValue<Judgement> judgement;
  };
  static constexpr std::size_t kKept = 8;

  std::optional<batch::PodFailurePolicy> policy_;
  std::vector<Seen> seen_;
  std::size_t next_ = 0;  // the element of `seen_` to replace next
};

}  // namespace reprieve::policy
