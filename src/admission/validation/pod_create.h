// Validation of a Pod that stands for itself, in the API server's order and words: what a create may say.
//
// Source: the answers in tests/vectors/pods.yaml. Works on defaulted objects, held or printed (model/decode.h).
// Pure; safe from any thread.
#pragma once

#include "admission/server_behaviour.h"
#include "admission/validation/errors.h"

namespace reprieve::admission {

void ValidatePodCreate(const document::Value& pod, const ServerBehaviour& server, FieldErrors& errors);

}  // namespace reprieve::admission
