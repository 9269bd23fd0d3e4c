#include "admission/default_jobset.h"

#include "base/text.h"

namespace reprieve::admission {

using document::Value;

namespace {

void SetIfAbsent(Value& object, std::string_view field, Value value) {
  if (object[field].IsNull()) object.Set(field, std::move(value));
}

Value Object(std::string_view field, std::string_view word) {
  Value out = Value::MakeObject();
  out.Set(field, Value::String(std::string(word)));
  return out;
}

}  // namespace

std::string UsualRuleName(std::size_t index) {
  return Cat("failurePolicyRule", index);
}

void DefaultJobSet(Value& jobset) {
  Value& spec = jobset.At("spec");
  if (!spec.IsObject()) spec = Value::MakeObject();
  SetIfAbsent(spec, "successPolicy", Object("operator", "All"));
  SetIfAbsent(spec, "startupPolicy", Object("startupPolicyOrder", "AnyOrder"));
  if (Value* jobs = spec.Find("replicatedJobs")) {
    for (Value& job : jobs->items()) {
      Value& job_spec = job.At("template").At("spec");
      SetIfAbsent(job_spec, "completionMode", Value::String("Indexed"));
      Value& pod = job_spec.At("template").At("spec");
      if (pod["restartPolicy"].AsText().empty()) pod.Set("restartPolicy", Value::String("OnFailure"));
    }
  }
  SetIfAbsent(spec, "network", Value::MakeObject());
  SetIfAbsent(spec.At("network"), "enableDNSHostnames", Value::Bool(true));
  SetIfAbsent(spec.At("network"), "publishNotReadyAddresses", Value::Bool(true));
  if (Value* policy = spec.Find("failurePolicy"); policy != nullptr && policy->Find("rules") != nullptr) {
    std::size_t index = 0;
    for (Value& rule : policy->At("rules").items()) {
      if (rule["name"].AsText().empty()) rule.Set("name", Value::String(UsualRuleName(index)));
      ++index;
    }
  }
  if (Value* policies = spec.Find("volumeClaimPolicies")) {
    for (Value& policy : policies->items()) SetIfAbsent(policy, "retentionPolicy", Object("whenDeleted", "Delete"));
  }
}

}  // namespace reprieve::admission
