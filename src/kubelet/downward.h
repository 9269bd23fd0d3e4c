// The downward API: what a pod may know of itself, as a text, for variables and for files.
//
// Source: core/v1 ObjectFieldSelector and ResourceFieldSelector; the kubelet's fieldpath and resource helpers: a limit
// that a container lacks is its pod's, then the node's. Pure; safe from any thread. Errors have the kubelet's words.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/core.h"
#include "scheduler/placement.h"

namespace reprieve::kubelet {

class PodVolumes;

// What a pod's variables and files may refer to.
struct PodFacts {
  const meta::ObjectMeta* metadata = nullptr;
  const core::PodSpec* spec = nullptr;
  const scheduler::Node* node = nullptr;
  std::string pod_ip;
  std::string host_ip;
  // Null: not made yet, or not asked for.
  const PodVolumes* volumes = nullptr;
};

// metadata.labels and metadata.annotations as a whole are lines KEY="VALUE", for files alone.
Result<std::string> FieldOf(std::string_view path, const PodFacts& facts);

// `self`: the container that it is of if it names none; null: it has to name one.
Result<std::string> ResourceOf(const core::ResourceFieldSelector& selector, const core::Container* self,
                               const PodFacts& facts);

}  // namespace reprieve::kubelet
