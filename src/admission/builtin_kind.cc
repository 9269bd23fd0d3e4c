#include "admission/builtin_kind.h"

#include <utility>

#include "admission/admission_read.h"
#include "admission/served_fields.h"
#include "base/text.h"
#include "model/decode.h"

namespace reprieve::admission {

using document::Value;

namespace {

GroupVersionKind WithDefaults(GroupVersionKind gvk, const BuiltinKind& kind) {
  if (gvk.kind.empty()) gvk.kind = kind.names.kind;
  if (gvk.version.empty() && (gvk.group.empty() || gvk.group == kind.group)) {
    gvk.group = kind.group;
    gvk.version = kind.version;
  }
  return gvk;
}

std::optional<std::string> KindFault(const GroupVersionKind& gvk, const BuiltinKind& kind) {
  if (gvk.group == kind.group && gvk.version == kind.version && gvk.kind == kind.names.kind) return std::nullopt;
  return Cat("no kind ", Quote(gvk.kind), " is registered for version ", Quote(gvk.GroupVersion()),
             " in scheme \"pkg/runtime/scheme.go:111\"");
}

// Decodes what is known to be of the kind.
Reading Decode(const BuiltinKind& kind, const Value& raw, const Request& request) {
  Reading out;
  model::Decoded decoded = model::Decode(raw.IsNull() ? Value::MakeObject() : raw, model::GetMessage(kind.message),
                                         FieldsServedBy(request.version));
  out.draft.issues = std::move(decoded.issues);
  if (decoded.error) {
    out.fault = decoded.error->message;
    out.mark = decoded.error->mark;
    return out;
  }
  out.fault = JudgeIssues(out.draft, request);
  if (out.fault) return out;
  Value& object = out.draft.object = std::move(decoded.value);
  object.Set("apiVersion", Value::String(kind.GroupVersion()));
  object.Set("kind", Value::String(std::string(kind.names.kind)));
  if (object["metadata"].IsNull()) object.Set("metadata", Value::MakeObject());
  return out;
}

}  // namespace

std::string BuiltinKind::GroupVersion() const {
  return group.empty() ? std::string(version) : Cat(group, "/", version);
}

Reading ReadBuiltin(const BuiltinKind& kind, const Value& raw, const Request& request) {
  const auto found = Interpret(raw);
  Reading reading;
  reading.fault = found.ok() ? KindFault(WithDefaults(*found, kind), kind) : found.error().message;
  return reading.fault ? std::move(reading) : Decode(kind, raw, request);
}

Draft ReadBuiltinBody(const BuiltinKind& kind, const Value& raw, std::optional<std::string_view> text,
                      const Request& request) {
  const auto found = Interpret(raw);
  if (!found.ok()) return Refused({}, Unrecognized(kind.names.kind, found.error().message, BodyText(raw, text)));
  Reading reading = ReadBuiltin(kind, raw, request);
  if (!reading.fault) return std::move(reading.draft);
  const GroupVersionKind gvk = WithDefaults(*found, kind);
  Answer refusal = Refusal(400, "BadRequest",
                           Cat(gvk.kind, " in version ", Quote(gvk.version), " cannot be handled as a ",
                               kind.names.kind, ": ", *reading.fault));
  return Refused(std::move(reading), std::move(refusal));
}

Draft Refused(Reading reading, Answer answer) {
  answer.mark = reading.mark;
  reading.draft.refusal = std::move(answer);
  return std::move(reading.draft);
}

}  // namespace reprieve::admission
