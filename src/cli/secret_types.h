// Typed Secrets: which keys the API server asks of a Secret of each type that it knows.
//
// Source: Kubernetes' validation of core/v1 Secret and its well-known types; other types ask for nothing. Pure.
#pragma once

#include <string>
#include <vector>

#include "document/value.h"

namespace reprieve::cli {

struct SecretFault {
  std::string field;  // data[tls.crt]
  std::string message;
};

// `secret`: as written; what its stringData has counts as data. No message shows a value.
[[nodiscard]] std::vector<SecretFault> SecretTypeFaults(const document::Value& secret);

}  // namespace reprieve::cli
