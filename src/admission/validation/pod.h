// Validation of pod templates, in the API server's order and words.
//
// Source: spec/job.md 1.7, 10.5; the causes in the recordings. Works on defaulted templates, held or printed
// (model/decode.h). Pure; safe from any thread.
#pragma once

#include "admission/validation/errors.h"

namespace reprieve::admission {

void ValidatePodTemplate(const document::Value& pod_template, const FieldPath& path, FieldErrors& errors);

}  // namespace reprieve::admission
