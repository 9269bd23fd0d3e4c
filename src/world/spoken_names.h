// What people call pods and Jobs: the whole name, or, of a pod, that without the part that the server has chosen, or,
// of a JobSet, that without the JobSet's name: train-workers-0-1-x2x4z, train-workers-0-1, workers-0-1.
//
// Pure; safe from any thread. What is returned points into the arguments.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace reprieve::world {

// Without the JobSet's name and the dash after it; empty: it does not begin so. `jobset` may be empty.
inline std::string_view WithoutJobSet(std::string_view name, std::string_view jobset) {
  const bool begins =
      !jobset.empty() && name.size() > jobset.size() + 1 && name.starts_with(jobset) && name[jobset.size()] == '-';
  return begins ? name.substr(jobset.size() + 1) : std::string_view();
}

// Empty: there is no such name.
inline std::array<std::string_view, 2> SpokenJobNames(std::string_view job, std::string_view jobset) {
  return {job, WithoutJobSet(job, jobset)};
}
inline std::array<std::string_view, 3> SpokenPodNames(std::string_view pod, std::string_view jobset) {
  const std::size_t dash = pod.rfind('-');
  if (dash == std::string_view::npos) return {pod, {}, {}};
  const std::string_view stem = pod.substr(0, dash);
  return {pod, stem, WithoutJobSet(stem, jobset)};
}

template <std::size_t N>
bool IsAmong(std::string_view name, const std::array<std::string_view, N>& names) {
  return !name.empty() && std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace reprieve::world
