#include "admission/request_path.h"

#include <algorithm>
#include <variant>

#include "admission/admission_read.h"
#include "admission/patch.h"
#include "base/text.h"
#include "document/json.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::string_view kBadRequest = "BadRequest";
// So much of a generateName is kept: the suffix must fit within 63 characters.
constexpr std::size_t kMostOfGenerateName = 58;

Value Text(std::string_view text) {
  return Value::String(std::string(text));
}

// The answer with what was found while reading the body.
Answer With(Answer answer, Draft& draft) {
  answer.warnings = std::move(draft.warnings);
  answer.issues = std::move(draft.issues);
  return answer;
}

Answer Success(int code, const CreateStrategy& kind, Draft& draft) {
  Answer answer;
  answer.code = code;
  answer.object = kind.AsReturned(draft.object);
  return With(std::move(answer), draft);
}

Answer Invalid(const CreateStrategy& kind, const Value& object, const FieldErrors& errors) {
  return InvalidAnswer(Cat(kind.names().qualified, " ", Quote(object["metadata"]["name"].AsText())), errors);
}

void Append(std::vector<std::string> from, std::vector<std::string>& into) {
  for (std::string& each : from) into.push_back(std::move(each));
}

// The draft, or the refusal of a body that is no JSON.
Draft ReadText(const CreateStrategy& kind, std::string_view text) {
  const auto raw = document::ParseJson(text);
  if (raw.ok()) return kind.Read(*raw, text);
  Draft draft;
  draft.refusal =
      Unrecognized(kind.names().kind, Cat("couldn't get version/kind; json parse error: ", raw.error().message), text);
  return draft;
}

std::optional<Answer> CheckNamespace(Value& object, std::string_view name_space) {
  const std::string& own = object["metadata"]["namespace"].AsText();
  if (!own.empty() && own != name_space) {
    return Refusal(400, kBadRequest,
                   "the namespace of the provided object does not match the namespace sent on the request");
  }
  object.At("metadata").Set("namespace", Text(name_space));
  return std::nullopt;
}

// Owners that are listed twice are listed once, with a warning.
void DropRepeatedOwners(Value& object, std::vector<std::string>& warnings) {
  Value* owners = object.At("metadata").Find("ownerReferences");
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

void PrepareMetaForCreate(Value& meta, const Request& request) {
  for (const std::string_view member :
       {"deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink"}) {
    meta.Remove(member);
  }
  const std::string generate_name = meta["generateName"].AsText();
  if (meta["name"].AsText().empty() && !generate_name.empty()) {
    meta.Set("name", Text(Cat(std::string_view(generate_name).substr(0, kMostOfGenerateName), request.name_suffix)));
  }
  meta.Set("uid", Text(request.uid));
  meta.Set("creationTimestamp", Text(FormatRfc3339(request.now)));
  meta.Set("generation", Value::Int(1));
}

// A version that the store refuses on a new object. One that is no number it can't read, and ignores.
bool HasVersion(const Value& object) {
  const auto version = ParseInt64(object["metadata"]["resourceVersion"].AsText());
  return version && *version != 0;
}

Answer Create(const CreateStrategy& kind, Draft draft, const Request& request) {
  if (draft.refusal) return With(std::move(*draft.refusal), draft);
  Value& object = draft.object;
  if (auto refusal = CheckNamespace(object, request.name_space)) return With(*refusal, draft);
  DropRepeatedOwners(object, draft.warnings);
  if (auto refusal = kind.Mutate(object)) return With(*refusal, draft);
  PrepareMetaForCreate(object.At("metadata"), request);
  kind.PrepareForCreate(draft);
  FieldErrors errors;
  kind.ValidateCreate(object, errors);
  if (!errors.empty()) return With(Invalid(kind, object, errors), draft);
  Append(kind.WarningsOnCreate(object), draft.warnings);
  if (auto refusal = kind.Admit(object, nullptr)) return With(*refusal, draft);
  if (HasVersion(object)) {
    return With(Refusal(500, "", "resourceVersion should not be set on objects to be created"), draft);
  }
  object.At("metadata").Remove("resourceVersion");
  return Success(201, kind, draft);
}

Answer Conflict(const Strategy& kind, const std::string& name, std::string_view why) {
  return Refusal(409, "Conflict",
                 Cat("Operation cannot be fulfilled on ", kind.names().resource, " ", Quote(name), ": ", why));
}

// PUT says which object it means by its UID; a patch does not.
std::optional<Answer> CheckUid(const Strategy& kind, const Value& object, const Value& stored) {
  const std::string& wanted = object["metadata"]["uid"].AsText();
  const std::string& uid = stored["metadata"]["uid"].AsText();
  if (wanted.empty() || wanted == uid) return std::nullopt;
  const std::string& name = stored["metadata"]["name"].AsText();
  return Conflict(kind, name,
                  Cat("StorageError: invalid object, Code: 4, Key: /registry/", kind.names().registry, "/",
                      stored["metadata"]["namespace"].AsText(), "/", name,
                      ", ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ", wanted,
                      ", UID in object meta: ", uid));
}

// No version, or 0, means whichever there is, where the kind allows that.
std::optional<Answer> CheckVersion(const Strategy& kind, Value& object, const Value& stored, bool put) {
  Value& meta = object.At("metadata");
  const std::string version = meta["resourceVersion"].AsText();
  const std::string& current = stored["metadata"]["resourceVersion"].AsText();
  const std::string& name = stored["metadata"]["name"].AsText();
  if (!std::all_of(version.begin(), version.end(), IsDigit)) {
    return Refusal(500, "", Cat("strconv.ParseUint: parsing ", Quote(version), ": invalid syntax"));
  }
  const bool any = version.find_first_not_of('0') == std::string::npos;
  if (any && put && !kind.allows_unconditional_update()) {
    FieldErrors errors;
    errors.Invalid(FieldPath("metadata.resourceVersion"), "0", "must be specified for an update");
    return InvalidAnswer(Cat(kind.names().resource, " ", Quote(name)), errors);
  }
  if (!any && version != current) {
    return Conflict(kind, name,
                    "the object has been modified; please apply your changes to the latest version and try again");
  }
  meta.Set("resourceVersion", Text(current));
  return std::nullopt;
}

// What an update can't touch comes from the stored object.
void PrepareMetaForUpdate(Value& meta, const Value& before) {
  meta.Remove("managedFields");
  meta.Remove("selfLink");
  if (meta["uid"].AsText().empty()) KeepMember(before, "uid", meta);
  KeepMember(before, "creationTimestamp", meta);
  KeepMember(before, "generation", meta);
  if (!before["deletionTimestamp"].IsNull()) KeepMember(before, "deletionTimestamp", meta);
  if (meta["deletionGracePeriodSeconds"].IsNull()) KeepMember(before, "deletionGracePeriodSeconds", meta);
}

Answer Update(const Strategy& kind, Draft draft, const Value& printed, bool put, Part part, const Request& request) {
  if (draft.refusal) return With(std::move(*draft.refusal), draft);
  Value& object = draft.object;
  const Value stored = kind.ReadStored(printed);
  std::optional<Answer> refusal = CheckNamespace(object, request.name_space);
  if (!refusal) refusal = CheckName(object, stored["metadata"]["name"].AsText());
  if (!refusal && put) refusal = CheckUid(kind, object, stored);
  if (!refusal) refusal = CheckVersion(kind, object, stored, put);
  if (refusal) return With(std::move(*refusal), draft);
  DropRepeatedOwners(object, draft.warnings);
  KeepMember(stored, part == Part::kStatus ? "spec" : "status", object);
  PrepareMetaForUpdate(object.At("metadata"), stored["metadata"]);
  kind.PrepareForUpdate(object, stored, part);
  if (part == Part::kMain && kind.IsSpecChanged(object, stored)) {
    object.At("metadata").Set("generation", Value::Int(stored["metadata"]["generation"].AsInt() + 1));
  }
  FieldErrors errors;
  kind.ValidateUpdate(object, stored, part, errors);
  if (!errors.empty()) return With(Invalid(kind, object, errors), draft);
  Append(kind.WarningsOnUpdate(object, stored), draft.warnings);
  if (part == Part::kMain) {
    if (auto denial = kind.Admit(object, &stored)) return With(*denial, draft);
  }
  return Success(200, kind, draft);
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

std::variant<Value, PatchError> ApplyPatch(const Strategy& kind, const Value& stored, PatchType type,
                                           const Value& patch) {
  switch (type) {
    case PatchType::kMerge:
      if (!patch.IsObject()) return PatchError{PatchError::Kind::kMalformed, NotAMap(patch)};
      return MergePatch(stored, patch);
    case PatchType::kJson:
      return JsonPatch(stored, patch);
    case PatchType::kStrategic:
      break;
  }
  return StrategicMergePatch(stored, patch, *kind.patch_message());
}

}  // namespace

void KeepMember(const Value& from, std::string_view member, Value& to) {
  if (from[member].IsNull()) {
    to.Remove(member);
  } else {
    to.Set(member, from[member]);
  }
}

Answer CreateObject(const CreateStrategy& kind, std::string_view text, const Request& request) {
  if (auto refusal = CheckFieldValidation("CreateOptions", request)) return *refusal;
  return Create(kind, ReadText(kind, text), request);
}

Answer CreateObject(const CreateStrategy& kind, const Value& body, const Request& request) {
  if (auto refusal = CheckFieldValidation("CreateOptions", request)) return *refusal;
  return Create(kind, kind.Read(body, std::nullopt), request);
}

Answer ReplaceObject(const Strategy& kind, const Value& stored, std::string_view text, Part part,
                     const Request& request) {
  if (auto refusal = CheckFieldValidation("UpdateOptions", request)) return *refusal;
  return Update(kind, ReadText(kind, text), stored, /*put=*/true, part, request);
}

Answer ReplaceObject(const Strategy& kind, const Value& stored, const Value& body, Part part, const Request& request) {
  if (auto refusal = CheckFieldValidation("UpdateOptions", request)) return *refusal;
  return Update(kind, kind.Read(body, std::nullopt), stored, /*put=*/true, part, request);
}

Answer PatchObject(const Strategy& kind, const Value& stored, PatchType type, const Value& patch, Part part,
                   const Request& request) {
  if (auto refusal = CheckFieldValidation("PatchOptions", request)) return *refusal;
  if (type == PatchType::kStrategic && kind.patch_message() == nullptr) {
    return Refusal(415, "UnsupportedMediaType",
                   "the body of the request was in an unknown format - accepted media types include: "
                   "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml");
  }
  const std::variant<Value, PatchError> patched = ApplyPatch(kind, stored, type, patch);
  if (const auto* error = std::get_if<PatchError>(&patched)) return PatchFailure(*error);
  return Update(kind, kind.ReadPatched(std::get<Value>(patched), stored), stored, /*put=*/false, part, request);
}

}  // namespace reprieve::admission
