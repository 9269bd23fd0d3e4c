// What reading a request's body has in common for all kinds: what the body says it is, the refusals, strictness.
//
// Source: the recordings with `raw` bodies and with fieldValidation; spec/job.md 10.11. Internal to the module. Pure;
// safe from any thread.
#pragma once

#include <optional>
#include <string_view>

#include "admission/strategy.h"
#include "admission/validation/errors.h"
#include "base/result.h"

namespace reprieve::admission {

Answer Refusal(int code, std::string_view reason, std::string message);
// 422 with its causes. `what` names the object: Job.batch "j".
Answer InvalidAnswer(std::string_view what, const FieldErrors& errors);

// The query parameter fieldValidation; `options` is CreateOptions, UpdateOptions or PatchOptions.
std::optional<Answer> CheckFieldValidation(std::string_view options, const Request& request);

// What the object says it is; an error is the text of the refusal. Names fold case here.
struct GroupVersionKind {
  std::string group;
  std::string version;
  std::string kind;

  std::string GroupVersion() const { return group.empty() ? version : group + "/" + version; }
};
Result<GroupVersionKind> Interpret(const document::Value& raw);
// The body, as it came or as it would be written.
std::string BodyText(const document::Value& raw, std::optional<std::string_view> text);
// A body that is no object of the kind at all. `text` is the body.
Answer Unrecognized(std::string_view kind, std::string_view why, std::string_view text);

// The object must have the name of the one that the request is about.
std::optional<Answer> CheckName(const document::Value& object, const std::string& name);

// What becomes of unknown and repeated fields: the text of a refusal, or warnings, or nothing.
std::optional<std::string> JudgeIssues(Draft& draft, const Request& request);

}  // namespace reprieve::admission
