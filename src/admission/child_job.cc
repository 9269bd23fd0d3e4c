#include "admission/child_job.h"

#include <utility>

namespace reprieve::admission {

using document::Value;

Value JobOfTemplate(Value job_template, std::string name) {
  job_template.Set("apiVersion", Value::String("batch/v1"));
  job_template.Set("kind", Value::String("Job"));
  Value& metadata = job_template.At("metadata");
  metadata.Set("name", Value::String(std::move(name)));
  metadata.Remove("namespace");
  return job_template;
}

Value ChildJob(const Value& jobset, std::size_t index, std::string name) {
  const Value& spec = jobset["spec"];
  Value job = JobOfTemplate(spec["replicatedJobs"][index]["template"], std::move(name));
  const Value& policies = spec["volumeClaimPolicies"];
  if (policies.size() == 0) return job;
  Value& volumes = job.At("spec").At("template").At("spec").At("volumes");
  for (const Value& policy : policies.items()) {
    for (const Value& claim : policy["templates"].items()) {
      Value& volume = volumes.Append(Value::MakeObject());
      volume.Set("name", claim["metadata"]["name"]);
      volume.Set("emptyDir", Value::MakeObject());
    }
  }
  return job;
}

}  // namespace reprieve::admission
