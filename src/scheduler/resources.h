// What a pod requests of a node, as Kubernetes computes it.
//
// Source: the scheduler's effective requests: the sum of containers and sidecars, or the largest init container plus
// the sidecars before it, whichever is greater, plus overhead; requests on the pod itself win (KEP-753, KEP-688,
// KEP-2837). Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "model/core.h"

namespace reprieve::scheduler {

// Amounts by resource: cpu in millicores, everything else in whole units.
using Resources = std::map<std::string, std::int64_t, std::less<>>;

inline constexpr std::string_view kCpu = "cpu";
inline constexpr std::string_view kMemory = "memory";
inline constexpr std::string_view kPods = "pods";
inline constexpr std::string_view kGpu = "nvidia.com/gpu";

std::int64_t AmountOf(const Resources& resources, std::string_view name);
// Millicores of cpu, whole units of the rest; text that is not a quantity is 0.
std::int64_t Amount(std::string_view resource, std::string_view quantity);

// Limits are used for requests that are not given.
Resources RequestsOf(const core::Container& container);
Resources RequestsOf(const core::PodSpec& pod);
// The container's limit; nullopt if it has none.
std::optional<std::int64_t> LimitOf(const core::Container& container, const std::string& resource);

}  // namespace reprieve::scheduler
