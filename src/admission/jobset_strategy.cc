// JobSets: a custom resource, pruned and validated by the schema of its definition, with a mutating and a validating
// webhook.
#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "admission/admission_jobset.h"
#include "admission/admission_read.h"
#include "admission/custom_resource.h"
#include "admission/default_jobset.h"
#include "admission/request_path.h"
#include "admission/served_fields.h"
#include "admission/validation/object_meta.h"
#include "base/text.h"
#include "model/decode.h"
#include "model/versions.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr KindNames kNames = {"JobSet", "JobSet.jobset.x-k8s.io", "jobsets.jobset.x-k8s.io", "jobset.x-k8s.io/jobsets"};
constexpr std::string_view kApiVersion = "jobset.x-k8s.io/v1alpha2";
constexpr std::string_view kBadRequest = "BadRequest";
constexpr std::string_view kNotReadable = "JobSet in version \"v1alpha2\" cannot be handled as a JobSet: ";
constexpr std::string_view kNotAllChecked =
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete "
    "validation";

Value Text(std::string_view text) {
  return Value::String(std::string(text));
}

// Of members that are there twice the last counts.
void DropRepeated(Value& value) {
  if (value.IsArray()) {
    for (Value& item : value.items()) DropRepeated(item);
  }
  if (!value.IsObject()) return;
  Value::Object& members = value.members();
  std::set<std::string_view> seen;
  std::vector<bool> counts(members.size());
  for (std::size_t i = members.size(); i-- > 0;) counts[i] = seen.insert(members[i].key).second;
  if (seen.size() < members.size()) {
    Value::Object kept;
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (counts[i]) kept.push_back(std::move(members[i]));
    }
    members = std::move(kept);
  }
  for (Value::Member& member : members) DropRepeated(member.value);
}

void Overlay(const Value& from, Value& into) {
  if (from.IsObject() && into.IsObject()) {
    std::map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < into.size(); ++i) places[into.members()[i].key] = i;
    std::vector<const Value::Member*> added;
    for (const Value::Member& member : from.members()) {
      if (const auto at = places.find(member.key); at != places.end()) {
        Overlay(member.value, into.members()[at->second].value);
      } else {
        added.push_back(&member);
      }
    }
    for (const Value::Member* member : added) into.members().push_back(*member);
  } else if (from.IsArray() && into.IsArray() && from.size() == into.size()) {
    for (std::size_t i = 0; i < from.size(); ++i) Overlay(from[i], into.items()[i]);
  } else {
    const document::Mark mark = into.mark();
    into = from;
    into.set_mark(mark);
  }
}

Value Sorted(Value value) {
  if (value.IsArray()) {
    for (Value& item : value.items()) item = Sorted(std::move(item));
  }
  if (!value.IsObject()) return value;
  for (Value::Member& member : value.members()) member.value = Sorted(std::move(member.value));
  std::sort(value.members().begin(), value.members().end(),
            [](const Value::Member& a, const Value::Member& b) { return a.key < b.key; });
  return value;
}

void Conclude(FieldErrors& errors) {
  if (IsBlocking(errors)) errors.Invalid(FieldPath("<nil>"), "null", kNotAllChecked);
}

// By the schema, and, if nothing stands in the way, by the rules over several fields.
void ValidateMain(const Value& jobset, const Value* stored, FieldErrors& errors) {
  Value main = jobset;
  main.Remove("status");
  ValidateBySchema(main, model::JobSetMessage(), FieldPath(), errors);
  if (!IsBlocking(errors)) ValidateJobSetRules(jobset, stored, errors);
  Conclude(errors);
}

std::vector<std::string> FinalizerWarnings(const Value& jobset) {
  std::vector<std::string> out;
  for (const Value& finalizer : jobset["metadata"]["finalizers"].items()) {
    const std::string& name = finalizer.AsText();
    if (name.find('/') != std::string::npos || name == "foregroundDeletion" || name == "orphan") continue;
    out.push_back(Cat("metadata.finalizers: ", Quote(name),
                      ": prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer "
                      "writers"));
  }
  return out;
}

// The object in Go structures, as a webhook reads it.
std::optional<Answer> Hold(const Value& jobset, std::string_view webhook, Value& held) {
  model::Decoded decoded = model::Decode(jobset, model::JobSetMessage());
  // The server hands its webhooks the members in the order of their names: the error is the first in that order.
  if (decoded.error) decoded = model::Decode(Sorted(jobset), model::JobSetMessage());
  if (!decoded.error) {
    held = std::move(decoded.value);
    return std::nullopt;
  }
  Answer answer =
      Refusal(400, "", Cat("admission webhook \"", webhook, "\" denied the request: ", decoded.error->message));
  answer.mark = decoded.error->mark;
  return answer;
}

class JobSetStrategy final : public Strategy {
 public:
  explicit JobSetStrategy(const JobSetRequest& request) : request_(request) {}

  const KindNames& names() const override { return kNames; }
  const model::Message* patch_message() const override { return nullptr; }
  bool allows_unconditional_update() const override { return false; }

  Draft Read(const Value& raw, std::optional<std::string_view> text) const override {
    Draft draft;
    const auto found = Interpret(raw);
    if (!found.ok()) {
      draft.refusal = Unrecognized(kNames.kind, found.error().message, BodyText(raw, text));
    } else if ((*found).kind.empty()) {
      const std::string body = BodyText(raw, text);
      draft.refusal = Unrecognized(kNames.kind, Cat("Object 'Kind' is missing in '", body, "'"), body);
    }
    if (draft.refusal) return draft;
    draft.object = raw;
    draft.refusal = CheckVersion(draft);
    if (draft.refusal) return draft;
    draft.object.Set("kind", Text(kNames.kind));
    draft.refusal = ReadBySchema(draft);
    return draft;
  }

  Draft ReadPatched(const Value& patched, const Value& stored) const override {
    Draft draft;
    draft.object = patched;
    draft.refusal = CheckPatchedKind(patched, stored["metadata"]["name"].AsText());
    if (!draft.refusal) draft.refusal = ReadBySchema(draft);
    return draft;
  }

  Value ReadStored(const Value& printed) const override { return printed; }

  // Reads the object into Go structures, fills in defaults, and writes it out again. What that writing adds or changes
  // counts, what it leaves out stays.
  std::optional<Answer> Mutate(Value& jobset) const override {
    Value held;
    if (auto refusal = Hold(jobset, "mjobset.kb.io", held)) return refusal;
    DefaultJobSet(held);
    Value written = model::Printed(held, model::JobSetMessage());
    written.Remove("metadata");
    written.Remove("status");
    Overlay(written, jobset);
    DefaultFromSchema(jobset, model::JobSetMessage());
    return std::nullopt;
  }

  void PrepareForCreate(Draft& draft) const override { draft.object.Remove("status"); }

  void PrepareForUpdate(Value& jobset, const Value& stored, Part part) const override {
    // The subresource of a custom resource changes no metadata.
    if (part == Part::kStatus) jobset.Set("metadata", stored["metadata"]);
  }

  bool IsSpecChanged(const Value& jobset, const Value& stored) const override {
    return !(jobset["spec"] == stored["spec"]);
  }

  void ValidateCreate(const Value& jobset, FieldErrors& errors) const override {
    const ServerBehaviour& server = BehaviourOf(request_.request.version);
    ValidateMeta(jobset["metadata"], NameRule::kSubdomain, FieldPath("metadata"), server, errors);
    if (server.lists_a_cause_once) errors.DropRepeated();
    ValidateMain(jobset, nullptr, errors);
  }

  void ValidateUpdate(const Value& jobset, const Value& stored, Part part, FieldErrors& errors) const override {
    const FieldPath path("metadata");
    // Two layers of the server ask the same, one of them of the object alone as well.
    const ServerBehaviour& server = BehaviourOf(request_.request.version);
    ValidateMeta(jobset["metadata"], NameRule::kAny, path, server, errors);
    ValidateMetaUpdate(jobset["metadata"], stored["metadata"], path, server, errors);
    FieldErrors own;
    ValidateMetaUpdate(jobset["metadata"], stored["metadata"], path, server, own);
    if (server.lists_a_cause_once) own.DropRepeated();
    errors.Append(std::move(own));
    if (part == Part::kMain) return ValidateMain(jobset, &stored, errors);
    ValidateBySchema(jobset["status"], model::GetMessage("jobset.x-k8s.io/v1alpha2.JobSetStatus"), FieldPath("status"),
                     errors);
    Conclude(errors);
  }

  std::vector<std::string> WarningsOnCreate(const Value& jobset) const override { return FinalizerWarnings(jobset); }
  std::vector<std::string> WarningsOnUpdate(const Value& jobset, const Value& /*stored*/) const override {
    return FinalizerWarnings(jobset);
  }

  std::optional<Answer> Admit(const Value& jobset, const Value* stored) const override {
    Value held;
    if (auto refusal = Hold(jobset, "vjobset.kb.io", held)) return refusal;
    FieldErrors errors;
    if (stored == nullptr) {
      ValidateJobSetCreate(held, request_.gates, request_.find_claim, errors);
    } else {
      ValidateJobSetUpdate(held, model::Decode(*stored, model::JobSetMessage()).value, request_.gates, errors);
    }
    if (errors.empty()) return std::nullopt;
    return InvalidAnswer(Cat("admission webhook \"vjobset.kb.io\" denied the request: ", kNames.qualified, " ",
                             Quote(jobset["metadata"]["name"].AsText())),
                         errors);
  }

  Value AsReturned(const Value& jobset) const override { return jobset; }

 private:
  // Decoding as the API server does it without Go types: metadata read, the rest pruned and defaulted by the schema.
  std::optional<Answer> ReadBySchema(Draft& draft) const {
    Value& object = draft.object;
    draft.issues = RepeatedMembers(object);
    DropRepeated(object);
    if (object["metadata"].IsNull()) object.Set("metadata", Value::MakeObject());
    const model::Message& meta_message = model::GetMessage("meta/v1.ObjectMeta");
    model::Decoded meta = model::Decode(object["metadata"], meta_message);
    if (meta.error) return Refusal(400, kBadRequest, Cat(kNotReadable, meta.error->message));
    for (model::FieldIssue& issue : meta.issues) {
      if (issue.kind == model::FieldIssue::Kind::kDuplicate) continue;
      issue.path = Cat("metadata.", issue.path);
      draft.issues.push_back(std::move(issue));
    }
    object.Set("metadata", model::Stored(meta.value, meta_message));
    const model::FateOf& types = FieldsServedBy(model::JobTypesOf(request_.version));
    for (model::FieldIssue& issue : Prune(object, model::JobSetMessage(), types))
      draft.issues.push_back(std::move(issue));
    if (const auto fault = JudgeIssues(draft, request_.request)) {
      return Refusal(400, kBadRequest, Cat(kNotReadable, *fault));
    }
    DefaultFromSchema(object, model::JobSetMessage());
    return std::nullopt;
  }

  std::optional<Answer> CheckVersion(Draft& draft) const {
    const std::string& version = draft.object["apiVersion"].AsText();
    if (version == kApiVersion) return std::nullopt;
    // There is no schema for it: all but what every object has is unknown.
    if (!version.empty() && request_.request.field_validation != "Ignore") {
      for (const Value::Member& member : draft.object.members()) {
        if (member.key == "apiVersion" || member.key == "kind" || member.key == "metadata") continue;
        draft.warnings.push_back(model::FieldIssue{model::FieldIssue::Kind::kUnknown, member.key, {}}.Text());
      }
    }
    return Refusal(
        400, kBadRequest,
        Cat("the API version in the data (", version, ") does not match the expected API version (", kApiVersion, ")"));
  }

  static std::optional<Answer> CheckPatchedKind(const Value& patched, const std::string& name) {
    if (auto refusal = CheckName(patched, name)) return refusal;
    const std::string& version = patched["apiVersion"].AsText();
    const std::string& kind = patched["kind"].AsText();
    FieldErrors errors;
    if (version != kApiVersion) {
      const std::size_t slash = version.find('/');
      errors.Invalid(FieldPath("apiVersion"), Shown(version), Cat("must be ", kApiVersion));
      const std::string group = slash == std::string::npos ? std::string() : Cat(".", version.substr(0, slash));
      return InvalidAnswer(Cat(kind, group, " ", Quote(name)), errors);
    }
    if (kind == kNames.kind) return std::nullopt;
    errors.Invalid(FieldPath("kind"), Shown(kind), "must be JobSet");
    return InvalidAnswer(Cat(kind, ".jobset.x-k8s.io ", Quote(name)), errors);
  }

  const JobSetRequest& request_;
};

}  // namespace

Answer CreateJobSet(std::string_view body, const JobSetRequest& request) {
  return CreateObject(JobSetStrategy(request), body, request.request);
}
Answer CreateJobSet(const Value& body, const JobSetRequest& request) {
  return CreateObject(JobSetStrategy(request), body, request.request);
}

Answer UpdateJobSet(const Value& stored, const Value& body, const JobSetRequest& request) {
  return ReplaceObject(JobSetStrategy(request), stored, body, Part::kMain, request.request);
}
Answer UpdateJobSetStatus(const Value& stored, const Value& body, const JobSetRequest& request) {
  return ReplaceObject(JobSetStrategy(request), stored, body, Part::kStatus, request.request);
}

namespace {

// Without what the server puts before a webhook's words.
Answer WebhooksOwn(std::optional<Answer> refusal, const Value& object, std::string_view webhook) {
  if (!refusal) {
    Answer out;
    out.code = 200;
    out.object = object;
    return out;
  }
  const std::string by = Cat("admission webhook \"", webhook, "\" denied the request: ");
  if (refusal->message.starts_with(by)) refusal->message.erase(0, by.size());
  return std::move(*refusal);
}

}  // namespace

Answer MutateJobSet(const Value& object) {
  const JobSetRequest request{};
  Value mutated = object;
  std::optional<Answer> refusal = JobSetStrategy(request).Mutate(mutated);
  return WebhooksOwn(std::move(refusal), mutated, "mjobset.kb.io");
}

Answer ValidateJobSet(const Value& object, const Value* stored, const JobSetRequest& request) {
  return WebhooksOwn(JobSetStrategy(request).Admit(object, stored), object, "vjobset.kb.io");
}

Answer PatchJobSet(const Value& stored, PatchType type, const Value& patch, const JobSetRequest& request) {
  return PatchObject(JobSetStrategy(request), stored, type, patch, Part::kMain, request.request);
}

}  // namespace reprieve::admission
