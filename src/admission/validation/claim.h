// Validation of PersistentVolumeClaims, in the API server's order and words: what a create may say.
//
// Source: the answers in tests/vectors/claims.yaml. Works on defaulted objects, held or printed (model/decode.h).
// Pure; safe from any thread.
#pragma once

#include "admission/server_behaviour.h"
#include "admission/validation/errors.h"

namespace reprieve::admission {

void ValidateClaimCreate(const document::Value& claim, const ServerBehaviour& server, FieldErrors& errors);

// Also of the claim that a pod's volume makes.
void ValidateClaimSpec(const document::Value& spec, const FieldPath& path, FieldErrors& errors);

}  // namespace reprieve::admission
