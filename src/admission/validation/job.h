// Validation of Jobs, in the API server's order and words: what a create, an update and a status update may say.
//
// Source: spec/job.md 1.7 to 1.10, 10, 11. Works on defaulted objects, held or printed (model/decode.h).
// REQUIRES: `errors` is empty. Pure; safe from any thread.
#pragma once

#include "admission/server_behaviour.h"
#include "admission/validation/errors.h"

namespace reprieve::admission {

void ValidateJobCreate(const document::Value& job, const ServerBehaviour& server, FieldErrors& errors);
// `job` is to replace `stored`: its values, and what may change.
void ValidateJobUpdate(const document::Value& job, const document::Value& stored, const ServerBehaviour& server,
                       FieldErrors& errors);
// Of the whole object, its status is to replace the stored one's.
void ValidateJobStatusUpdate(const document::Value& job, const document::Value& stored, const ServerBehaviour& server,
                             FieldErrors& errors);

struct TemplateRules;
// `spec` of a CronJob's jobTemplate, at `path`. Each of its Jobs will have a selector of its own.
void ValidateJobTemplate(const document::Value& spec, const FieldPath& path, const TemplateRules& rules,
                         FieldErrors& errors);

// The two policies, which have files of their own.
void ValidatePodFailurePolicy(const document::Value& spec, const FieldPath& path, FieldErrors& errors);
void ValidateSuccessPolicy(const document::Value& spec, const FieldPath& path, FieldErrors& errors);

// A domain-prefixed path of at most 63 bytes.
void ValidateManagedBy(const std::string& name, const FieldPath& path, FieldErrors& errors);

// Number >= 0.
void ValidateNonNegative(const document::Value& number, const FieldPath& path, FieldErrors& errors);

}  // namespace reprieve::admission
