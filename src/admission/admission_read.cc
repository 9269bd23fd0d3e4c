#include "admission/admission_read.h"

#include "base/text.h"
#include "document/json.h"

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

std::string BodyText(const Value& raw, std::optional<std::string_view> text) {
  return text ? std::string(*text) : document::WriteJson(raw);
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

std::optional<Answer> CheckName(const Value& object, const std::string& name) {
  const std::string& own = object["metadata"]["name"].AsText();
  if (own.empty()) {
    return Refusal(400, "BadRequest",
                   Cat("the name of the object (", name, " based on URL) was undeterminable: name must be provided"));
  }
  if (own == name) return std::nullopt;
  return Refusal(400, "BadRequest",
                 Cat("the name of the object (", own, ") does not match the name on the URL (", name, ")"));
}

std::optional<std::string> JudgeIssues(Draft& draft, const Request& request) {
  if (request.field_validation == "Ignore") return std::nullopt;
  std::vector<std::string> texts;
  texts.reserve(draft.issues.size());
  for (const model::FieldIssue& issue : draft.issues) texts.push_back(issue.Text());
  if (request.field_validation != "Strict") {
    draft.warnings = std::move(texts);
    return std::nullopt;
  }
  if (texts.empty()) return std::nullopt;
  return Cat("strict decoding error: ", Join(texts, ", "));
}

}  // namespace reprieve::admission
