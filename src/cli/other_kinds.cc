#include "cli/other_kinds.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"
#include "cli/known_kinds.h"

namespace reprieve::cli {
namespace {

constexpr std::string_view kServers[] = {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet",
                                         "ReplicationController"};
// Of the core group, and of nothing that we run.
constexpr std::string_view kIdleCore[] = {"Namespace",   "ServiceAccount",  "LimitRange", "ResourceQuota",
                                          "Endpoints",   "Event",           "Node",       "PersistentVolume",
                                          "PodTemplate", "ComponentStatus", "Binding"};

template <std::size_t N>
bool Has(const std::string_view (&list)[N], std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

// Groups of Kubernetes itself that have no dot in their name, but ours.
bool IsOldGroup(std::string_view group) {
  return group == "apps" || group == "policy" || group == "autoscaling" || group == "extensions";
}

}  // namespace

OtherKind OtherKindOf(std::string_view version, std::string_view kind) {
  const std::size_t slash = version.find('/');
  const std::string_view group = slash == std::string_view::npos ? std::string_view() : version.substr(0, slash);
  // Of our kinds only those of other people's groups are not ours: batch.volcano.sh/v1alpha1 Job.
  const bool foreign = group.find('.') != std::string_view::npos && !group.ends_with("k8s.io");
  if (IsKnownKind(kind)) return foreign ? OtherKind::kIdle : OtherKind::kNo;
  if (Has(kServers, kind) && (group.empty() || IsOldGroup(group))) return OtherKind::kServer;
  if (group.empty()) return slash == std::string_view::npos && Has(kIdleCore, kind) ? OtherKind::kIdle : OtherKind::kNo;
  // What is of our own groups and unknown is misspelt.
  if (group == "batch" || group == "jobset.x-k8s.io") return OtherKind::kNo;
  return IsOldGroup(group) || group.find('.') != std::string_view::npos ? OtherKind::kIdle : OtherKind::kNo;
}

std::string CountedKind(std::string_view kind, std::size_t count) {
  if (count == 1) return std::string(kind);
  if (kind.ends_with('y') && !kind.ends_with("ay") && !kind.ends_with("ey")) {
    return Cat(count, " ", kind.substr(0, kind.size() - 1), "ies");
  }
  const bool hisses = kind.ends_with('s') || kind.ends_with("ch") || kind.ends_with('x');
  return Cat(count, " ", kind, hisses ? "es" : "s");
}

}  // namespace reprieve::cli
