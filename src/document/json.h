// JSON text to values and back, as Go's encoding/json reads and writes it.
//
// Source: RFC 8259; spec/job.md 10 and the `raw` recordings for the words of the errors, which are those of the API
// server. Numbers keep their text, repeated members are all kept, every value knows its place. Malformed UTF-8 and
// lone surrogates inside strings become U+FFFD, as Go does (admission/manifest.h refuses them in files).
// Reading needs no stack that grows with the input. Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "document/value.h"

namespace reprieve::document {

// Go refuses to nest deeper.
inline constexpr std::size_t kMaxJsonDepth = 10000;
// More than any object the API takes (3 MiB); a bound on what one text can make us allocate.
inline constexpr std::size_t kMaxJsonBytes = std::size_t{256} << 20;

struct JsonError {
  std::string message;  // in Go's words: invalid character 'x' after top-level value
  Mark mark;
};

// One JSON text; anything after it but white space is an error.
[[nodiscard]] Result<Value> ParseJson(std::string_view text);
// The same, with the place of the error. Nothing: `error` says why.
[[nodiscard]] std::optional<Value> ParseJson(std::string_view text, JsonError& error);

// Compact; <, > and & escaped as Go does for the web's sake. Members in their order.
std::string WriteJson(const Value& value);
// Indented by two blanks a level, without an end of line at the end.
std::string WriteJsonPretty(const Value& value);
// A string with its quotes, escaped.
void AppendJsonString(std::string& out, std::string_view text);

}  // namespace reprieve::document
