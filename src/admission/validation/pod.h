// Validation of pod templates, in the API server's order and words.
//
// Source: spec/job.md 1.7, 10.5, 11; the causes in the recordings. Works on defaulted templates, held or printed
// (model/decode.h). Pure; safe from any thread.
#pragma once

#include "admission/server_behaviour.h"
#include "admission/validation/errors.h"

namespace reprieve::admission {

// What holds for one template: rules that a stored template breaks are not held against the one that replaces it.
struct TemplateRules {
  const ServerBehaviour& server;
  bool require_image_reference = true;
  bool allow_sys_admin = false;
  bool allow_restart_of_init_containers = false;  // by their resizePolicy
};

[[nodiscard]] TemplateRules RulesForCreate(const ServerBehaviour& server);
[[nodiscard]] TemplateRules RulesForUpdate(const document::Value& stored_template, const ServerBehaviour& server);

void ValidatePodTemplate(const document::Value& pod_template, const FieldPath& path, const TemplateRules& rules,
                         FieldErrors& errors);

}  // namespace reprieve::admission
