#include "admission/warnings.h"

#include "admission/validation/names.h"
#include "base/text.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::int64_t kManyCompletions = 100'000;
constexpr std::int64_t kMuchParallelism = 10'000;

}  // namespace

std::vector<std::string> JobSpecWarnings(const Value& job) {
  std::vector<std::string> out;
  const Value& spec = job["spec"];
  if (spec["completionMode"].AsText() == "Indexed" && spec["completions"].AsInt() > kManyCompletions &&
      spec["parallelism"].AsInt() > kMuchParallelism) {
    out.emplace_back(
        "spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, "
        "Kubernetes might not be able to track completedIndexes when a big number of indexes fail");
  }
  AppendPodTemplateWarnings(spec["template"], "spec.template", out);
  return out;
}

std::vector<std::string> JobWarnings(const Value& job) {
  std::vector<std::string> out;
  const auto faults = DnsLabelFaults(job["metadata"]["name"].AsText());
  if (!faults.empty()) {
    out.push_back(
        Cat("metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a "
            "DNS label is recommended: [",
            Join(faults, " "), "]"));
  }
  for (auto& warning : JobSpecWarnings(job)) out.push_back(std::move(warning));
  return out;
}

}  // namespace reprieve::admission
