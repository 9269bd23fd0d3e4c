// The definition's CEL rules, and what an update may change (spec/jobset.md 1.2, 1.7).
#include <algorithm>

#include "admission/validation/jobset.h"
#include "base/text.h"
#include "model/decode.h"
#include "model/schema.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::string_view kImmutable = "Value is immutable";
constexpr std::string_view kExclusive = "StartupPolicy and DependsOn APIs are mutually exclusive";
constexpr std::string_view kNoNamespace = "namespace cannot be set for VolumeClaimPolicies templates";

void NoSuchKey(const FieldPath& path, std::string_view key, std::string_view rule, FieldErrors& errors) {
  errors.Invalid(path, "\"object\"", Cat("no such key: ", key, " evaluating rule: ", rule));
}

void CheckStartup(const Value& spec, FieldErrors& errors) {
  if (spec["startupPolicy"]["startupPolicyOrder"].AsText() != "InOrder") return;
  const FieldPath path("spec");
  if (spec.Find("replicatedJobs") == nullptr) return NoSuchKey(path, "replicatedJobs", kExclusive, errors);
  const auto& jobs = spec["replicatedJobs"].items();
  if (std::any_of(jobs.begin(), jobs.end(), [](const Value& job) { return job.Find("dependsOn") != nullptr; })) {
    errors.InvalidNoValue(path, kExclusive);
  }
}

void CheckClaimPolicy(const Value& policy, const FieldPath& path, FieldErrors& errors) {
  if (policy.Find("templates") == nullptr) return NoSuchKey(path, "templates", kNoNamespace, errors);
  for (const Value& claim : policy["templates"].items()) {
    if (claim.Find("metadata") == nullptr) return NoSuchKey(path, "metadata", kNoNamespace, errors);
    if (!claim["metadata"]["namespace"].AsText().empty()) return errors.InvalidNoValue(path, kNoNamespace);
  }
}

// A transition rule sees only fields that are there before and after.
void CheckUnchanged(const Value& after, const Value& before, std::string_view field, const FieldPath& path,
                    FieldErrors& errors) {
  if (after.Find(field) == nullptr || before.Find(field) == nullptr || after[field] == before[field]) return;
  errors.InvalidNoValue(path / field, kImmutable);
}

const Value* FindByName(const Value& list, const std::string& name) {
  for (const Value& item : list.items()) {
    if (item["name"].AsText() == name) return &item;
  }
  return nullptr;
}

void CheckTransitions(const Value& spec, const Value& stored, FieldErrors& errors) {
  const FieldPath path("spec");
  for (const std::string_view field : {"failurePolicy", "network"}) CheckUnchanged(spec, stored, field, path, errors);
  for (std::size_t i = 0; i < spec["replicatedJobs"].size(); ++i) {
    const Value& job = spec["replicatedJobs"][i];
    const Value* before = FindByName(stored["replicatedJobs"], job["name"].AsText());
    if (before != nullptr) CheckUnchanged(job, *before, "dependsOn", (path / "replicatedJobs")[i], errors);
  }
  for (const std::string_view field : {"startupPolicy", "successPolicy", "volumeClaimPolicies"}) {
    CheckUnchanged(spec, stored, field, path, errors);
  }
}

// A field that is masked takes the stored value, or goes.
void Mask(Value& object, const Value& stored, std::string_view field) {
  if (const Value* before = stored.Find(field)) {
    object.Set(field, *before);
  } else {
    object.Remove(field);
  }
}

bool HasEnded(const Value& jobset) {
  for (const Value& condition : jobset["status"]["conditions"].items()) {
    const std::string& type = condition["type"].AsText();
    if ((type == "Completed" || type == "Failed") && condition["status"].AsText() == "True") return true;
  }
  return false;
}

// With the gate ElasticJobSet an Indexed Job may get another size.
void CheckSize(Value& job, const Value& before, bool ended, const FieldPath& path, FieldErrors& errors) {
  Value& spec = job.At("template").At("spec");
  if (spec["completionMode"].AsText() != "Indexed") return;
  const Value& was = before["template"]["spec"];
  const Value parallelism = spec["parallelism"];
  const Value completions = spec["completions"];
  const bool changed = !(parallelism == was["parallelism"]);
  const bool changed_completions = !(completions == was["completions"]);
  Mask(spec, was, "parallelism");
  Mask(spec, was, "completions");
  if (!changed && !changed_completions) return;
  const FieldPath at = path / "template" / "spec";
  if (ended) {
    return errors.Forbidden(
        at, "Cannot mutate parallelism or completions when JobSet is in a terminal state (Completed or Failed)");
  }
  if (changed && !parallelism.IsNull() && parallelism.AsInt() < 1) {
    errors.Invalid(at / "parallelism", Shown(parallelism), "parallelism must be >= 1");
  }
  if (changed_completions && !completions.IsNull() && completions.AsInt() < 1) {
    errors.Invalid(at / "completions", Shown(completions), "completions must be >= 1");
  }
  if (!parallelism.IsNull() && !completions.IsNull() && !(parallelism == completions)) {
    errors.Invalid(at / "completions", Shown(completions),
                   "completions must be equal to parallelism for Elastic Indexed Jobs");
  }
}

// What a scheduler in front may decide while the JobSet is suspended.
void MaskSchedulingDirectives(Value& job, const Value& before) {
  Value& pods = job.At("template").At("spec").At("template");
  const Value& was = before["template"]["spec"]["template"];
  for (const std::string_view field : {"annotations", "labels"}) Mask(pods.At("metadata"), was["metadata"], field);
  for (const std::string_view field : {"nodeSelector", "tolerations", "schedulingGates"}) {
    Mask(pods.At("spec"), was["spec"], field);
  }
}

}  // namespace

void ValidateJobSetRules(const Value& jobset, const Value* stored, FieldErrors& errors) {
  const Value& spec = jobset["spec"];
  if (!spec.IsObject()) return;
  CheckStartup(spec, errors);
  for (std::size_t i = 0; i < spec["volumeClaimPolicies"].size(); ++i) {
    CheckClaimPolicy(spec["volumeClaimPolicies"][i], FieldPath("spec.volumeClaimPolicies")[i], errors);
  }
  if (stored != nullptr) CheckTransitions(spec, (*stored)["spec"], errors);
}

void ValidateJobSetUpdate(const Value& jobset, const Value& stored, const model::FeatureGates& gates,
                          FieldErrors& errors) {
  Value spec = jobset["spec"];
  const Value& before = stored["spec"];
  const FieldPath path("spec");
  const bool suspended = before["suspend"].AsBool() || spec["suspend"].AsBool();
  for (std::size_t i = 0; i < spec["replicatedJobs"].size(); ++i) {
    Value& job = spec.At("replicatedJobs").items()[i];
    const Value* was = FindByName(before["replicatedJobs"], job["name"].AsText());
    if (was == nullptr) continue;
    if (gates.elastic_job_set) CheckSize(job, *was, HasEnded(stored), (path / "replicatedJobs")[i], errors);
    if (suspended) MaskSchedulingDirectives(job, *was);
  }
  const model::Message& message = model::GetMessage("jobset.x-k8s.io/v1alpha2.JobSetSpec");
  if (!(model::Stored(spec, message)["replicatedJobs"] == model::Stored(before, message)["replicatedJobs"])) {
    errors.Invalid(path / "replicatedJobs", DumpReplicatedJobs(spec), "field is immutable");
  }
  if (!(spec["managedBy"] == before["managedBy"])) {
    errors.Invalid(path / "managedBy", Shown(spec["managedBy"]), "field is immutable");
  }
}

std::string DumpReplicatedJobs(const Value& spec) {
  const Value* list = spec.Find("replicatedJobs");
  if (list == nullptr || !list->IsArray()) return "null";
  std::vector<std::string> out;
  for (const Value& job : list->items()) {
    out.push_back(model::DumpPrinted(&job, model::GetMessage("jobset.x-k8s.io/v1alpha2.ReplicatedJob")));
  }
  return Cat("[", Join(out, ","), "]");
}

}  // namespace reprieve::admission
