#include "cli/explain_error.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "cli/known_kinds.h"
#include "model/schema.h"

namespace reprieve::cli {
namespace {

using document::Value;

// Of a Job's end, as rules of a JobSet name them.
constexpr std::array<std::string_view, 5> kReasons = {"BackoffLimitExceeded", "DeadlineExceeded", "FailedIndexes",
                                                      "MaxFailedIndexesExceeded", "PodFailurePolicy"};
constexpr std::string_view kInternal = "Internal error: ";
constexpr std::string_view kStrict = "strict decoding error: ";
constexpr std::string_view kGoField = " into Go struct field ";
constexpr std::string_view kNotSupported = "FieldValueNotSupported";

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
    {".failurePolicy.", "Retry", "Did you mean RestartJobSet? It recreates all Jobs, up to maxRestarts times."},
    {".failurePolicy.", "Restart", "Did you mean RestartJobSet? It recreates all Jobs, up to maxRestarts times."},
    {".failurePolicy.", "Ignore", "Did you mean RestartJobSetAndIgnoreMaxRestarts? It recreates all Jobs, uncounted."},
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

// What stands between the first two single quotes.
std::string_view FirstSingleQuoted(std::string_view message) {
  const auto pieces = Split(message, '\'');
  return pieces.size() > 2 ? pieces[1] : std::string_view();
}

// Where in `list` of the manifest `word` stands: [2]; empty if it does not.
std::string IndexOf(const Value& list, std::string_view word) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i].AsText() == word) return Cat("[", i, "]");
  }
  return {};
}

const Value& ValueAt(const Value& root, std::string_view path) {
  const Value* at = &root;
  for (const std::string_view step : Split(path, '.')) {
    const std::size_t bracket = step.find('[');
    at = &(*at)[step.substr(0, bracket)];
    if (bracket == std::string_view::npos) continue;
    const auto index = ParseInt64(step.substr(bracket + 1, step.size() - bracket - 2));
    at = &(*at)[static_cast<std::size_t>(index.value_or(0))];
  }
  return *at;
}

std::string AdviceOfNames(std::string_view word, const std::vector<std::string_view>& names) {
  const std::string_view near = NearestWord(word, names);
  return near.empty() ? std::string() : Cat("Did you mean ", near, "?");
}

std::string Listed(const std::vector<std::string_view>& names) {
  return Join(std::vector<std::string>(names.begin(), names.end()), ", ");
}

// What the JobSet's webhook says in one sentence: the word that is wrong, what is allowed, and how to switch on what is
// off.
void ExplainJobSetCause(const Value& manifest, FieldComplaint& out) {
  const std::string message = out.message;
  const std::string_view word = FirstSingleQuoted(message);
  if (message.find("is not a recognized job failure reason") != std::string::npos) {
    out.field += IndexOf(ValueAt(manifest, out.field), word);
    out.message = Cat("not one of ", Listed({kReasons.begin(), kReasons.end()}));
    out.advice = AdviceOfNames(word, {kReasons.begin(), kReasons.end()});
  } else if (message.find("does not appear in .spec.ReplicatedJobs") != std::string::npos) {
    std::vector<std::string_view> names;
    for (const Value& job : manifest["spec"]["replicatedJobs"].items()) names.push_back(job["name"].AsText());
    if (!out.field.ends_with(']')) out.field += IndexOf(ValueAt(manifest, out.field), word);
    out.message = Cat("not one of the replicated jobs, ", Listed(names));
    out.advice = AdviceOfNames(word, names);
  } else if (message.find("RestartJob feature gate is disabled") != std::string::npos) {
    const Value& rules = manifest["spec"]["failurePolicy"]["rules"];
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const std::string& action = rules[i]["action"].AsText();
      if (action != "RestartJob" && action != "RestartJobAndIgnoreMaxRestarts") continue;
      out.field = Cat("spec.failurePolicy.rules[", i, "].action");
      break;
    }
    out.advice = "Switch it on: --feature-gates RestartJob=true.";
  } else if (message.find("InPlaceRestart feature gate is disabled") != std::string::npos) {
    out.advice = "Switch it on: --feature-gates InPlaceRestart=true.";
  }
}

FieldComplaint FromCause(const admission::Cause& cause, const Value& manifest) {
  FieldComplaint out{cause.place.empty() ? cause.field : cause.place, cause.message, ""};
  if (out.message.starts_with(kInternal)) out.message.erase(0, kInternal.size());
  if (manifest["kind"].AsText() == "JobSet") ExplainJobSetCause(manifest, out);
  if (cause.reason == kNotSupported) {
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

bool IsFieldOf(std::string_view message, std::string_view name) {
  const model::Message* known = model::FindMessage(message);
  return known != nullptr && known->Find(name) != nullptr;
}

// The path up to its last step called `step`, with that: spec.template of spec.template.spec.x.
std::string UpTo(std::string_view path, std::string_view step) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t dot = std::min(path.find('.', at), path.size());
    if (path.substr(at, dot - at) == step) end = dot;
    at = dot + 1;
  }
  return std::string(path.substr(0, end));
}

// Where a field belongs that stands at another level of the same object; empty: nobody knows.
std::string RightPlace(const model::Message& parent, std::string_view parent_path, std::string_view name) {
  const std::string pod_template = UpTo(parent_path, "template");
  const bool in_job_spec = parent.full_name == "batch/v1.JobSpec";
  // Of a Job's spec, below its pod template.
  const bool in_pod = parent.full_name == "core/v1.PodSpec" || parent.full_name == "core/v1.PodTemplateSpec" ||
                      parent.full_name == "core/v1.Container";
  if (in_pod && pod_template.ends_with(".template") && IsFieldOf("batch/v1.JobSpec", name)) {
    return Cat(pod_template.substr(0, pod_template.size() - std::string_view("template").size()), name);
  }
  if (parent.full_name == "core/v1.PodTemplateSpec" && IsFieldOf("core/v1.PodSpec", name)) {
    return Cat(parent_path, ".spec.", name);
  }
  if (in_job_spec && IsFieldOf("core/v1.PodSpec", name)) return Cat(parent_path, ".template.spec.", name);
  if (parent.full_name == "core/v1.PodSpec" && IsFieldOf("core/v1.Container", name)) {
    return Cat(parent_path, ".containers[0].", name);
  }
  if (parent.full_name == "core/v1.Container" && IsFieldOf("core/v1.PodSpec", name)) {
    return Cat(pod_template.empty() ? "" : Cat(pod_template, "."), "spec.", name);
  }
  if (parent.full_name.ends_with("JobSetSpec")) {
    if (name == "replicas" || name == "template") return Cat("spec.replicatedJobs[0].", name);
    if (IsFieldOf("batch/v1.JobSpec", name)) return Cat("spec.replicatedJobs[0].template.spec.", name);
  }
  if (in_job_spec && parent_path.find("replicatedJobs[") != std::string_view::npos) {
    const std::string group(parent_path.substr(0, parent_path.find(']') + 1));
    if (name == "replicas" || name == "dependsOn") return Cat(group, ".", name);
    if (name == "failurePolicy" || name == "successPolicy" || name == "startupPolicy" || name == "network") {
      return Cat("spec.", name);
    }
  }
  // Left out one level: backoffLimit beside spec.
  if (parent_path.empty() || parent.full_name.ends_with("ReplicatedJob") ||
      parent.full_name.ends_with("JobTemplateSpec")) {
    const std::string under = parent_path.empty() ? std::string() : Cat(parent_path, ".");
    if (parent.full_name == "batch/v1.Job" && IsFieldOf("batch/v1.JobSpec", name)) return Cat("spec.", name);
    if (parent.full_name.ends_with("ReplicatedJob") && IsFieldOf("batch/v1.JobSpec", name)) {
      return Cat(under, "template.spec.", name);
    }
    if (parent.full_name.ends_with("JobTemplateSpec") && IsFieldOf("batch/v1.JobSpec", name)) {
      return Cat(under, "spec.", name);
    }
  }
  return {};
}

FieldComplaint Unknown(const model::Message& root, const std::string& path) {
  FieldComplaint out{path, "there is no such field", ""};
  const std::size_t dot = path.rfind('.');
  const std::string_view parent = dot == std::string::npos ? std::string_view() : std::string_view(path).substr(0, dot);
  const std::string_view name = std::string_view(path).substr(dot == std::string::npos ? 0 : dot + 1);
  const model::Message* message = MessageAt(root, parent);
  if (message == nullptr) return out;
  if (const std::string place = RightPlace(*message, parent, name); !place.empty()) {
    out.message = "there is no such field here";
    out.advice = Cat("It belongs to ", place, ".");
    return out;
  }
  std::vector<std::string_view> names;
  for (const model::Field& field : message->fields) names.push_back(field.name);
  if (const std::string_view near = NearestWord(name, names); !near.empty())
    out.advice = Cat("Did you mean ", near, "?");
  return out;
}

FieldComplaint Explain(const model::Message& root, const std::string& path, bool duplicate) {
  if (duplicate) return {path, "this field is here twice; only one can count", "Remove one of them."};
  return Unknown(root, path);
}

// unknown field "a.b", duplicate field "c"
std::vector<FieldComplaint> FromStrict(const model::Message& root, std::string_view list) {
  std::vector<FieldComplaint> out;
  while (!list.empty()) {
    const std::size_t open = list.find('"');
    if (open == std::string_view::npos) break;
    const std::size_t close = list.find('"', open + 1);
    const bool duplicate = list.substr(0, open).find("duplicate") != std::string_view::npos;
    out.push_back(Explain(root, std::string(list.substr(open + 1, close - open - 1)), duplicate));
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

// Of one value that is not supported by several rules (a Job's restartPolicy), the rule that allows least says it all.
bool IsNarrowedLater(const std::vector<admission::Cause>& causes, const admission::Cause& cause) {
  if (cause.reason != kNotSupported) return false;
  const std::size_t allowed = SupportedValues(cause.message).size();
  return std::any_of(causes.begin(), causes.end(), [&](const admission::Cause& other) {
    return other.reason == kNotSupported && other.field == cause.field &&
           SupportedValues(other.message).size() < allowed;
  });
}

}  // namespace

FieldComplaint ExplainIssue(const model::Message& root, const model::FieldIssue& issue) {
  return Explain(root, issue.path, issue.kind == model::FieldIssue::Kind::kDuplicate);
}

std::vector<FieldComplaint> ExplainAnswer(const admission::Answer& answer, const document::Value& manifest) {
  std::vector<FieldComplaint> out;
  std::set<std::pair<std::string, std::string>> said;
  for (const admission::Cause& cause : answer.causes) {
    // "Some rules were not checked": the errors beside it say what to correct first.
    if (cause.field == "<nil>" && cause.place.empty() && answer.causes.size() > 1) continue;
    if (IsNarrowedLater(answer.causes, cause)) continue;
    if (said.insert({cause.field, cause.message}).second) out.push_back(FromCause(cause, manifest));
  }
  if (!out.empty()) return out;
  const std::string_view message = answer.message;
  if (const std::size_t at = message.find(kStrict); at != std::string_view::npos) {
    return FromStrict(MessageOf(manifest), message.substr(at + kStrict.size()));
  }
  return {FromTypeError(message)};
}

}  // namespace reprieve::cli
