// PodJudge: judges the failed pods of one Job, and knows again what it has seen: where a thousand pods fail alike, one
// judgement is shared by all.
//
// Source: KEP-3329; spec/job.md 3. One owner, no lock.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "policy/failure_facts.h"

namespace reprieve::policy {

struct Judgement {
  PodVerdict verdict;
  FailureFacts facts;   // what is to be seen of the pod
  SharedString phrase;  // the same in words
};

class PodJudge {
 public:
  // The policy of the Job as it is now; what was judged by another one is forgotten.
  void SetPolicy(const std::optional<batch::PodFailurePolicy>& policy);

  [[nodiscard]] std::shared_ptr<const Judgement> Judge(const core::Pod& pod);

 private:
  struct Seen {
    core::PodStatus status;
    bool deleting = false;
    std::shared_ptr<const Judgement> judgement;
  };
  static constexpr std::size_t kKept = 8;

  std::optional<batch::PodFailurePolicy> policy_;
  std::vector<Seen> seen_;
  std::size_t next_ = 0;  // of `seen_`, to make room for another
};

}  // namespace reprieve::policy
