#include "admission/admission_read.h"

#include "admission/default.h"
#include "base/text.h"
#include "document/json.h"
#include "model/decode.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::size_t kSummaryBytes = 30;

std::string Hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

// The head of the body, in hex unless it may be JSON.
std::string Summary(std::string_view text) {
  if (text.empty()) return "<empty>";
  const std::string_view head = text.substr(0, kSummaryBytes);
  return Cat(text.front() == '{' ? std::string(head) : Hex(head), head.size() < text.size() ? " ..." : "");
}

std::string_view KindName(const Value& value) {
  if (value.IsArray()) return "array";
  if (value.IsString()) return "string";
  if (value.IsNumber()) return "number";
  return value.IsBool() ? "bool" : "object";
}

GroupVersionKind WithDefaults(GroupVersionKind gvk) {
  if (gvk.kind.empty()) gvk.kind = "Job";
  if (gvk.version.empty() && (gvk.group.empty() || gvk.group == "batch")) {
    gvk.group = "batch";
    gvk.version = "v1";
  }
  return gvk;
}

std::optional<std::string> KindFault(const GroupVersionKind& gvk) {
  if (gvk.group == "batch" && gvk.version == "v1" && gvk.kind == "Job") return std::nullopt;
  return Cat("no kind ", Quote(gvk.kind), " is registered for version ", Quote(gvk.GroupVersion()),
             " in scheme \"pkg/runtime/scheme.go:111\"");
}

std::string StrictText(const std::vector<model::FieldIssue>& issues) {
  std::vector<std::string> texts;
  texts.reserve(issues.size());
  for (const auto& issue : issues) texts.push_back(issue.Text());
  return Cat("strict decoding error: ", Join(texts, ", "));
}

// Decodes what is known to be a Job; an error is the text of the refusal.
struct Read {
  Body body;
  std::optional<std::string> fault;
  document::Mark mark;  // of the fault
};

Read ReadJob(const Value& raw, const Request& request) {
  Read out;
  model::Decoded decoded = model::Decode(raw.IsNull() ? Value::MakeObject() : raw, model::JobMessage());
  out.body.issues = decoded.issues;
  if (decoded.error) {
    out.fault = decoded.error->message;
    out.mark = decoded.error->mark;
    return out;
  }
  if (request.field_validation == "Strict") {
    if (!decoded.issues.empty()) out.fault = StrictText(decoded.issues);
  } else if (request.field_validation != "Ignore") {
    for (const auto& issue : decoded.issues) out.body.warnings.push_back(issue.Text());
  }
  out.body.job = std::move(decoded.value);
  out.body.job.Set("apiVersion", Value::String("batch/v1"));
  out.body.job.Set("kind", Value::String("Job"));
  if (out.body.job["metadata"].IsNull()) out.body.job.Set("metadata", Value::MakeObject());
  const bool labelled = out.body.job["metadata"]["labels"].size() > 0;
  DefaultJob(out.body.job);
  out.body.shares_labels = !labelled && out.body.job["metadata"]["labels"].size() > 0;
  return out;
}

Body Refuse(Answer answer, Read read = {}) {
  Body body;
  answer.mark = read.mark;
  body.refusal = std::move(answer);
  body.issues = std::move(read.body.issues);
  return body;
}

}  // namespace

Result<GroupVersionKind> Interpret(const Value& raw) {
  constexpr std::string_view kParse = "couldn't get version/kind; json parse error: ";
  GroupVersionKind out;
  if (raw.IsNull()) return out;
  if (!raw.IsObject()) {
    return Error{
        Cat(kParse, "json: cannot unmarshal ", KindName(raw),
            " into Go value of type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string "
            "\"json:\\\"kind,omitempty\\\"\" }")};
  }
  std::string api_version;
  for (const auto& member : raw.members()) {
    const std::string key = ToLower(member.key);
    if ((key != "apiversion" && key != "kind") || member.value.IsNull()) continue;
    if (!member.value.IsString()) {
      return Error{Cat(kParse, "json: cannot unmarshal ", KindName(member.value), " into Go struct field .",
                       key == "kind" ? "kind" : "apiVersion", " of type string")};
    }
    (key == "kind" ? out.kind : api_version) = member.value.AsText();
  }
  const auto parts = Split(api_version, '/');
  if (parts.size() > 2) return Error{Cat("unexpected GroupVersion string: ", api_version)};
  if (parts.size() == 2) out.group = parts[0];
  out.version = parts.back();
  return out;
}

Answer Unrecognized(std::string_view kind, std::string_view why, std::string_view text) {
  return Refusal(
      400, "BadRequest",
      Cat("the object provided is unrecognized (must be of type ", kind, "): ", why, " (", Summary(text), ")"));
}

Answer Refusal(int code, std::string_view reason, std::string message) {
  Answer answer;
  answer.code = code;
  answer.reason = reason;
  answer.message = std::move(message);
  return answer;
}

Answer InvalidAnswer(std::string_view what, const FieldErrors& errors) {
  Answer answer = Refusal(422, "Invalid", Cat(what, " is invalid: ", Aggregate(errors.list())));
  for (const auto& error : errors.list()) {
    answer.causes.push_back({std::string(ReasonOf(error.type)), error.body, error.field, error.place});
  }
  return answer;
}

std::optional<Answer> CheckFieldValidation(std::string_view options, const Request& request) {
  const std::string_view mode = request.field_validation;
  if (mode.empty() || mode == "Ignore" || mode == "Strict" || mode == "Warn") return std::nullopt;
  FieldErrors errors;
  errors.NotSupported(FieldPath("fieldValidation"), mode, {"", "Ignore", "Strict", "Warn"});
  return InvalidAnswer(Cat(options, ".meta.k8s.io \"\""), errors);
}

Body ReadBody(std::string_view text, const Request& request) {
  const auto raw = document::ParseJson(text);
  if (!raw.ok()) {
    return Refuse(Unrecognized("Job", Cat("couldn't get version/kind; json parse error: ", raw.error().message), text));
  }
  return ReadBody(*raw, text, request);
}

Body ReadBody(const Value& raw, std::optional<std::string_view> text, const Request& request) {
  const auto found = Interpret(raw);
  if (!found.ok()) return Refuse(Unrecognized("Job", found.error().message, text ? *text : document::WriteJson(raw)));
  const GroupVersionKind gvk = WithDefaults(*found);
  auto fault = KindFault(gvk);
  Read read;
  if (!fault) {
    read = ReadJob(raw, request);
    fault = read.fault;
  }
  if (!fault) return std::move(read.body);
  return Refuse(Refusal(400, "BadRequest",
                        Cat(gvk.kind, " in version ", Quote(gvk.version), " cannot be handled as a Job: ", *fault)),
                std::move(read));
}

Body ReadPatched(const Value& patched, const Request& request) {
  const auto found = Interpret(patched);
  std::optional<std::string> fault;
  Read read;
  if (found.ok()) {
    fault = KindFault(WithDefaults(*found));
    if (!fault) {
      read = ReadJob(patched, request);
      fault = read.fault;
    }
  } else {
    fault = found.error().message;
  }
  if (!fault) return std::move(read.body);
  FieldErrors errors;
  errors.Invalid(FieldPath("patch"), Shown(document::WriteJson(patched)), *fault);
  return Refuse(InvalidAnswer(" \"\"", errors), std::move(read));
}

}  // namespace reprieve::admission
