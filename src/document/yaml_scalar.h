// What a plain YAML scalar means: null, a truth value, a number or text.
//
// Source: YAML 1.1 as sigs.k8s.io/yaml resolves it. Pure; safe from any thread.
#pragma once

#include <optional>
#include <string_view>

#include "document/value.h"

namespace reprieve::document {

// Nothing for what JSON can't hold: .inf and .nan.
std::optional<Value> ResolvePlainScalar(std::string_view text);

}  // namespace reprieve::document
