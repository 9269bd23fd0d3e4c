// The API server's answer to one request on a JobSet: schema and rules of its CustomResourceDefinition, the mutating
// and the validating webhook. `run`, `validate` and `serve` all ask here.
//
// Source: spec/jobset.md 1, 10; the recordings of admission.jsonl. Pure: no clock, no randomness, no store; safe
// from any thread.
#pragma once

#include <string_view>
#include <vector>

#include "admission/admission.h"
#include "admission/validation/jobset.h"
#include "model/feature_gates.h"
#include "model/jobset_version.h"

namespace reprieve::admission {

struct JobSetRequest {
  Request request;
  model::FeatureGates gates;
  FindClaim find_claim;  // empty: there are no claims
  // Whose definition is installed: Job templates have the fields that it has, whatever the server knows.
  model::JobSetVersion version = {};
};

// As those of admission/admission.h.
[[nodiscard]] Answer CreateJobSet(std::string_view body, const JobSetRequest& request);
[[nodiscard]] Answer CreateJobSet(const document::Value& body, const JobSetRequest& request);
[[nodiscard]] Answer UpdateJobSet(const document::Value& stored, const document::Value& body,
                                  const JobSetRequest& request);
[[nodiscard]] Answer PatchJobSet(const document::Value& stored, PatchType type, const document::Value& patch,
                                 const JobSetRequest& request);
[[nodiscard]] Answer UpdateJobSetStatus(const document::Value& stored, const document::Value& body,
                                        const JobSetRequest& request);

// What the webhooks alone do on a real server, which has read the object and has its schema's rules checked. The answer
// of the first has the object as it shall be. Neither says which webhook it is; a server does.
[[nodiscard]] Answer MutateJobSet(const document::Value& object);
// `stored`: what an update replaces; null pointer on creates.
[[nodiscard]] Answer ValidateJobSet(const document::Value& object, const document::Value* stored,
                                    const JobSetRequest& request);

// What the server accepts without a warning and no user can have meant, each with its place: a regular expression that
// does not compile matches nothing (spec/jobset.md 3.2).
struct Remark {
  std::string field;
  std::string message;
};
[[nodiscard]] std::vector<Remark> RemarksOnJobSet(const document::Value& jobset);

}  // namespace reprieve::admission
