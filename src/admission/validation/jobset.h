// Validation of JobSets: the rules over several fields that the definition has, and what the webhook asks.
//
// Source: spec/jobset.md 1.2 (CEL), 1.6, 1.7, 10. The order of the errors is the server's. Works on held objects
// (model/decode.h) but for the rules of the definition, which see what is written. Pure; safe from any thread.
#pragma once

#include <functional>
#include <string>

#include "admission/validation/errors.h"
#include "model/feature_gates.h"

namespace reprieve::admission {

// The PersistentVolumeClaim of that name in the JobSet's namespace; null: there is none.
using FindClaim = std::function<document::Value(const std::string& name)>;

// CEL rules of the definition. `stored`: what an update replaces; null pointer on creates.
void ValidateJobSetRules(const document::Value& jobset, const document::Value* stored, FieldErrors& errors);

void ValidateJobSetCreate(const document::Value& jobset, const model::FeatureGates& gates, const FindClaim& find_claim,
                          FieldErrors& errors);
void ValidateJobSetUpdate(const document::Value& jobset, const document::Value& stored,
                          const model::FeatureGates& gates, FieldErrors& errors);

// As Go prints the list in an error message; absent: null.
std::string DumpReplicatedJobs(const document::Value& spec);

}  // namespace reprieve::admission
