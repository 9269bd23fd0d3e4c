// The path of a request through the API server, the same forevery kind: read, check identity, default, prepare,
// validate, warn, answer. What a kind adds is its Strategy.
//
// Source: spec/job.md 1.4 to 1.10, 10; spec/jobset.md 1, 10; the recordings of admission.jsonl. Internal to the module.
// Pure; safe from any thread.
#pragma once

#include <string_view>

#include "admission/strategy.h"

namespace reprieve::admission {

Answer CreateObject(const CreateStrategy& kind, std::string_view text, const Request& request);
Answer CreateObject(const CreateStrategy& kind, const document::Value& body, const Request& request);

// PUT: `body` is the whole object.
Answer ReplaceObject(const Strategy& kind, const document::Value& stored, std::string_view text, Part part,
                     const Request& request);
Answer ReplaceObject(const Strategy& kind, const document::Value& stored, const document::Value& body, Part part,
                     const Request& request);

Answer PatchObject(const Strategy& kind, const document::Value& stored, PatchType type, const document::Value& patch,
                   Part part, const Request& request);

}  // namespace reprieve::admission
