#include "vectors/jobset_scenario.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "admission/admission_jobset.h"
#include "admission/patch.h"
#include "base/text.h"
#include "document/json.h"
#include "vectors/scenario.h"

namespace reprieve::vectors {
namespace {

using document::Value;

const std::string kNamespace = "ns";

model::FeatureGates GatesOf(const Value& names) {
  std::string text;
  for (const Value& name : names.items()) AppendTo(text, text.empty() ? "" : ",", name.AsText(), "=true");
  const auto gates = model::ParseFeatureGates(text);
  EXPECT_TRUE(text.empty() || gates.ok()) << text;
  return text.empty() ? model::FeatureGates{} : *gates;
}

sim::SimulationOptions OptionsOf(const model::FeatureGates& gates, std::optional<sim::FaultRates> faults) {
  sim::SimulationOptions options;
  options.engine.jobsets.gates = gates;
  options.faults = faults;
  return options;
}

std::string NameOf(const Value& input) {
  const Value* name = input.Find("name");
  return name != nullptr ? name->AsText() : "js";
}

}  // namespace

// The actions, by their member names.
const JobSetScenario::Verb JobSetScenario::kVerbs[] = {
    {"patch", &JobSetScenario::Patch},
    {"deleteJobSet", &JobSetScenario::DeleteJobSet},
    {"deleteJob", &JobSetScenario::DeleteJob},
    {"deleteJobInBackground", &JobSetScenario::DeleteJobInBackground},
    {"deleteService", &JobSetScenario::DeleteService},
    {"deletePod", &JobSetScenario::DeletePod},
    {"labelJob", &JobSetScenario::LabelJob},
    {"attempt", &JobSetScenario::Attempt},
    {"restartCount", &JobSetScenario::RestartCount},
    {"nodes", &JobSetScenario::SetNodes},
    {"look", &JobSetScenario::Look},
    {"restart", &JobSetScenario::Restart},
};

JobSetScenario::JobSetScenario(const Value& input, std::optional<sim::FaultRates> faults)
    : input_(input),
      gates_(GatesOf(input["gates"])),
      simulation_(OptionsOf(gates_, faults)),
      key_{kNamespace, NameOf(input)},
      kubelet_(simulation_, [this](const core::Pod& pod) { return Life(pod); }),
      record_(simulation_, key_) {}

void JobSetScenario::Run() {
  const Time start = simulation_.Now();
  SetNodes(input_["nodes"]);
  AddForeigners();
  AddJobSet();
  if (!refused_.IsNull()) return;
  for (const Value& action : input_["then"].items()) {
    simulation_.agenda().At(start + DurationOf(action["at"]), [this, &action] { Do(action); });
  }
  const Value* until = input_.Find("until");
  simulation_.RunUntil(start + (until != nullptr ? DurationOf(*until) : Nanoseconds(std::chrono::hours(1))));
}

Value JobSetScenario::Seen() const {
  Value out = record_.Seen();
  if (!refused_.IsNull()) out.Set("refused", refused_);
  return out;
}

Value JobSetScenario::Manifest() const {
  Value manifest = Value::MakeObject();
  manifest.Set("apiVersion", Value::String(std::string(jobset::kApiVersion)));
  manifest.Set("kind", Value::String("JobSet"));
  Value& metadata = manifest.At("metadata");
  metadata.Set("name", Value::String(key_.name.str()));
  for (const char* member : {"labels", "annotations"}) {
    if (const Value* given = input_.Find(member)) metadata.Set(member, *given);
  }
  const Value* spec = input_.Find("spec");
  manifest.Set("spec", spec != nullptr ? *spec : Value::MakeObject());
  for (const Value& job : input_["jobs"].items()) manifest.At("spec").At("replicatedJobs").Append(ReplicatedJob(job));
  return manifest;
}

// `pods` is parallelism and completions; `job`, `pod` and `annotations` are merged into the template.
Value JobSetScenario::ReplicatedJob(const Value& shorthand) const {
  Value out = *document::ParseJson(
      R"({"template":{"spec":{"backoffLimit":0,"parallelism":1,"completions":1,"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"main","image":"i"}]}}}}})");
  Value& job = out.At("template");
  if (const Value* pods = shorthand.Find("pods")) {
    job.At("spec").Set("parallelism", *pods);
    job.At("spec").Set("completions", *pods);
  }
  if (const Value* annotations = shorthand.Find("annotations")) job.At("metadata").Set("annotations", *annotations);
  if (const Value* labels = shorthand.Find("labels")) job.At("metadata").Set("labels", *labels);
  if (const Value* merge = shorthand.Find("job")) job.Set("spec", admission::MergePatch(job["spec"], *merge));
  if (const Value* merge = shorthand.Find("pod")) {
    job.At("spec").Set("template", admission::MergePatch(job["spec"]["template"], *merge));
  }
  for (const char* member : {"name", "replicas", "groupName", "dependsOn"}) {
    if (const Value* given = shorthand.Find(member)) out.Set(member, *given);
  }
  return out;
}

void JobSetScenario::AddJobSet() {
  const meta::Uid uid = simulation_.store().NewUid();
  const auto find_claim = [this](const std::string& name) {
    const core::PersistentVolumeClaim* claim = simulation_.store().FindClaim({kNamespace, name});
    return claim == nullptr ? Value() : core::ToValue(*claim);
  };
  const admission::Answer answer =
      admission::CreateJobSet(Manifest(), {{kNamespace, "Strict", uid, "", simulation_.Now()}, gates_, find_claim});
  if (!answer.ok()) {
    refused_ = Value::MakeArray();
    if (answer.causes.empty()) refused_.Append(Value::String(answer.message));
    for (const admission::Cause& cause : answer.causes) refused_.Append(Value::String(cause.message));
    return;
  }
  jobset::JobSet jobset;
  FromValue(answer.object, jobset);
  simulation_.store().AddJobSet(std::move(jobset));
}

// Foreign objects with names that the JobSet needs.
void JobSetScenario::AddForeigners() {
  const Value& foreign = input_["foreign"];
  for (const Value& name : foreign["jobs"].items()) AddForeignJob(name.AsText());
  for (const Value& service : foreign["services"].items()) {
    core::Service made;
    FromValue(service, made);
    made.metadata.namespace_ = kNamespace;
    simulation_.store().CreateService(std::move(made));
  }
  for (const Value& claim : foreign["claims"].items()) {
    core::PersistentVolumeClaim made;
    FromValue(claim, made);
    made.metadata.namespace_ = kNamespace;
    simulation_.store().CreateClaim(std::move(made));
  }
}

void JobSetScenario::AddForeignJob(const std::string& name) {
  auto job = std::make_unique<batch::Job>();
  FromValue(
      *document::ParseJson(
          R"({"spec":{"suspend":true,"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"main","image":"i"}]}}}})"),
      *job);
  job->metadata.name = name;
  job->metadata.namespace_ = kNamespace;
  const world::WriteResult created = simulation_.store().CreateJob(*job);
  EXPECT_TRUE(created.ok()) << created.message;
}

void JobSetScenario::Do(const Value& action) {
  for (const Value::Member& member : action.members()) {
    if (member.key == "at") continue;
    const auto verb = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                   [&](const Verb& candidate) { return candidate.name == member.key; });
    ASSERT_NE(verb, std::end(kVerbs)) << "no such action: " << member.key;
    (this->*verb->act)(member.value);
  }
}

// Looks up by the name of the pod, its Job or its replicated job, or `all`; of several entries for one name the n-th is
// for its n-th pod, and the last applies to all further ones.
sim::PodScript JobSetScenario::Life(const core::Pod& pod) {
  const std::string name = ShortName(pod, key_.name);
  const std::size_t number = incarnations_[name]++;
  const Value* lives = nullptr;
  for (std::string key = name; lives == nullptr; key = key.substr(0, key.rfind('-'))) {
    lives = input_["lives"].Find(key);
    if (key.find('-') == std::string::npos) break;
  }
  if (lives == nullptr) lives = input_["lives"].Find("all");
  if (lives == nullptr || lives->size() == 0) return ScriptOf(Value(), simulation_);
  return ScriptOf((*lives)[std::min(number, lives->size() - 1)], simulation_);
}

const jobset::JobSet* JobSetScenario::Find() {
  return simulation_.store().FindJobSet(key_);
}

void JobSetScenario::Patch(const Value& patch) {
  ASSERT_NE(Find(), nullptr) << "the JobSet is gone";
  const admission::Answer answer = admission::PatchJobSet(ToValue(*Find()), admission::PatchType::kMerge, patch,
                                                          {{kNamespace, "", "", "", simulation_.Now()}, gates_, {}});
  ASSERT_TRUE(answer.ok()) << answer.message;
  jobset::JobSet changed;
  FromValue(answer.object, changed);
  simulation_.store().ReplaceJobSet(changed);
}

void JobSetScenario::DeleteJobSet(const Value& propagation) {
  ASSERT_NE(Find(), nullptr) << "the JobSet is gone";
  const auto how =
      propagation.AsText() == "Foreground" ? world::Propagation::kForeground : world::Propagation::kBackground;
  simulation_.store().DeleteJobSet(key_, Find()->metadata.uid, how);
}

void JobSetScenario::RemoveJob(const Value& name, world::Propagation propagation) {
  store::Store& store = simulation_.store();
  const batch::Job* job = store.FindJob({kNamespace, Cat(key_.name, "-", name.AsText())});
  ASSERT_NE(job, nullptr) << "no such Job: " << name.AsText();
  store.DeleteJob(meta::KeyOf(job->metadata), job->metadata.uid, propagation);
}

void JobSetScenario::DeleteJob(const Value& name) {
  RemoveJob(name, world::Propagation::kForeground);
}

void JobSetScenario::DeleteJobInBackground(const Value& name) {
  RemoveJob(name, world::Propagation::kBackground);
}

void JobSetScenario::DeleteService(const Value& name) {
  store::Store& store = simulation_.store();
  const core::Service* service = store.FindService({kNamespace, name.AsText()});
  ASSERT_NE(service, nullptr) << "no such Service: " << name.AsText();
  store.DeleteService(meta::KeyOf(service->metadata), service->metadata.uid);
}

void JobSetScenario::DeletePod(const Value& name) {
  ForPods(name.AsText(), [this](const core::Pod& pod) { simulation_.store().DeletePod(world::ReferenceTo(pod)); });
}

// Null removes the label.
void JobSetScenario::LabelJob(const Value& labels_by_job) {
  for (const Value::Member& entry : labels_by_job.members()) {
    const batch::Job* job = simulation_.store().FindJob({kNamespace, Cat(key_.name, "-", entry.key)});
    ASSERT_NE(job, nullptr) << "no such Job: " << entry.key;
    batch::Job changed = *job;
    for (const Value::Member& label : entry.value.members()) {
      if (label.value.IsNull()) {
        changed.metadata.labels.Remove(label.key);
      } else {
        changed.metadata.labels.Set(label.key, label.value.AsText());
      }
    }
    simulation_.store().ReplaceJob(changed);
  }
}

// What the agent in a pod writes.
void JobSetScenario::Attempt(const Value& attempts_by_pod) {
  for (const Value::Member& entry : attempts_by_pod.members()) {
    ForPods(entry.key, [&](const core::Pod& pod) {
      simulation_.store().UpdatePodAnnotations(world::ReferenceTo(pod), [&](meta::Labels& annotations) {
        annotations.Set(jobset::kInPlaceRestartAttempt, entry.value.AsText());
      });
    });
  }
}

void JobSetScenario::RestartCount(const Value& counts_by_pod) {
  for (const Value::Member& entry : counts_by_pod.members()) {
    ForPods(entry.key, [&](const core::Pod& pod) {
      simulation_.store().UpdatePodStatus(world::ReferenceTo(pod), [&](const core::Pod&, core::PodStatus& status) {
        status.container_statuses.Edit().at(0).restart_count = static_cast<std::int32_t>(entry.value.AsInt());
      });
    });
  }
}

void JobSetScenario::SetNodes(const Value& labels_by_node) {
  for (const Value::Member& node : labels_by_node.members()) {
    std::map<std::string, std::string> labels;
    for (const Value::Member& label : node.value.members()) labels[label.key] = label.value.AsText();
    simulation_.store().SetNode(node.key, labels);
  }
}

void JobSetScenario::ForPods(const std::string& name, const std::function<void(const core::Pod&)>& act) {
  bool any = false;
  for (const core::Pod* pod : simulation_.store().Pods()) {
    if (ShortName(*pod, key_.name) != name || pod->IsTerminal()) continue;
    any = true;
    act(*pod);
  }
  EXPECT_TRUE(any) << "no such pod: " << name;
}

}  // namespace reprieve::vectors
