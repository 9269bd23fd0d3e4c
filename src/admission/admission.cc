#include "admission/admission.h"

#include <algorithm>
#include <variant>

#include "admission/admission_read.h"
#include "admission/default.h"
#include "admission/patch.h"
#include "admission/validation/job.h"
#include "admission/warnings.h"
#include "base/text.h"
#include "document/json.h"
#include "model/decode.h"

namespace reprieve::admission {

using document::Value;

namespace {

using admission::Body;
using admission::Refusal;

constexpr std::string_view kBadRequest = "BadRequest";

Value Text(std::string_view text) {
  return Value::String(std::string(text));
}

// What a client reads after the store gave the object back: defaulting runs again then.
Value AsReturned(const Value& job) {
  Value out = model::Stored(job, model::JobMessage());
  if (out["metadata"].IsNull()) out.Set("metadata", Value::MakeObject());
  out.At("metadata").Remove("managedFields");
  DefaultJob(out);
  return model::Printed(out, model::JobMessage());
}

// The answer with all that reading the body brought to light.
Answer With(Answer answer, Body& body) {
  answer.warnings = std::move(body.warnings);
  answer.issues = std::move(body.issues);
  return answer;
}

Answer Success(int code, Body& body) {
  Answer answer;
  answer.code = code;
  answer.object = AsReturned(body.job);
  return With(std::move(answer), body);
}

Answer Invalid(const Value& job, const FieldErrors& errors) {
  return admission::InvalidAnswer(Cat("Job.batch ", Quote(job["metadata"]["name"].AsText())), errors);
}

std::optional<Answer> CheckNamespace(Value& job, std::string_view name_space) {
  const std::string& own = job["metadata"]["namespace"].AsText();
  if (!own.empty() && own != name_space) {
    return Refusal(400, kBadRequest,
                   "the namespace of the provided object does not match the namespace sent on the request");
  }
  job.At("metadata").Set("namespace", Text(name_space));
  return std::nullopt;
}

// Owners that are listed twice are listed once, with a warning.
void DropRepeatedOwners(Value& job, std::vector<std::string>& warnings) {
  Value* owners = job.At("metadata").Find("ownerReferences");
  if (owners == nullptr || !owners->IsArray()) return;
  Value kept = Value::MakeArray();
  std::vector<std::string> repeated;
  for (const Value& owner : owners->items()) {
    if (std::find(kept.items().begin(), kept.items().end(), owner) == kept.items().end()) {
      kept.Append(owner);
    } else {
      repeated.push_back(owner["uid"].AsText());
    }
  }
  if (repeated.empty()) return;
  *owners = std::move(kept);
  warnings.push_back(
      Cat(".metadata.ownerReferences contains duplicate entries; API server dedups owner references in "
          "1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) "
          "observed: ",
          Join(repeated, ", ")));
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

void PrepareForCreate(Body& body, const Request& request) {
  Value& job = body.job;
  job.Set("status", Value::MakeObject());
  Value& meta = job.At("metadata");
  for (const std::string_view member :
       {"deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink"}) {
    meta.Remove(member);
  }
  const std::string generate_name = meta["generateName"].AsText();
  if (meta["name"].AsText().empty() && !generate_name.empty()) {
    // Room for the suffix within 63 characters.
    meta.Set("name", Text(Cat(std::string_view(generate_name).substr(0, 58), request.name_suffix)));
  }
  meta.Set("uid", Text(request.uid));
  meta.Set("creationTimestamp", Value::String(FormatRfc3339(request.now)));
  meta.Set("generation", Value::Int(1));
  GenerateSelector(job, body.shares_labels);
  DropDisabledFields(job.At("spec").At("template").At("spec"));
}

// A version that the store would refuse on a new object. One that is no number it can't read, and ignores.
bool HasVersion(const Value& job) {
  const auto version = ParseInt64(job["metadata"]["resourceVersion"].AsText());
  return version && *version != 0;
}

Answer Create(Body body, const Request& request) {
  if (body.refusal) return With(std::move(*body.refusal), body);
  Value& job = body.job;
  if (auto refusal = CheckNamespace(job, request.name_space)) return With(*refusal, body);
  DropRepeatedOwners(job, body.warnings);
  PrepareForCreate(body, request);
  FieldErrors errors;
  ValidateJob(job, {}, errors);
  if (!errors.empty()) return With(Invalid(job, errors), body);
  for (auto& warning : JobWarnings(job)) body.warnings.push_back(std::move(warning));
  if (HasVersion(job)) {
    return With(Refusal(500, "", "resourceVersion should not be set on objects to be created"), body);
  }
  job.At("metadata").Remove("resourceVersion");
  return Success(201, body);
}

enum class Part { kMain, kStatus };

std::optional<Answer> CheckName(const Value& job, const std::string& name) {
  const std::string& own = job["metadata"]["name"].AsText();
  if (own.empty()) {
    return Refusal(400, kBadRequest,
                   Cat("the name of the object (", name, " based on URL) was undeterminable: name must be provided"));
  }
  if (own != name) {
    return Refusal(400, kBadRequest,
                   Cat("the name of the object (", own, ") does not match the name on the URL (", name, ")"));
  }
  return std::nullopt;
}

Answer Conflict(const std::string& name, std::string_view why) {
  return Refusal(409, "Conflict", Cat("Operation cannot be fulfilled on jobs.batch ", Quote(name), ": ", why));
}

// PUT says which object it means by its UID; a patch does not.
std::optional<Answer> CheckUid(const Value& job, const Value& stored) {
  const std::string& wanted = job["metadata"]["uid"].AsText();
  const std::string& uid = stored["metadata"]["uid"].AsText();
  if (wanted.empty() || wanted == uid) return std::nullopt;
  const std::string& name = stored["metadata"]["name"].AsText();
  return Conflict(
      name, Cat("StorageError: invalid object, Code: 4, Key: /registry/jobs/", stored["metadata"]["namespace"].AsText(),
                "/", name, ", ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ",
                wanted, ", UID in object meta: ", uid));
}

// No version, or 0, means whichever there is.
std::optional<Answer> CheckVersion(Value& job, const Value& stored) {
  Value& meta = job.At("metadata");
  const std::string version = meta["resourceVersion"].AsText();
  const std::string& current = stored["metadata"]["resourceVersion"].AsText();
  const bool number = !version.empty() && std::all_of(version.begin(), version.end(), IsDigit);
  if (!version.empty() && !number) {
    return Refusal(500, "", Cat("strconv.ParseUint: parsing ", Quote(version), ": invalid syntax"));
  }
  if (number && version.find_first_not_of('0') != std::string::npos && version != current) {
    return Conflict(stored["metadata"]["name"].AsText(),
                    "the object has been modified; please apply your changes to the latest version and try again");
  }
  meta.Set("resourceVersion", Text(current));
  return std::nullopt;
}

void Keep(const Value& from, std::string_view member, Value& to) {
  if (from[member].IsNull()) {
    to.Remove(member);
  } else {
    to.Set(member, from[member]);
  }
}

// What an update can't touch comes from the stored object.
void PrepareForUpdate(Value& job, const Value& stored, Part part) {
  Keep(stored, part == Part::kStatus ? "spec" : "status", job);
  Value& meta = job.At("metadata");
  const Value& before = stored["metadata"];
  meta.Remove("managedFields");
  meta.Remove("selfLink");
  if (meta["uid"].AsText().empty()) Keep(before, "uid", meta);
  Keep(before, "creationTimestamp", meta);
  Keep(before, "generation", meta);
  if (!before["deletionTimestamp"].IsNull()) Keep(before, "deletionTimestamp", meta);
  if (meta["deletionGracePeriodSeconds"].IsNull()) Keep(before, "deletionGracePeriodSeconds", meta);
  if (part == Part::kStatus) return;
  DropDisabledFields(job.At("spec").At("template").At("spec"));
  const model::Message& spec = model::GetMessage("batch/v1.JobSpec");
  if (!(model::Stored(job["spec"], spec) == model::Stored(stored["spec"], spec))) {
    meta.Set("generation", Value::Int(before["generation"].AsInt() + 1));
  }
}

Answer Update(Body body, const Value& stored_printed, bool put, Part part, const Request& request) {
  if (body.refusal) return With(std::move(*body.refusal), body);
  Value& job = body.job;
  Value stored = model::Stored(stored_printed, model::JobMessage());
  DefaultJob(stored);
  const std::string& name = stored["metadata"]["name"].AsText();
  std::optional<Answer> refusal = CheckNamespace(job, request.name_space);
  if (!refusal) refusal = CheckName(job, name);
  if (!refusal && put) refusal = CheckUid(job, stored);
  if (!refusal) refusal = CheckVersion(job, stored);
  if (refusal) return With(std::move(*refusal), body);
  DropRepeatedOwners(job, body.warnings);
  PrepareForUpdate(job, stored, part);
  FieldErrors errors;
  if (part == Part::kMain) {
    ValidateJobUpdate(job, stored, errors);
  } else {
    ValidateJobStatusUpdate(job, stored, errors);
  }
  if (!errors.empty()) return With(Invalid(job, errors), body);
  if (!(job["metadata"]["generation"] == stored["metadata"]["generation"])) {
    for (auto& warning : JobSpecWarnings(job)) body.warnings.push_back(std::move(warning));
  }
  return Success(200, body);
}

Answer PatchFailure(const PatchError& error) {
  switch (error.kind) {
    case PatchError::Kind::kMalformed:
      return Refusal(400, kBadRequest, Cat("error decoding patch: ", error.message));
    case PatchError::Kind::kBadFormat:
      return Refusal(400, kBadRequest, error.message);
    case PatchError::Kind::kFailed:
      return Refusal(422, "Invalid", error.message);
    case PatchError::Kind::kDirective:
      return Refusal(500, "", error.message);
  }
  return {};
}

std::string NotAMap(const Value& patch) {
  const std::string_view kind = patch.IsArray()    ? "array"
                                : patch.IsString() ? "string"
                                : patch.IsBool()   ? "bool"
                                                   : "number";
  return Cat("json: cannot unmarshal ", kind, " into Go value of type map[string]interface {}");
}

Answer Patch(const Value& stored, PatchType type, const Value& patch, Part part, const Request& request) {
  if (auto refusal = admission::CheckFieldValidation("PatchOptions", request)) return *refusal;
  std::variant<Value, PatchError> patched;
  switch (type) {
    case PatchType::kMerge:
      if (!patch.IsObject()) {
        patched = PatchError{PatchError::Kind::kMalformed, NotAMap(patch)};
      } else {
        patched = MergePatch(stored, patch);
      }
      break;
    case PatchType::kJson:
      patched = JsonPatch(stored, patch);
      break;
    case PatchType::kStrategic:
      patched = StrategicMergePatch(stored, patch, model::JobMessage());
      break;
  }
  if (const auto* error = std::get_if<PatchError>(&patched)) return PatchFailure(*error);
  return Update(admission::ReadPatched(std::get<Value>(patched), request), stored, /*put=*/false, part, request);
}

}  // namespace

Answer CreateJob(std::string_view body, const Request& request) {
  if (auto refusal = admission::CheckFieldValidation("CreateOptions", request)) return *refusal;
  return Create(admission::ReadBody(body, request), request);
}

Answer CreateJob(const Value& body, const Request& request) {
  if (auto refusal = admission::CheckFieldValidation("CreateOptions", request)) return *refusal;
  return Create(admission::ReadBody(body, std::nullopt, request), request);
}

Answer UpdateJob(const Value& stored, std::string_view body, const Request& request) {
  if (auto refusal = admission::CheckFieldValidation("UpdateOptions", request)) return *refusal;
  return Update(admission::ReadBody(body, request), stored, /*put=*/true, Part::kMain, request);
}

Answer UpdateJob(const Value& stored, const Value& body, const Request& request) {
  return UpdateJob(stored, document::WriteJson(body), request);
}

Answer UpdateJobStatus(const Value& stored, const Value& body, const Request& request) {
  if (auto refusal = admission::CheckFieldValidation("UpdateOptions", request)) return *refusal;
  return Update(admission::ReadBody(body, std::nullopt, request), stored, /*put=*/true, Part::kStatus, request);
}

Answer PatchJob(const Value& stored, PatchType type, const Value& patch, const Request& request) {
  return Patch(stored, type, patch, Part::kMain, request);
}

Answer PatchJobStatus(const Value& stored, PatchType type, const Value& patch, const Request& request) {
  return Patch(stored, type, patch, Part::kStatus, request);
}

}  // namespace reprieve::admission
