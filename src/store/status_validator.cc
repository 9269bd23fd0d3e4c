#include "store/status_validator.h"

#include "base/text.h"
#include "model/validation/job.h"

namespace reprieve::store {
namespace {

constexpr std::size_t kMaxSpecs = 4096;

model::Value ObjectOf(const batch::Job& job, const model::Value& spec, const batch::JobStatus& status) {
  model::Value out = model::Value::MakeObject();
  model::Value& metadata = out.Set("metadata", model::Value::MakeObject());
  metadata.Set("name", model::Value::String(job.metadata.name));
  metadata.Set("namespace", model::Value::String(job.metadata.namespace_));
  // Which version it is, the store has checked itself.
  metadata.Set("resourceVersion", model::Value::String(Cat(job.metadata.resource_version)));
  out.Set("spec", spec);
  out.Set("status", model::ToValue(status));
  return out;
}

}  // namespace

Status StatusValidator::Check(const batch::Job& before, const batch::JobStatus& after) {
  const model::Value& spec = SpecOf(before);
  model::FieldErrors errors;
  model::ValidateJobStatusUpdate(ObjectOf(before, spec, after), ObjectOf(before, spec, before.status), errors);
  if (errors.empty()) return Ok();
  return Error{Cat("Job.batch \"", before.metadata.name, "\" is invalid: ", model::Aggregate(errors.list()))};
}

const model::Value& StatusValidator::SpecOf(const batch::Job& job) {
  if (specs_.size() > kMaxSpecs) specs_.clear();
  const auto [at, fresh] = specs_.try_emplace(job.spec);
  if (fresh) {
    at->second = model::ToValue(job.spec);
    at->second.Remove("template");
    at->second.Remove("podFailurePolicy");
  }
  return at->second;
}

}  // namespace reprieve::store
