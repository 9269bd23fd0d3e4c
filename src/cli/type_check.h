// Values of the wrong type in a manifest: all of them at once, each at its place.
//
// The API server's decoder names one such value and stops, without its place in a list. Here the manifest is compared
// with the schema, and comes back without the values that do not fit, so that the rest can be checked as well.
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "document/value.h"
#include "model/schema.h"

namespace reprieve::cli {

struct TypeFault {
  std::string path;  // spec.template.spec.containers[0].env[0].value
  document::Mark mark;
  std::string message;  // 1.10, a number where text was expected
  std::string advice;
};

struct TypeCheck {
  std::vector<TypeFault> faults;
  document::Value cleaned;  // without them
};

// `text` is the file that `manifest` was read from: values are shown as they were written there.
[[nodiscard]] TypeCheck CheckTypes(const document::Value& manifest, const model::Message& message,
                                   std::string_view text);

}  // namespace reprieve::cli
