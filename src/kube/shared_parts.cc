#include "kube/shared_parts.h"

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

namespace reprieve::kube {
namespace {

using Entries = SharedVector<meta::Labels::Entry>;

constexpr std::string_view kIndex = "batch.kubernetes.io/job-completion-index";

bool SameBut(const Entries& a, const Entries& b, std::size_t position) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].first != b[i].first || (i != position && a[i].second != b[i].second)) return false;
  }
  return true;
}

template <class T>
void TakeSame(const T& former, T& made) {
  if (made == former) made = former;
}

}  // namespace

void SharedLabels::Share(meta::Labels& labels) {
  if (labels.empty()) return;
  Entries entries = labels.Share();
  std::size_t position = entries.size();
  std::size_t hash = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const bool index = entries[i].first == kIndex;
    if (index) position = i;
    hash = hash * 31 + std::hash<SharedString>()(index ? entries[i].first : entries[i].second);
  }
  Entries& base = bases_[hash % bases_.size()];
  if (!SameBut(base, entries, position)) base = entries;
  if (position == entries.size()) {
    labels = meta::Labels(base);
    return;
  }
  SharedString index = entries[position].second;
  indexes_.Share(std::hash<SharedString>()(index), index);
  labels = meta::Labels(base, static_cast<std::uint32_t>(position), std::move(index));
}

void ShareWithFormer(const core::Pod& former, core::Pod& made) {
  TakeSame(former.metadata.name, made.metadata.name);
  TakeSame(former.metadata.uid, made.metadata.uid);
  TakeSame(former.metadata.namespace_, made.metadata.namespace_);
  TakeSame(former.metadata.labels, made.metadata.labels);
  TakeSame(former.metadata.annotations, made.metadata.annotations);
  TakeSame(former.metadata.owner_references, made.metadata.owner_references);
  TakeSame(former.metadata.finalizers, made.metadata.finalizers);
  TakeSame(former.node_name, made.node_name);
}

}  // namespace reprieve::kube
