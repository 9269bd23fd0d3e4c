// Values of the wrong type in a manifest: all of them at once, each at its place.
//
// The API server's decoder tells one such value and stops, without its place in a list. Here the manifest is held
// against the schema, and comes back without the values that do not fit, so that the rest can be asked about as well.
// Pure.
#pragma once

#include <string>
#include <vector>

#include "document/value.h"
#include "model/schema.h"

namespace reprieve::cli {

struct TypeFault {
  std::string path;  // spec.template.spec.containers[0].env[0].value
  document::Mark mark;
  std::string message;  // 7, a number where text was expected
  std::string advice;
};

struct TypeCheck {
  std::vector<TypeFault> faults;
  document::Value mended;  // without them
};

[[nodiscard]] TypeCheck CheckTypes(const document::Value& manifest, const model::Message& message);

}  // namespace reprieve::cli
