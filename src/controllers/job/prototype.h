// PodPrototype: what all pods of one Job have in common, made once and shared by them.
//
// Source: spec/job.md 2.11 (5). Immutable after construction; safe from any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "model/batch.h"
#include "policy/index_set.h"
#include "policy/per_index.h"

namespace reprieve::controllers {

class PodPrototype {
 public:
  explicit PodPrototype(const batch::Job& job);

  // A pod of a NonIndexed Job, ready to be created.
  std::unique_ptr<core::Pod> MakePod() const;
  // A pod of that index. `failures` where the Job has backoffLimitPerIndex.
  std::unique_ptr<core::Pod> MakePod(policy::CompletionIndex index,
                                     const std::optional<policy::IndexFailures>& failures) const;

  const meta::OwnerReference& owner() const { return owners_->front(); }

 private:
  std::string job_name_;
  std::string generate_name_;
  std::string namespace_;
  std::shared_ptr<const core::PodSpec> spec_;
  std::shared_ptr<const meta::Labels::Entries> labels_;
  std::shared_ptr<const meta::Labels::Entries> annotations_;
  std::shared_ptr<const std::vector<meta::OwnerReference>> owners_;
  meta::Finalizers finalizers_;
};

}  // namespace reprieve::controllers
