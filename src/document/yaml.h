// YAML to values, as kubectl reads manifests: libyaml's events, and the scalars of YAML 1.1 as Go's yaml.v2 has them.
//
// Source: YAML 1.1; what sigs.k8s.io/yaml answered to some hundred texts (tests/vectors/yaml_scalars.yaml). Unquoted
// yes, no, on and off are booleans, 0777 and 0o777 are octal, 0x1F is hexadecimal, 1_000 is 1000, ~ is null, a
// timestamp stays text, and so does all that is quoted. Keys become text; repeated ones are all kept, for the decoder
// to name. Anchors are copied where an alias stands, and << merges. Every value knows its line and column.
//
// Limits: 1000 levels of nesting, one million values (or as many as the caller allows) after aliases are copied. Pure;
// safe from any thread.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "document/json.h"
#include "document/value.h"

namespace reprieve::document {

inline constexpr std::size_t kMaxYamlDepth = 1000;
inline constexpr std::size_t kMaxYamlValues = 1'000'000;

struct YamlError {
  std::string message;
  Mark mark;
};

// One value a document; a document without content is null. Documents before an error are in `out` all the same.
// Nothing: all is well.
[[nodiscard]] std::optional<YamlError> ParseYaml(std::string_view text, std::vector<Value>& out,
                                                 std::size_t max_values = kMaxYamlValues);
[[nodiscard]] Result<std::vector<Value>> ParseYaml(std::string_view text);

// +Inf, -Inf or NaN, which YAML can write and JSON can't; empty for all else.
[[nodiscard]] std::string_view UnsupportedNumber(std::string_view text);

// What an unquoted scalar means.
[[nodiscard]] Value ResolveScalar(std::string_view text);

}  // namespace reprieve::document
