// The first half of an answer: from a request's body to a held and defaulted Job, or the refusal.
//
// Source: the recordings with `raw` bodies and with fieldValidation; spec/job.md 10.11. Internal to model/admission.h.
// Pure; safe from any thread.
#pragma once

#include <optional>
#include <string_view>

#include "admission/admission.h"
#include "admission/validation/errors.h"
#include "base/result.h"

namespace reprieve::admission {

struct Body {
  document::Value job;  // held, with defaults
  // Defaulting made the Job's labels those of the template: one map under two names.
  bool shares_labels = false;
  std::vector<std::string> warnings;
  std::vector<model::FieldIssue> issues;
  std::optional<Answer> refusal;
};

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
// A body that is no object of the kind at all. `text` is the body.
Answer Unrecognized(std::string_view kind, std::string_view why, std::string_view text);

Body ReadBody(std::string_view text, const Request& request);
// `text` is the body that `raw` was read from.
// `text`: the body as it came; absent: as it would be written.
Body ReadBody(const document::Value& raw, std::optional<std::string_view> text, const Request& request);
// A stored object after a patch: refusals speak of the patch.
Body ReadPatched(const document::Value& patched, const Request& request);

}  // namespace reprieve::admission
