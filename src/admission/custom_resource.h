// What the API server does with a custom resource by the schema of its CustomResourceDefinition: pruning, defaults,
// structural validation. JobSet is the one that Reprieve knows.
//
// Source: spec/jobset.md 1.2, 1.3, 10; the recordings of admission. The types come from schema/fields.tsv, what the
// definition adds to them (enumerations, bounds, defaults) from definition_rules.h. Pure; safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "admission/validation/errors.h"
#include "document/value.h"
#include "model/decode.h"
#include "model/schema.h"

namespace reprieve::admission {

// Takes unknown members out of `object`, and nulls where null is no value. Returns what was unknown, sorted by path;
// `metadata` is not looked at: it is no part of the schema.
// `types` says which fields the definition has.
std::vector<model::FieldIssue> Prune(document::Value& object, const model::Message& message,
                                     const model::FateOf& types);

// Members that are there twice, anywhere.
std::vector<model::FieldIssue> RepeatedMembers(const document::Value& object);

// Fills in the schema's defaults.
void DefaultFromSchema(document::Value& object, const model::Message& message);

// Types, required members, enumerations, bounds; then repeated keys of lists that are maps. `base` is where `object`
// stands: messages name members relative to it.
void ValidateBySchema(const document::Value& object, const model::Message& message, const FieldPath& base,
                      FieldErrors& errors);

// An error after which rules over several fields are not evaluated.
bool IsBlocking(const FieldErrors& errors);

}  // namespace reprieve::admission
