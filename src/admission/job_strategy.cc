// Jobs: decoded into Go structures, with generated labels and selector; no webhooks.
#include <utility>

#include "admission/admission.h"
#include "admission/admission_read.h"
#include "admission/builtin_kind.h"
#include "admission/default.h"
#include "admission/request_path.h"
#include "admission/validation/job.h"
#include "admission/warnings.h"
#include "base/text.h"
#include "document/json.h"
#include "model/decode.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr BuiltinKind kKind = {{"Job", "Job.batch", "jobs.batch", "jobs"}, "batch", "v1", "batch/v1.Job"};

Value Text(std::string_view text) {
  return Value::String(std::string(text));
}

void SetIfAbsent(Value& map, std::string_view key, std::string_view text) {
  Value& slot = map.At(key);
  if (slot.IsNull()) slot = Text(text);
}

// The labels by which a Job finds its pods, and the selector that asks for them. What the user wrote stays, and is
// validated after.
void GenerateSelector(Value& job, bool shares_labels) {
  Value& spec = job.At("spec");
  if (spec["manualSelector"].AsBool()) return;
  const std::string name = job["metadata"]["name"].AsText();
  const std::string uid = job["metadata"]["uid"].AsText();
  Value& meta = spec.At("template").At("metadata");
  Value& labels = meta.At("labels");
  SetIfAbsent(labels, "job-name", name);
  SetIfAbsent(labels, "batch.kubernetes.io/job-name", name);
  SetIfAbsent(labels, "controller-uid", uid);
  SetIfAbsent(labels, "batch.kubernetes.io/controller-uid", uid);
  if (shares_labels) {
    Value copy = labels;
    job.At("metadata").Set("labels", std::move(copy));
  }
  SetIfAbsent(spec.At("selector").At("matchLabels"), "batch.kubernetes.io/controller-uid", uid);
}

// Fills in what nobody wrote.
void SetDefaults(Draft& draft) {
  const bool labelled = draft.object["metadata"]["labels"].size() > 0;
  DefaultJob(draft.object);
  draft.shares_labels = !labelled && draft.object["metadata"]["labels"].size() > 0;
}

class JobStrategy final : public Strategy {
 public:
  explicit JobStrategy(const Request& request) : request_(request) {}

  const KindNames& names() const override { return kKind.names; }
  const model::Message* patch_message() const override { return &model::JobMessage(); }
  bool allows_unconditional_update() const override { return true; }

  Draft Read(const Value& raw, std::optional<std::string_view> text) const override {
    Draft draft = ReadBuiltinBody(kKind, raw, text, request_);
    if (!draft.refusal) SetDefaults(draft);
    return draft;
  }

  Draft ReadPatched(const Value& patched, const Value& /*stored*/) const override {
    Reading reading = ReadBuiltin(kKind, patched, request_);
    if (!reading.fault) {
      SetDefaults(reading.draft);
      return std::move(reading.draft);
    }
    FieldErrors errors;
    errors.Invalid(FieldPath("patch"), Shown(document::WriteJson(patched)), *reading.fault);
    return Refused(std::move(reading), InvalidAnswer(" \"\"", errors));
  }

  Value ReadStored(const Value& printed) const override {
    Value stored = model::Stored(printed, model::JobMessage());
    DefaultJob(stored);
    return stored;
  }

  std::optional<Answer> Mutate(Value& /*job*/) const override { return std::nullopt; }

  void PrepareForCreate(Draft& draft) const override {
    draft.object.Set("status", Value::MakeObject());
    GenerateSelector(draft.object, draft.shares_labels);
    DropDisabledFields(draft.object.At("spec").At("template"));
  }

  void PrepareForUpdate(Value& job, const Value& /*stored*/, Part part) const override {
    if (part == Part::kMain) DropDisabledFields(job.At("spec").At("template"));
  }

  bool IsSpecChanged(const Value& job, const Value& stored) const override {
    const model::Message& spec = model::GetMessage("batch/v1.JobSpec");
    return !(model::Stored(job["spec"], spec) == model::Stored(stored["spec"], spec));
  }

  void ValidateCreate(const Value& job, FieldErrors& errors) const override {
    ValidateJobCreate(job, BehaviourOf(request_.version), errors);
  }

  void ValidateUpdate(const Value& job, const Value& stored, Part part, FieldErrors& errors) const override {
    if (part == Part::kMain) {
      ValidateJobUpdate(job, stored, BehaviourOf(request_.version), errors);
    } else {
      ValidateJobStatusUpdate(job, stored, BehaviourOf(request_.version), errors);
    }
  }

  std::vector<std::string> WarningsOnCreate(const Value& job) const override { return JobWarnings(job); }

  std::vector<std::string> WarningsOnUpdate(const Value& job, const Value& stored) const override {
    if (job["metadata"]["generation"] == stored["metadata"]["generation"]) return {};
    return JobSpecWarnings(job);
  }

  std::optional<Answer> Admit(const Value& /*job*/, const Value* /*stored*/) const override { return std::nullopt; }

  // Defaulting runs again when the store has given the object back.
  Value AsReturned(const Value& job) const override {
    Value out = model::Stored(job, model::JobMessage());
    if (out["metadata"].IsNull()) out.Set("metadata", Value::MakeObject());
    out.At("metadata").Remove("managedFields");
    DefaultJob(out);
    return model::Printed(out, model::JobMessage());
  }

 private:
  const Request& request_;
};

}  // namespace

Answer CreateJob(std::string_view body, const Request& request) {
  return CreateObject(JobStrategy(request), body, request);
}
Answer CreateJob(const Value& body, const Request& request) {
  return CreateObject(JobStrategy(request), body, request);
}

Answer UpdateJob(const Value& stored, std::string_view body, const Request& request) {
  return ReplaceObject(JobStrategy(request), stored, body, Part::kMain, request);
}
Answer UpdateJob(const Value& stored, const Value& body, const Request& request) {
  return ReplaceObject(JobStrategy(request), stored, body, Part::kMain, request);
}
Answer UpdateJobStatus(const Value& stored, const Value& body, const Request& request) {
  return ReplaceObject(JobStrategy(request), stored, body, Part::kStatus, request);
}

Answer PatchJob(const Value& stored, PatchType type, const Value& patch, const Request& request) {
  return PatchObject(JobStrategy(request), stored, type, patch, Part::kMain, request);
}
Answer PatchJobStatus(const Value& stored, PatchType type, const Value& patch, const Request& request) {
  return PatchObject(JobStrategy(request), stored, type, patch, Part::kStatus, request);
}

}  // namespace reprieve::admission
