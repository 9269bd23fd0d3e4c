// PodPrototype: what all pods of one Job have in common, made once and shared by them.
//
// Source: spec/job.md 2.11.5. Immutable after construction; safe from any thread.
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
  // A pod of that index of an Indexed Job. `failures` where the Job has backoffLimitPerIndex.
  std::unique_ptr<core::Pod> MakePod(policy::CompletionIndex index,
                                     const std::optional<policy::IndexFailures>& failures) const;

  std::shared_ptr<const meta::OwnerReference> owner() const { return owner_; }

 private:
  SharedString job_name_;
  SharedString generate_name_;
  SharedString namespace_;
  std::shared_ptr<const core::PodSpec> spec_;
  // What the pods share of their labels or annotations.
  struct Shared {
    SharedVector<meta::Labels::Entry> entries;
    std::uint32_t index_at = 0;  // of the completion index, whose value each pod has for itself; Indexed only
  };

  // The texts of a completion index. Its next pod, should this one fail, shares them.
  struct IndexTexts {
    policy::CompletionIndex index = -1;
    SharedString number, generate_name, hostname;
  };
  static constexpr std::size_t kKeptIndexes = 1024;

  static Shared Share(const meta::Labels& of_template, bool indexed);
  const IndexTexts& TextsOf(policy::CompletionIndex index) const;
  // The fields of a pod that do not depend on its index.
  std::unique_ptr<core::Pod> MakeBare() const;

  Shared labels_;
  Shared annotations_;
  std::shared_ptr<const meta::OwnerReference> owner_;
  SharedVector<meta::OwnerReference> owners_;
  meta::Finalizers finalizers_;
  mutable std::vector<IndexTexts> texts_;  // of the indexes asked for last, by index modulo kKeptIndexes
};

}  // namespace reprieve::controllers
