#include "admission/warnings.h"

#include "admission/validation/names.h"
#include "admission/warnings_bytes.h"
#include "base/text.h"
#include "model/quantity.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::int64_t kManyCompletions = 100'000;
constexpr std::int64_t kMuchParallelism = 10'000;

std::vector<std::string> NameWarnings(const Value& object, std::string_view used_in = "Pod names and hostnames") {
  const auto faults = DnsLabelFaults(object["metadata"]["name"].AsText());
  if (faults.empty()) return {};
  return {Cat("metadata.name: this is used in ", used_in,
              ", which can result in surprising behavior; a DNS label is recommended: [", Join(faults, " "), "]")};
}

void AppendJobSpecWarnings(const Value& spec, const std::string& path, std::vector<std::string>& out) {
  if (spec["completionMode"].AsText() == "Indexed" && spec["completions"].AsInt() > kManyCompletions &&
      spec["parallelism"].AsInt() > kMuchParallelism) {
    out.push_back(
        Cat(path,
            ": In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, "
            "Kubernetes might not be able to track completedIndexes when a big number of indexes fail"));
  }
  AppendPodTemplateWarnings(spec["template"], path + ".template", out);
}

}  // namespace

std::vector<std::string> JobSpecWarnings(const Value& job) {
  std::vector<std::string> out;
  AppendJobSpecWarnings(job["spec"], "spec", out);
  return out;
}

std::vector<std::string> JobWarnings(const Value& job) {
  std::vector<std::string> out = NameWarnings(job);
  AppendJobSpecWarnings(job["spec"], "spec", out);
  return out;
}

std::vector<std::string> PodWarnings(const Value& pod) {
  std::vector<std::string> out;
  AppendAppArmorWarnings(pod, out);
  for (std::string& warning : NameWarnings(pod, "the Pod's hostname")) out.push_back(std::move(warning));
  AppendPodTemplateWarnings(pod, "", out);
  return out;
}

std::vector<std::string> ClaimWarnings(const Value& claim) {
  constexpr std::string_view kOldClass = "volume.beta.kubernetes.io/storage-class";
  std::vector<std::string> out;
  if (claim["metadata"]["annotations"].Find(kOldClass) != nullptr) {
    out.push_back(Cat("metadata.annotations[", kOldClass,
                      "]: deprecated since v1.8; use \"storageClassName\" attribute instead"));
  }
  for (const std::string_view list : {"requests", "limits"}) {
    const Value* storage = claim["spec"]["resources"][list].Find("storage");
    const auto size = model::Quantity::Parse(storage != nullptr ? storage->AsText() : "0");
    if (!size.ok() || !SeemsFractional(*size)) continue;
    out.push_back(Cat("spec.resources.", list, "[storage]: fractional byte value ", Quote((*size).text()),
                      " is invalid, must be an integer"));
  }
  return out;
}

std::vector<std::string> CronJobWarnings(const Value& cron_job) {
  std::vector<std::string> out = NameWarnings(cron_job);
  AppendJobSpecWarnings(cron_job["spec"]["jobTemplate"]["spec"], "spec.jobTemplate.spec", out);
  return out;
}

}  // namespace reprieve::admission
