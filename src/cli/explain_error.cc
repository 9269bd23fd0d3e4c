#include "cli/explain_error.h"

#include <set>

#include "base/text.h"
#include "model/schema.h"

namespace reprieve::cli {
namespace {

constexpr std::string_view kInternal = "Internal error: ";
constexpr std::string_view kStrict = "strict decoding error: ";
constexpr std::string_view kGoField = " into Go struct field ";

// The words of people who come from elsewhere, and what they were after.
struct Slip {
  std::string_view field_part;
  std::string_view word;
  std::string_view advice;
};
constexpr Slip kSlips[] = {
    {".podFailurePolicy.", "Retry", "Did you mean Ignore? It retries without counting the failure."},
    {".podFailurePolicy.", "Restart", "Did you mean Count? A counted failure is retried up to backoffLimit."},
    {".podFailurePolicy.", "Fail", "Did you mean FailJob? It ends the Job at once."},
    {".failurePolicy.", "Retry", "Did you mean RestartJobSet? It makes all Jobs anew, up to maxRestarts times."},
    {".failurePolicy.", "Restart", "Did you mean RestartJobSet? It makes all Jobs anew, up to maxRestarts times."},
    {".failurePolicy.", "Ignore", "Did you mean RestartJobSetAndIgnoreMaxRestarts? It makes all Jobs anew, uncounted."},
    {".failurePolicy.", "Fail", "Did you mean FailJobSet? It ends the JobSet at once."},
    {".restartPolicy", "Always", "A Job's pods end: use Never, or OnFailure to restart containers in place."},
};

// The quoted words after `supported values: `.
std::vector<std::string> SupportedValues(std::string_view message) {
  std::vector<std::string> out;
  const std::size_t at = message.find("supported values: ");
  if (at == std::string_view::npos) return out;
  bool inside = false;
  for (const std::string_view piece : Split(message.substr(at), '"')) {
    if (inside) out.emplace_back(piece);
    inside = !inside;
  }
  return out;
}

std::string FirstQuoted(std::string_view message) {
  const auto pieces = Split(message, '"');
  return pieces.size() > 1 ? std::string(pieces[1]) : std::string();
}

FieldComplaint FromCause(const model::Cause& cause) {
  FieldComplaint out{cause.place.empty() ? cause.field : cause.place, cause.message, ""};
  if (out.message.starts_with(kInternal)) out.message.erase(0, kInternal.size());
  if (cause.reason == "FieldValueNotSupported") {
    const std::vector<std::string> supported = SupportedValues(cause.message);
    const std::string word = FirstQuoted(cause.message);
    out.message = Cat("not one of ", Join(supported, ", "));
    for (const Slip& slip : kSlips) {
      if (cause.field.find(slip.field_part) != std::string::npos && word == slip.word) out.advice = slip.advice;
    }
    const std::vector<std::string_view> candidates(supported.begin(), supported.end());
    const std::string_view near = NearestWord(word, candidates);
    if (out.advice.empty() && !near.empty()) out.advice = Cat("Did you mean ", near, "?");
  }
  return out;
}

// The message type at a path, following the schema: what the fields beside an unknown one are called.
const model::Message* MessageAt(const model::Message& root, std::string_view path) {
  const model::Message* message = &root;
  while (message != nullptr && !path.empty()) {
    const std::size_t end = path.find_first_of(".[");
    const model::Field* field = message->Find(path.substr(0, end));
    if (field == nullptr) return nullptr;
    const model::Type* type = &field->type;
    while (type->element != nullptr) type = type->element;
    message = type->message;
    if (end == std::string_view::npos) break;
    path.remove_prefix(end);
    while (path.starts_with('[')) path.remove_prefix(std::min(path.size(), path.find(']') + 1));
    if (path.starts_with('.')) path.remove_prefix(1);
  }
  return message;
}

FieldComplaint Unknown(const model::Message& root, const std::string& path) {
  FieldComplaint out{path, "there is no such field", ""};
  const std::size_t dot = path.rfind('.');
  const std::string_view parent = dot == std::string::npos ? std::string_view() : std::string_view(path).substr(0, dot);
  const std::string_view name = std::string_view(path).substr(dot == std::string::npos ? 0 : dot + 1);
  const model::Message* message = MessageAt(root, parent);
  if (message == nullptr) return out;
  std::vector<std::string_view> names;
  for (const model::Field& field : message->fields) names.push_back(field.name);
  if (const std::string_view near = NearestWord(name, names); !near.empty())
    out.advice = Cat("Did you mean ", near, "?");
  return out;
}

// unknown field "a.b", duplicate field "c"
std::vector<FieldComplaint> FromStrict(const model::Message& root, std::string_view list) {
  std::vector<FieldComplaint> out;
  while (!list.empty()) {
    const std::size_t open = list.find('"');
    if (open == std::string_view::npos) break;
    const std::size_t close = list.find('"', open + 1);
    const std::string path(list.substr(open + 1, close - open - 1));
    if (list.substr(0, open).find("duplicate") != std::string_view::npos) {
      out.push_back({path, "this field is here twice; only one can count", "Remove one of them."});
    } else {
      out.push_back(Unknown(root, path));
    }
    if (close == std::string_view::npos) break;
    list.remove_prefix(close + 1);
  }
  return out;
}

std::string WordFor(std::string_view go_type) {
  if (go_type == "int32") return "a whole number of at most 2147483647";
  if (go_type == "int64") return "a whole number";
  if (go_type == "bool") return "true or false";
  if (go_type.starts_with("[]")) return "a list";
  if (go_type.starts_with("map[")) return "a mapping of names to text";
  if (go_type == "string" || go_type.find("Policy") != std::string_view::npos)
    return "text; quote it if it looks like a number";
  return Cat("a ", go_type.substr(go_type.find('.') + 1));
}

// json: cannot unmarshal string into Go struct field JobSpec.spec.parallelism of type int32
FieldComplaint FromTypeError(std::string_view message) {
  const std::size_t cannot = message.find("cannot unmarshal ");
  const std::size_t field = message.find(kGoField);
  const std::size_t type = message.rfind(" of type ");
  if (cannot == std::string_view::npos || field == std::string_view::npos || type == std::string_view::npos) {
    return {"", std::string(message), ""};
  }
  const std::string_view got = message.substr(cannot + 17, field - cannot - 17);
  std::string_view path = message.substr(field + kGoField.size(), type - field - kGoField.size());
  path.remove_prefix(std::min(path.size(), path.find('.') + 1));
  return {std::string(path), Cat("a ", got, " where ", WordFor(message.substr(type + 9)), " was expected"), ""};
}

}  // namespace

std::vector<FieldComplaint> ExplainAnswer(const model::Answer& answer, const model::Value& manifest) {
  std::vector<FieldComplaint> out;
  std::set<std::pair<std::string, std::string>> said;
  for (const model::Cause& cause : answer.causes) {
    // "Some rules were not checked": the errors beside it say what to mend first.
    if (cause.field == "<nil>" && cause.place.empty() && answer.causes.size() > 1) continue;
    if (said.insert({cause.field, cause.message}).second) out.push_back(FromCause(cause));
  }
  if (!out.empty()) return out;
  const std::string_view message = answer.message;
  if (const std::size_t at = message.find(kStrict); at != std::string_view::npos) {
    const bool jobset = manifest["kind"].AsText() == "JobSet";
    return FromStrict(jobset ? model::JobSetMessage() : model::JobMessage(), message.substr(at + kStrict.size()));
  }
  return {FromTypeError(message)};
}

}  // namespace reprieve::cli
