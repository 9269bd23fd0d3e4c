// What pods of one Job have in common, they share.
//
// One owner.
#pragma once

#include <cstddef>
#include <vector>

#include "kube/made_before.h"
#include "model/core.h"

namespace reprieve::kube {

// Labels, which most often differ in the completion index alone.
class SharedLabels {
 public:
  // The same entries, shared with those of former calls where they are the same but for the index.
  void Share(meta::Labels& labels);

 private:
  static constexpr std::size_t kPlaces = 256;

  std::vector<SharedVector<meta::Labels::Entry>> bases_ = std::vector<SharedVector<meta::Labels::Entry>>(kPlaces);
  SeenBefore<SharedString> indexes_{1024};
};

// `made` is a later version of `former`: what is the same in both is shared.
void ShareWithFormer(const core::Pod& former, core::Pod& made);
// Of other kinds there are few.
template <class T>
void ShareWithFormer(const T&, T&) {}

}  // namespace reprieve::kube
