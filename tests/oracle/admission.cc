// One line of admission.jsonl: a create or an update, and the API server's answer.
//
// Source: tests/oracle/README.md, Admission. UIDs are UID from the start; generated suffixes and long dumps are
// normalised like the recording's.
#include "admission/admission.h"

#include <algorithm>

#include "admission/admission_jobset.h"
#include "admission/patch.h"
#include "base/text.h"
#include "document/json.h"
#include "oracle/compare.h"
#include "oracle/replay.h"

namespace reprieve::oracle {
namespace {

using admission::Answer;
using document::Value;

constexpr std::string_view kSuffix = "q7w2k";
constexpr std::string_view kInvalidValue = "Invalid value: ";
constexpr std::size_t kLongestShown = 300;

// The recorder sent JSON with a blank after each comma and colon.
void WriteSpaced(const Value& value, std::string& out) {
  if (value.IsArray()) {
    out += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += ", ";
      WriteSpaced(value[i], out);
    }
    out += ']';
  } else if (value.IsObject()) {
    out += '{';
    bool first = true;
    for (const auto& member : value.members()) {
      if (!first) out += ", ";
      first = false;
      document::AppendJsonString(out, member.key);
      out += ": ";
      WriteSpaced(member.value, out);
    }
    out += '}';
  } else {
    out += document::WriteJson(value);
  }
}

std::string Spaced(const Value& value) {
  std::string out;
  WriteSpaced(value, out);
  return out;
}

// The length of the quoted text, list or structure at the start of `text`; 0 for anything else.
std::size_t DumpLength(std::string_view text) {
  if (text.empty() || std::string_view("\"[{").find(text.front()) == std::string_view::npos) return 0;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      --depth;
    }
    if (!quoted && depth == 0) return i + 1;
  }
  return 0;
}

void ReplaceAll(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::string Normalised(std::string text) {
  for (std::size_t at = text.find(kInvalidValue); at != std::string::npos; at = text.find(kInvalidValue, at)) {
    at += kInvalidValue.size();
    const std::size_t length = DumpLength(std::string_view(text).substr(at));
    if (length <= kLongestShown) continue;
    const char open = text[at];
    text.replace(at, length, open == '"' ? "\"...\"" : open == '[' ? "[...]" : "{...}");
  }
  ReplaceAll(text, kSuffix, "?????");
  return text;
}

Value NormalisedObject(const Value& value) {
  if (value.IsString()) return Value::String(Normalised(value.AsText()));
  Value out = value;
  if (out.IsArray()) {
    for (Value& item : out.items()) item = NormalisedObject(item);
  }
  if (out.IsObject()) {
    for (auto& member : out.members()) member.value = NormalisedObject(member.value);
  }
  return out;
}

Value CauseValue(const admission::Cause& cause) {
  Value out = Value::MakeObject();
  out.Set("reason", Value::String(cause.reason));
  out.Set("message", Value::String(Normalised(cause.message)));
  out.Set("field", Value::String(cause.field));
  return out;
}

Value Recorded(const Answer& answer) {
  Value out = Value::MakeObject();
  Value& told = out.At("answer");
  told.Set("code", Value::Int(answer.code));
  if (answer.ok()) {
    Value object = answer.object;
    for (const std::string_view member :
         {"uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "managedFields"}) {
      object.At("metadata").Remove(member);
    }
    told.Set("object", NormalisedObject(object));
  } else {
    told.Set("reason", answer.reason.empty() ? Value() : Value::String(answer.reason));
    told.Set("message", Value::String(Normalised(answer.message)));
    if (!answer.causes.empty()) {
      Value& causes = told.At("causes");
      for (const auto& cause : answer.causes) causes.Append(CauseValue(cause));
    }
  }
  for (const auto& warning : answer.warnings) out.At("warnings").Append(Value::String(Normalised(warning)));
  return out;
}

admission::Request MakeRequest(const Value& line, model::KubernetesVersion version, bool main_request) {
  admission::Request request;
  request.version = version;
  request.uid = "UID";
  request.name_suffix = kSuffix;
  request.now = *ParseRfc3339("2026-01-01T00:00:00Z");
  if (main_request) request.field_validation = line["fieldValidation"].AsText();
  return request;
}

Answer Patch(const Value& stored, const Value& line, const admission::Request& request) {
  const std::string& type = line["patchType"].AsText();
  const Value& change = line["change"];
  if (type.empty() || type == "application/merge-patch+json") {
    return admission::PatchJob(stored, admission::PatchType::kMerge, change, request);
  }
  if (type == "application/json-patch+json")
    return admission::PatchJob(stored, admission::PatchType::kJson, change, request);
  if (type == "application/strategic-merge-patch+json") {
    return admission::PatchJob(stored, admission::PatchType::kStrategic, change, request);
  }
  Answer answer;
  answer.code = 415;
  answer.reason = "UnsupportedMediaType";
  answer.message = "415: Unsupported Media Type";
  return answer;
}

// The object after the preparation, which always succeeded.
Answer Prepare(const Value& line, model::KubernetesVersion version) {
  const admission::Request request = MakeRequest(line, version, false);
  Answer answer = admission::CreateJob(Spaced(line["before"]), request);
  if (!answer.ok()) return answer;
  answer.object.At("metadata").Set("resourceVersion", Value::String("1001"));
  if (line.Find("status") == nullptr) return answer;
  Value body = answer.object;
  body.Set("status", line["status"]);
  return admission::UpdateJobStatus(answer.object, body, request);
}

Answer Replay(const Value& line, model::KubernetesVersion version) {
  const std::string& op = line["op"].AsText();
  const admission::Request request = MakeRequest(line, version, true);
  if (op == "create") {
    const bool raw = line.Find("raw") != nullptr;
    return admission::CreateJob(raw ? line["raw"].AsText() : Spaced(line["object"]), request);
  }
  Answer prepared = Prepare(line, version);
  if (!prepared.ok()) return prepared;
  if (op == "updateStatus") {
    Value body = prepared.object;
    body.Remove("status");
    if (!line["newStatus"].IsNull()) body.Set("status", line["newStatus"]);
    if (line.Find("alsoChange") != nullptr) body = admission::MergePatch(body, line["alsoChange"]);
    return admission::UpdateJobStatus(prepared.object, body, request);
  }
  if (line.Find("change") != nullptr) return Patch(prepared.object, line, request);
  return admission::UpdateJob(prepared.object, Spaced(line["object"]), request);
}

// The same for a JobSet.
Answer ReplayJobSet(const Value& line, model::KubernetesVersion version) {
  const std::string& op = line["op"].AsText();
  std::string gates;
  for (const Value& gate : line["gates"].items()) AppendTo(gates, gate.AsText(), "=true,");
  for (const auto& gate : line["gates"].members()) AppendTo(gates, gate.key, "=", document::WriteJson(gate.value), ",");
  admission::JobSetRequest request{
      MakeRequest(line, version, true), *model::ParseFeatureGates(gates), {}, kRecordedJobSet};
  request.find_claim = [&](const std::string& name) -> Value {
    for (const Value& object : line["existing"].items()) {
      if (object["kind"].AsText() == "PersistentVolumeClaim" && object["metadata"]["name"].AsText() == name) {
        return object;
      }
    }
    return Value();
  };
  if (op == "create") {
    if (line.Find("raw") != nullptr) return admission::CreateJobSet(line["raw"].AsText(), request);
    return admission::CreateJobSet(Spaced(line["object"]), request);
  }
  admission::JobSetRequest preparing = request;
  preparing.request = MakeRequest(line, version, false);
  Answer prepared = admission::CreateJobSet(line["before"], preparing);
  if (!prepared.ok()) return prepared;
  prepared.object.At("metadata").Set("resourceVersion", Value::String("1001"));
  if (line.Find("status") != nullptr) {
    Value body = prepared.object;
    body.Set("status", line["status"]);
    prepared = admission::UpdateJobSetStatus(prepared.object, body, preparing);
    if (!prepared.ok()) return prepared;
  }
  if (op == "updateStatus") {
    Value body = prepared.object;
    body.Remove("status");
    if (!line["newStatus"].IsNull()) body.Set("status", line["newStatus"]);
    if (line.Find("alsoChange") != nullptr) body = admission::MergePatch(body, line["alsoChange"]);
    return admission::UpdateJobSetStatus(prepared.object, body, request);
  }
  if (line.Find("change") == nullptr) return admission::UpdateJobSet(prepared.object, line["object"], request);
  const std::string& type = line["patchType"].AsText();
  const admission::PatchType patch = type == "application/json-patch+json" ? admission::PatchType::kJson
                                     : type == "application/strategic-merge-patch+json"
                                         ? admission::PatchType::kStrategic
                                         : admission::PatchType::kMerge;
  return admission::PatchJobSet(prepared.object, patch, line["change"], request);
}

// For causes in any order: sorts both by their text and leaves out the message.
void Sort(Value& told) {
  Value* causes = told.At("answer").Find("causes");
  if (causes == nullptr || !causes->IsArray()) return;
  std::sort(causes->items().begin(), causes->items().end(),
            [](const Value& a, const Value& b) { return document::WriteJson(a) < document::WriteJson(b); });
  told.At("answer").Remove("message");
}

}  // namespace

Outcome ReplayAdmission(const Value& line, model::KubernetesVersion version) {
  Value expected = Value::MakeObject();
  expected.Set("answer", line["answer"]);
  if (line.Find("warnings") != nullptr) expected.Set("warnings", line["warnings"]);
  const Answer answer = line["kind"].AsText() == "JobSet" ? ReplayJobSet(line, version) : Replay(line, version);
  if (line["answer"]["panic"].AsBool()) {
    // The real handler panics; ours must answer with 422.
    if (answer.code == 422) return Outcome::Passed();
  }
  Value actual = Recorded(answer);
  if (line["anyOrder"].AsBool()) {
    Sort(expected);
    Sort(actual);
  }
  return Outcome::Of(Differences(expected, actual));
}

}  // namespace reprieve::oracle
