// From the API server's answer to words for the person who wrote the manifest: the field, what was expected, a way out.
//
// Pure.
#pragma once

#include <string>
#include <vector>

#include "admission/admission.h"
#include "document/value.h"
#include "model/schema.h"

namespace reprieve::cli {

struct FieldComplaint {
  std::string field;
  std::string message;
  std::string advice;
};

// A field that is unknown or there twice, of an object of the type `root`.
FieldComplaint ExplainIssue(const model::Message& root, const model::FieldIssue& issue);

// REQUIRES: !answer.ok().
std::vector<FieldComplaint> ExplainAnswer(const admission::Answer& answer, const document::Value& object);

}  // namespace reprieve::cli
