// Validation of Services, in the API server's order and words: what a create may say.
//
// Source: the answers in tests/vectors/services.yaml. What depends on a cluster's networks (its addresses, whether it
// has two families) is not checked; node ports are, by the default range. Works on defaulted objects, held or printed
// (model/decode.h). Pure; safe from any thread.
#pragma once

#include "admission/server_behaviour.h"
#include "admission/validation/errors.h"

namespace reprieve::admission {

// What keeps a server from giving the Service its addresses and ports. It does that first, and says no more then.
void ValidateServiceAllocation(const document::Value& service, FieldErrors& errors);

void ValidateServiceCreate(const document::Value& service, const ServerBehaviour& server, FieldErrors& errors);

}  // namespace reprieve::admission
