#include "admission/admission_jobset.h"

#include <algorithm>
#include <variant>

#include "admission/admission_read.h"
#include "admission/custom_resource.h"
#include "admission/default_jobset.h"
#include "admission/patch.h"
#include "admission/validation/object_meta.h"
#include "base/pattern.h"
#include "base/text.h"
#include "document/json.h"
#include "model/decode.h"
#include "model/jobset.h"
#include "model/jobset_extensions.h"

namespace reprieve::admission {

using document::Value;

namespace {

using admission::Refusal;

constexpr std::string_view kApiVersion = "jobset.x-k8s.io/v1alpha2";
constexpr std::string_view kKind = "JobSet";
constexpr std::string_view kBadRequest = "BadRequest";
constexpr std::string_view kNotAllChecked =
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete "
    "validation";

Value Text(std::string_view text) {
  return Value::String(std::string(text));
}

enum class Part { kMain, kStatus };

// One request in the making.
class Admission {
 public:
  explicit Admission(const JobSetRequest& request) : request_(request) {}

  Answer Create(const Value& raw) {
    if (auto refusal = Read(raw, /*patched=*/nullptr)) return Told(*refusal);
    Value& meta = object_.At("metadata");
    const std::string& own = meta["namespace"].AsText();
    if (!own.empty() && own != request_.request.name_space) {
      return Told(Refusal(400, kBadRequest,
                          "the namespace of the provided object does not match the namespace sent on the request"));
    }
    if (auto refusal = Mutate()) return Told(*refusal);
    PrepareForCreate();
    FieldErrors errors;
    ValidateMeta(object_["metadata"], /*any_name=*/false, FieldPath("metadata"), errors);
    ValidateMain(nullptr, errors);
    if (!errors.empty()) return Told(Invalid(errors));
    Value held;
    if (auto refusal = Hold("vjobset.kb.io", held)) return Told(*refusal);
    ValidateJobSetCreate(held, request_.gates, request_.find_claim, errors);
    if (!errors.empty()) return Told(Denied(errors));
    WarnOfFinalizers();
    return Success(201);
  }

  // `put`: the body is the whole object, not a patch of the stored one.
  Answer Update(const Value& raw, const Value& stored, bool put, Part part) {
    if (auto refusal = Read(raw, put ? nullptr : &stored)) return Told(*refusal);
    const std::string& name = stored["metadata"]["name"].AsText();
    if (auto refusal = CheckIdentity(name, stored, put)) return Told(*refusal);
    WarnOfFinalizers();
    PrepareForUpdate(stored, part);
    FieldErrors errors;
    // Two layers of the server ask the same, one of them of the object alone as well.
    ValidateMeta(object_["metadata"], /*any_name=*/true, FieldPath("metadata"), errors);
    ValidateMetaUpdate(object_["metadata"], stored["metadata"], FieldPath("metadata"), errors);
    ValidateMetaUpdate(object_["metadata"], stored["metadata"], FieldPath("metadata"), errors);
    if (part == Part::kStatus) {
      ValidateBySchema(object_["status"], model::GetMessage("jobset.x-k8s.io/v1alpha2.JobSetStatus"),
                       FieldPath("status"), errors);
      Conclude(errors);
      if (!errors.empty()) return Told(Invalid(errors));
      return Success(200);
    }
    ValidateMain(&stored, errors);
    if (!errors.empty()) return Told(Invalid(errors));
    Value held;
    if (auto refusal = Hold("vjobset.kb.io", held)) return Told(*refusal);
    const model::Decoded before = model::Decode(stored, model::JobSetMessage());
    ValidateJobSetUpdate(held, before.value, request_.gates, errors);
    if (!errors.empty()) return Told(Denied(errors));
    return Success(200);
  }

 private:
  // Decoding as the API server does it without Go types: metadata read, the rest pruned and defaulted by the schema.
  std::optional<Answer> Read(const Value& raw, const Value* patched) {
    object_ = raw;
    const std::string& name =
        patched != nullptr ? (*patched)["metadata"]["name"].AsText() : raw["metadata"]["name"].AsText();
    if (auto refusal = CheckKind(name, patched != nullptr)) return refusal;
    issues_ = RepeatedMembers(object_);
    DropRepeated(object_);
    if (object_["metadata"].IsNull()) object_.Set("metadata", Value::MakeObject());
    model::Decoded meta = model::Decode(object_["metadata"], model::GetMessage("meta/v1.ObjectMeta"));
    if (meta.error) {
      return Refusal(400, kBadRequest,
                     Cat("JobSet in version \"v1alpha2\" cannot be handled as a JobSet: ", meta.error->message));
    }
    for (model::FieldIssue& issue : meta.issues) {
      if (issue.kind == model::FieldIssue::Kind::kDuplicate) continue;
      issue.path = Cat("metadata.", issue.path);
      issues_.push_back(std::move(issue));
    }
    object_.Set("metadata", model::Stored(meta.value, model::GetMessage("meta/v1.ObjectMeta")));
    for (model::FieldIssue& issue : Prune(object_, model::JobSetMessage())) issues_.push_back(std::move(issue));
    if (request_.request.field_validation == "Strict") {
      if (!issues_.empty()) {
        std::vector<std::string> texts;
        for (const model::FieldIssue& issue : issues_) texts.push_back(issue.Text());
        return Refusal(400, kBadRequest,
                       Cat("JobSet in version \"v1alpha2\" cannot be handled as a JobSet: strict decoding error: ",
                           Join(texts, ", ")));
      }
    } else if (request_.request.field_validation != "Ignore") {
      for (const model::FieldIssue& issue : issues_) warnings_.push_back(issue.Text());
    }
    DefaultFromSchema(object_, model::JobSetMessage());
    return std::nullopt;
  }

  std::optional<Answer> CheckKind(const std::string& name, bool patched) {
    const std::string version = object_["apiVersion"].AsText();
    const std::string kind = object_["kind"].AsText();
    if (patched) {
      if (auto refusal = CheckName(name)) return refusal;
      FieldErrors errors;
      if (version != kApiVersion) {
        const std::size_t slash = version.find('/');
        errors.Invalid(FieldPath("apiVersion"), Shown(version), Cat("must be ", kApiVersion));
        return admission::InvalidAnswer(
            Cat(kind, slash == std::string::npos ? std::string() : Cat(".", version.substr(0, slash)), " ",
                Quote(name)),
            errors);
      }
      if (kind != kKind) {
        errors.Invalid(FieldPath("kind"), Shown(kind), "must be JobSet");
        return admission::InvalidAnswer(Cat(kind, ".jobset.x-k8s.io ", Quote(name)), errors);
      }
      return std::nullopt;
    }
    if (version != kApiVersion) {
      // By no schema that there is: all but what every object has is unknown.
      if (!version.empty() && request_.request.field_validation != "Ignore") {
        for (const Value::Member& member : object_.members()) {
          if (member.key == "apiVersion" || member.key == "kind" || member.key == "metadata") continue;
          warnings_.push_back(model::FieldIssue{model::FieldIssue::Kind::kUnknown, member.key, {}}.Text());
        }
      }
      return Refusal(400, kBadRequest,
                     Cat("the API version in the data (", version, ") does not match the expected API version (",
                         kApiVersion, ")"));
    }
    object_.Set("kind", Text(kKind));
    return std::nullopt;
  }

  // Of members that are there twice the last counts.
  static void DropRepeated(Value& value) {
    if (value.IsArray()) {
      for (Value& item : value.items()) DropRepeated(item);
    }
    if (!value.IsObject()) return;
    Value::Object kept;
    for (Value::Member& member : value.members()) {
      std::erase_if(kept, [&](const Value::Member& earlier) { return earlier.key == member.key; });
      kept.push_back(std::move(member));
    }
    value.members() = std::move(kept);
    for (Value::Member& member : value.members()) DropRepeated(member.value);
  }

  // The mutating webhook: reads the object into Go structures, fills in defaults, and writes it out again. What that
  // writing adds or changes counts, what it leaves out stays.
  std::optional<Answer> Mutate() {
    Value held;
    if (auto refusal = Hold("mjobset.kb.io", held)) return refusal;
    DefaultJobSet(held);
    Value written = model::Printed(held, model::JobSetMessage());
    written.Remove("metadata");
    written.Remove("status");
    Overlay(written, object_);
    DefaultFromSchema(object_, model::JobSetMessage());
    return std::nullopt;
  }

  static void Overlay(const Value& from, Value& into) {
    if (from.IsObject() && into.IsObject()) {
      for (const Value::Member& member : from.members()) {
        if (Value* there = into.Find(member.key)) {
          Overlay(member.value, *there);
        } else {
          into.Set(member.key, member.value);
        }
      }
    } else if (from.IsArray() && into.IsArray() && from.size() == into.size()) {
      for (std::size_t i = 0; i < from.size(); ++i) Overlay(from[i], into.items()[i]);
    } else {
      const document::Mark mark = into.mark();
      into = from;
      into.set_mark(mark);
    }
  }

  // The object in Go structures, as a webhook reads it.
  std::optional<Answer> Hold(std::string_view webhook, Value& held) const {
    model::Decoded decoded = model::Decode(object_, model::JobSetMessage());
    // The server hands its webhooks the members in the order of their names: the error is the first in that order.
    if (decoded.error) decoded = model::Decode(Sorted(object_), model::JobSetMessage());
    if (decoded.error) {
      Answer answer =
          Refusal(400, "", Cat("admission webhook \"", webhook, "\" denied the request: ", decoded.error->message));
      answer.mark = decoded.error->mark;
      return answer;
    }
    held = std::move(decoded.value);
    return std::nullopt;
  }

  static Value Sorted(Value value) {
    if (value.IsArray()) {
      for (Value& item : value.items()) item = Sorted(std::move(item));
    }
    if (!value.IsObject()) return value;
    for (Value::Member& member : value.members()) member.value = Sorted(std::move(member.value));
    std::sort(value.members().begin(), value.members().end(),
              [](const Value::Member& a, const Value::Member& b) { return a.key < b.key; });
    return value;
  }

  void PrepareForCreate() {
    object_.Remove("status");
    Value& meta = object_.At("metadata");
    for (const std::string_view member :
         {"deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink", "resourceVersion"}) {
      meta.Remove(member);
    }
    const std::string generate_name = meta["generateName"].AsText();
    if (meta["name"].AsText().empty() && !generate_name.empty()) {
      meta.Set("name", Text(Cat(std::string_view(generate_name).substr(0, 58), request_.request.name_suffix)));
    }
    meta.Set("namespace", Text(request_.request.name_space));
    meta.Set("uid", Text(request_.request.uid));
    meta.Set("creationTimestamp", Text(FormatRfc3339(request_.request.now)));
    meta.Set("generation", Value::Int(1));
  }

  std::optional<Answer> CheckName(const std::string& name) const {
    const std::string& own = object_["metadata"]["name"].AsText();
    if (own.empty()) {
      return Refusal(400, kBadRequest,
                     Cat("the name of the object (", name, " based on URL) was undeterminable: name must be provided"));
    }
    if (own == name) return std::nullopt;
    return Refusal(400, kBadRequest,
                   Cat("the name of the object (", own, ") does not match the name on the URL (", name, ")"));
  }

  std::optional<Answer> CheckIdentity(const std::string& name, const Value& stored, bool put) {
    if (auto refusal = CheckName(name)) return refusal;
    Value& meta = object_.At("metadata");
    if (meta["namespace"].IsNull()) meta.Set("namespace", stored["metadata"]["namespace"]);
    const std::string version = meta["resourceVersion"].AsText();
    const std::string& current = stored["metadata"]["resourceVersion"].AsText();
    if (put && version.empty()) {
      FieldErrors errors;
      errors.Invalid(FieldPath("metadata.resourceVersion"), "0", "must be specified for an update");
      return admission::InvalidAnswer(Cat("jobsets.jobset.x-k8s.io ", Quote(name)), errors);
    }
    if (!version.empty() && version != current) {
      return Refusal(
          409, "Conflict",
          Cat("Operation cannot be fulfilled on jobsets.jobset.x-k8s.io ", Quote(name),
              ": the object has been modified; please apply your changes to the latest version and try again"));
    }
    meta.Set("resourceVersion", Text(current));
    return std::nullopt;
  }

  static void Keep(const Value& from, std::string_view member, Value& to) {
    if (from[member].IsNull()) {
      to.Remove(member);
    } else {
      to.Set(member, from[member]);
    }
  }

  void PrepareForUpdate(const Value& stored, Part part) {
    const Value& before = stored["metadata"];
    if (part == Part::kStatus) {
      Keep(stored, "spec", object_);
      Value meta = before;
      object_.Set("metadata", std::move(meta));
      return;
    }
    Keep(stored, "status", object_);
    Value& meta = object_.At("metadata");
    for (const std::string_view member : {"managedFields", "selfLink"}) meta.Remove(member);
    if (meta["uid"].AsText().empty()) Keep(before, "uid", meta);
    for (const std::string_view member :
         {"creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds"}) {
      Keep(before, member, meta);
    }
    if (!(object_["spec"] == stored["spec"])) meta.Set("generation", Value::Int(before["generation"].AsInt() + 1));
  }

  // By the schema, and, if nothing stands in the way, by the rules over several fields.
  void ValidateMain(const Value* stored, FieldErrors& errors) {
    Value main = object_;
    main.Remove("status");
    ValidateBySchema(main, model::JobSetMessage(), FieldPath(), errors);
    if (!IsBlocking(errors)) ValidateJobSetRules(object_, stored, errors);
    Conclude(errors);
  }

  static void Conclude(FieldErrors& errors) {
    if (IsBlocking(errors)) errors.Invalid(FieldPath("<nil>"), "null", kNotAllChecked);
  }

  std::string Named() const { return Cat("JobSet.jobset.x-k8s.io ", Quote(object_["metadata"]["name"].AsText())); }
  Answer Invalid(const FieldErrors& errors) const { return admission::InvalidAnswer(Named(), errors); }
  Answer Denied(const FieldErrors& errors) const {
    return admission::InvalidAnswer(Cat("admission webhook \"vjobset.kb.io\" denied the request: ", Named()), errors);
  }

  void WarnOfFinalizers() {
    for (const Value& finalizer : object_["metadata"]["finalizers"].items()) {
      const std::string& name = finalizer.AsText();
      if (name.find('/') != std::string::npos || name == "foregroundDeletion" || name == "orphan") continue;
      warnings_.push_back(Cat("metadata.finalizers: ", Quote(name),
                              ": prefer a domain-qualified finalizer name to avoid accidental conflicts with other "
                              "finalizer writers"));
    }
  }

  Answer Success(int code) {
    Answer answer;
    answer.code = code;
    answer.object = object_;
    return Told(std::move(answer));
  }

  Answer Told(Answer answer) {
    answer.warnings = std::move(warnings_);
    answer.issues = std::move(issues_);
    return answer;
  }

  const JobSetRequest& request_;
  Value object_;
  std::vector<model::FieldIssue> issues_;
  std::vector<std::string> warnings_;
};

// A body that does not say what it is.
std::optional<Answer> CheckRecognized(const Value& raw, std::string_view text) {
  const auto found = admission::Interpret(raw);
  if (!found.ok()) return admission::Unrecognized(kKind, found.error().message, text);
  if (!(*found).kind.empty()) return std::nullopt;
  return admission::Unrecognized(kKind, Cat("Object 'Kind' is missing in '", text, "'"), text);
}

Answer Create(const Value& raw, std::string_view text, const JobSetRequest& request) {
  if (auto refusal = CheckRecognized(raw, text)) return *refusal;
  return Admission(request).Create(raw);
}

}  // namespace

Answer CreateJobSet(std::string_view body, const JobSetRequest& request) {
  if (auto refusal = admission::CheckFieldValidation("CreateOptions", request.request)) return *refusal;
  const auto raw = document::ParseJson(body);
  if (!raw.ok()) {
    return admission::Unrecognized(kKind, Cat("couldn't get version/kind; json parse error: ", raw.error().message),
                                   body);
  }
  return Create(*raw, body, request);
}

Answer CreateJobSet(const Value& body, const JobSetRequest& request) {
  if (auto refusal = admission::CheckFieldValidation("CreateOptions", request.request)) return *refusal;
  return Create(body, document::WriteJson(body), request);
}

Answer UpdateJobSet(const Value& stored, const Value& body, const JobSetRequest& request) {
  if (auto refusal = admission::CheckFieldValidation("UpdateOptions", request.request)) return *refusal;
  if (auto refusal = CheckRecognized(body, document::WriteJson(body))) return *refusal;
  return Admission(request).Update(body, stored, /*put=*/true, Part::kMain);
}

Answer UpdateJobSetStatus(const Value& stored, const Value& body, const JobSetRequest& request) {
  if (auto refusal = admission::CheckFieldValidation("UpdateOptions", request.request)) return *refusal;
  return Admission(request).Update(body, stored, /*put=*/true, Part::kStatus);
}

Answer PatchJobSet(const Value& stored, PatchType type, const Value& patch, const JobSetRequest& request) {
  if (auto refusal = admission::CheckFieldValidation("PatchOptions", request.request)) return *refusal;
  switch (type) {
    case PatchType::kMerge:
      return Admission(request).Update(MergePatch(stored, patch), stored, /*put=*/false, Part::kMain);
    case PatchType::kJson: {
      std::variant<Value, PatchError> patched = JsonPatch(stored, patch);
      if (const auto* error = std::get_if<PatchError>(&patched)) {
        return error->kind == PatchError::Kind::kMalformed
                   ? Refusal(400, kBadRequest, Cat("error decoding patch: ", error->message))
                   : Refusal(422, "Invalid", error->message);
      }
      return Admission(request).Update(std::get<Value>(patched), stored, /*put=*/false, Part::kMain);
    }
    case PatchType::kStrategic:
      break;
  }
  return Refusal(415, "UnsupportedMediaType",
                 "the body of the request was in an unknown format - accepted media types include: "
                 "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml");
}

namespace {

constexpr std::string_view kRuleBudgets = "reprieve.dev/rule-max-restarts";
constexpr std::string_view kDelay = "reprieve.dev/restart-delay";

std::string AnnotationField(std::string_view key) {
  return Cat("metadata.annotations[", key, "]");
}

// Annotations of Reprieve's own that can be read and yet do nothing.
void RemarkOnExtensions(const Value& annotations, const Value& rules, std::vector<Remark>& out) {
  if (annotations.Find(kDelay) == nullptr) {
    for (const std::string_view key : {"reprieve.dev/restart-delay-factor", "reprieve.dev/restart-delay-cap"}) {
      if (annotations.Find(key) == nullptr) continue;
      out.push_back({AnnotationField(key), Cat("means nothing without ", kDelay)});
    }
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string& name = rules[i]["name"].AsText();
    names.push_back(name.empty() ? UsualRuleName(i) : name);
  }
  const auto budgets = jobset::ReadCounts(annotations[kRuleBudgets].AsText());
  if (!budgets) return;
  for (const auto& [rule, count] : *budgets) {
    if (std::find(names.begin(), names.end(), rule) != names.end()) continue;
    const std::string_view near = NearestWord(rule, {names.begin(), names.end()});
    out.push_back(
        {AnnotationField(kRuleBudgets), Cat("limits nothing: the failure policy has no rule named ", rule,
                                            near.empty() ? std::string() : Cat("; did you mean ", near, "?"))});
  }
}

// Without completion indexes there is no leader: every pod is a follower, and refused (spec/jobset.md 4.4).
void RemarkOnLeaders(const Value& jobset, std::vector<Remark>& out) {
  const Value& jobs = jobset["spec"]["replicatedJobs"];
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (jobs[i]["template"]["spec"]["completionMode"].AsText() != "NonIndexed") continue;
    bool exclusive = false, prepared = false;
    for (const Value* level : {&jobset, &jobs[i]["template"]}) {
      const Value& annotations = (*level)["metadata"]["annotations"];
      if (annotations.Find(jobset::kExclusiveTopology) == nullptr) continue;
      exclusive = true;
      prepared = prepared || annotations.Find(jobset::kNodeSelector) != nullptr;
    }
    if (!exclusive || prepared) continue;
    out.push_back({Cat("spec.replicatedJobs[", i, "].template.spec.completionMode"),
                   Cat("leaves the Jobs without a pod of index 0, which ", jobset::kExclusiveTopology,
                       " needs as their leader: all their pods are refused for ever")});
  }
}

}  // namespace

std::vector<Remark> RemarksOnJobSet(const Value& jobset) {
  std::vector<Remark> out;
  const Value& rules = jobset["spec"]["failurePolicy"]["rules"];
  RemarkOnExtensions(jobset["metadata"]["annotations"], rules, out);
  RemarkOnLeaders(jobset, out);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Value& patterns = rules[i]["onJobFailureMessagePatterns"];
    for (std::size_t j = 0; j < patterns.size(); ++j) {
      const Pattern pattern(patterns[j].AsText());
      if (pattern.error().empty()) continue;
      out.push_back({Cat("spec.failurePolicy.rules[", i, "].onJobFailureMessagePatterns[", j, "]"),
                     Cat("is no regular expression (", pattern.error(), "): it matches nothing")});
    }
  }
  return out;
}

}  // namespace reprieve::admission
