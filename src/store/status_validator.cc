#include "store/status_validator.h"

#include "admission/validation/job.h"
#include "base/flat_hash.h"
#include "base/text.h"

namespace reprieve::store {

using document::Value;

namespace {

constexpr std::size_t kMaxSpecs = 4096;

constexpr std::string_view kUncounted = "uncountedTerminatedPods";

// Every UID is valid and listed once: all that the rules ask of the list while the Job is not finished.
bool IsFaultless(const batch::UncountedTerminatedPods& uncounted) {
  FlatSet<std::string_view, EndsHash> seen;
  seen.reserve(uncounted.succeeded.size() + uncounted.failed.size());
  for (const auto* uids : {&uncounted.succeeded, &uncounted.failed}) {
    for (const meta::Uid& uid : *uids) {
      if (uid.empty() || !seen.insert(uid.view()).second) return false;
    }
  }
  return true;
}

// Both statuses are of a Job that goes on, whose uncounted pods, a thousand at a time, need not be looked at again.
bool UncountedMayBeLeftOut(const batch::JobStatus& before, const batch::JobStatus& after) {
  return !before.IsFinished() && !after.IsFinished() &&
         (!after.uncounted_terminated_pods || IsFaultless(*after.uncounted_terminated_pods));
}

Value ObjectOf(const batch::Job& job, const Value& spec, Value status) {
  Value out = Value::MakeObject();
  Value& metadata = out.Set("metadata", Value::MakeObject());
  metadata.Set("name", Value::String(job.metadata.name.str()));
  metadata.Set("namespace", Value::String(job.metadata.namespace_.str()));
  // Which version it is, the store has checked itself.
  metadata.Set("resourceVersion", Value::String(Cat(job.metadata.resource_version)));
  out.Set("spec", spec);
  out.Set("status", std::move(status));
  return out;
}

}  // namespace

Status StatusValidator::Check(const batch::Job& before, const batch::JobStatus& after) {
  const Value& spec = SpecOf(before);
  const bool left_out = UncountedMayBeLeftOut(before.status, after);
  const auto shown = [left_out](const batch::JobStatus& status) {
    return left_out ? model::ToValueWithout(status, {kUncounted}) : model::ToValue(status);
  };
  admission::FieldErrors errors;
  // What versions differ in is how they say it.
  admission::ValidateJobStatusUpdate(ObjectOf(before, spec, shown(after)), ObjectOf(before, spec, shown(before.status)),
                                     admission::BehaviourOf({}), errors);
  if (errors.empty()) return Ok();
  return Error{Cat("Job.batch \"", before.metadata.name, "\" is invalid: ", admission::Aggregate(errors.list()))};
}

const Value& StatusValidator::SpecOf(const batch::Job& job) {
  if (specs_.size() > kMaxSpecs) specs_.clear();
  const auto [at, fresh] = specs_.try_emplace(job.spec);
  if (fresh) {
    at->second = model::ToValueWithout(*job.spec, {"template", "podFailurePolicy"});
  }
  return at->second;
}

}  // namespace reprieve::store
