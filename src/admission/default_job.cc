#include "admission/default.h"

namespace reprieve::admission {

using document::Value;

namespace {

void SetIfAbsent(Value& object, std::string_view key, Value value) {
  Value& slot = object.At(key);
  if (slot.IsNull()) slot = std::move(value);
}

// The pods' template, and the conditions of the failure policy.
void DefaultParts(Value& spec) {
  if (Value* rules = spec.At("podFailurePolicy").Find("rules"); rules != nullptr && rules->IsArray()) {
    for (Value& rule : rules->items()) {
      Value* patterns = rule.Find("onPodConditions");
      if (patterns == nullptr || !patterns->IsArray()) continue;
      for (Value& pattern : patterns->items()) {
        if (pattern["status"].AsText().empty()) pattern.Set("status", Value::String("True"));
      }
    }
  }
  if (spec["podFailurePolicy"].IsNull()) spec.Remove("podFailurePolicy");
  Value& pod_template = spec.At("template");
  if (pod_template.IsNull()) pod_template = Value::MakeObject();
  DefaultPodTemplate(pod_template);
}

Value& ObjectAt(Value& object, std::string_view key) {
  SetIfAbsent(object, key, Value::MakeObject());
  return object.At(key);
}

}  // namespace

void DefaultJob(Value& job) {
  job.At("metadata");  // made before anything holds a reference into the Job
  Value& spec = job.At("spec");
  if (spec.IsNull()) spec = Value::MakeObject();
  if (spec["completions"].IsNull() && spec["parallelism"].IsNull()) spec.Set("completions", Value::Int(1));
  SetIfAbsent(spec, "parallelism", Value::Int(1));
  SetIfAbsent(spec, "backoffLimit", Value::Int(spec["backoffLimitPerIndex"].IsNull() ? 6 : 2147483647));
  const Value& template_labels = spec["template"]["metadata"]["labels"];
  if (template_labels.size() > 0 && job["metadata"]["labels"].size() == 0) {
    Value labels = template_labels;
    job.At("metadata").Set("labels", std::move(labels));
  }
  SetIfAbsent(spec, "completionMode", Value::String("NonIndexed"));
  SetIfAbsent(spec, "suspend", Value::Bool(false));
  SetIfAbsent(spec, "podReplacementPolicy",
              Value::String(spec["podFailurePolicy"].IsNull() ? "TerminatingOrFailed" : "Failed"));
  SetIfAbsent(spec, "manualSelector", Value::Bool(false));
  DefaultParts(spec);
}

void DefaultCronJob(Value& cron_job) {
  Value& spec = ObjectAt(cron_job, "spec");
  if (spec["concurrencyPolicy"].AsText().empty()) spec.Set("concurrencyPolicy", Value::String("Allow"));
  SetIfAbsent(spec, "suspend", Value::Bool(false));
  SetIfAbsent(spec, "successfulJobsHistoryLimit", Value::Int(3));
  SetIfAbsent(spec, "failedJobsHistoryLimit", Value::Int(1));
  DefaultParts(ObjectAt(ObjectAt(spec, "jobTemplate"), "spec"));
}

}  // namespace reprieve::admission
