#include "cli/run_plan.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "base/text.h"
#include "document/json.h"
#include "model/job_pods.h"

namespace reprieve::cli {
namespace {

using document::Value;

struct PlannedPods {
  std::int64_t all = 0;
  std::int64_t at_once = 0;
};

struct PlannedObject {
  std::string kind;  // Job, JobSet or Pod
  meta::ObjectKey key;
  PlannedPods pods;
  std::string file;
  std::uint32_t line = 0;
};

PlannedPods PodsOf(const batch::JobSpec& spec) {
  const std::int32_t at_once = batch::PodsAtOnce(spec);
  // Without completions it is over once a pod has succeeded and the others have ended.
  return {spec.completions.value_or(at_once), at_once};
}

PlannedPods PodsOf(const jobset::JobSetSpec& spec) {
  PlannedPods out;
  for (const jobset::ReplicatedJob& group : spec.replicated_jobs) {
    const PlannedPods each = PodsOf(*group.job_template.spec);
    out.all += group.replicas * each.all;
    out.at_once += group.replicas * each.at_once;
  }
  return out;
}

PlannedObject Plan(std::string kind, const meta::ObjectMeta& metadata, PlannedPods pods,
                   const admission::ManifestObject& manifest) {
  return {std::move(kind), meta::KeyOf(metadata), pods, manifest.file->name, manifest.value.mark().line};
}

std::vector<PlannedObject> PlanOf(const Loaded& loaded) {
  std::vector<PlannedObject> out;
  for (const LoadedJob& job : loaded.jobs) {
    out.push_back(Plan("Job", job.job.metadata, PodsOf(*job.job.spec), job.manifest));
  }
  for (const LoadedJobSet& jobset : loaded.jobsets) {
    out.push_back(Plan("JobSet", jobset.jobset.metadata, PodsOf(*jobset.jobset.spec), jobset.manifest));
  }
  for (const LoadedPod& pod : loaded.pods) out.push_back(Plan("Pod", pod.pod.metadata, {1, 1}, pod.manifest));
  return out;
}

Value ToValue(const PlannedObject& object) {
  Value out = Value::MakeObject();
  out.Set("type", Value::String("wouldRun"));
  out.Set("namespace", Value::String(object.key.namespace_.str()));
  out.Set(ToLower(object.kind), Value::String(object.key.name.str()));
  out.Set("pods", Value::Int(object.pods.all));
  out.Set("podsAtOnce", Value::Int(object.pods.at_once));
  out.Set("file", Value::String(object.file));
  out.Set("line", Value::Int(object.line));
  return out;
}

std::string TextOf(const PlannedPods& pods) {
  std::string out = Cat(pods.all, pods.all == 1 ? " pod" : " pods");
  if (pods.at_once < pods.all) AppendTo(out, ", ", pods.at_once, " at a time");
  return out;
}

std::string TitleOf(const PlannedObject& object) {
  const bool other = object.key.namespace_ != "default";
  return Cat(object.kind, " ", other ? Cat(object.key.namespace_, "/") : std::string(), object.key.name);
}

void PrintText(const std::vector<PlannedObject>& plan, const NetworkChoice& network) {
  std::size_t title = 0;
  std::size_t pods = 0;
  for (const PlannedObject& object : plan) {
    title = std::max(title, TitleOf(object).size());
    pods = std::max(pods, TextOf(object.pods).size());
  }
  for (const PlannedObject& object : plan) {
    std::printf("%-*s   %-*s   %s:%u\n", static_cast<int>(title), TitleOf(object).c_str(), static_cast<int>(pods),
                TextOf(object.pods).c_str(), object.file.c_str(), object.line);
  }
  if (!network.reason.empty()) {
    std::printf("Network: pods with names would have networks of their own: %s.\n", network.reason.c_str());
  }
  std::printf("Dry run: all checks passed; nothing was started.\n");
}

}  // namespace

void TellPlan(const Loaded& loaded, const NetworkChoice& network, bool json) {
  const std::vector<PlannedObject> plan = PlanOf(loaded);
  if (!json) return PrintText(plan, network);
  for (const PlannedObject& object : plan) std::puts(document::WriteJson(ToValue(object)).c_str());
}

}  // namespace reprieve::cli
