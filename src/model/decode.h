// From what somebody wrote to the object as the API server holds it, and back to how the server prints it.
//
// Source: the recordings of type errors and strict errors (spec/job.md 10.11); the rules are those of Go's decoder with
// case-sensitive names. Three forms of one object:
//   held     what Decode makes: unknown members gone, nulls gone, scalars checked; an absent member is Go's zero, and
//   an
//            empty list is told from an absent one.
//   stored   what survives the store: empty lists, empty maps and zeros that absence would mean too are gone, so that
//            two objects are the same (as Kubernetes' semantic equality has it) where these are equal.
//   printed  members in the order of the schema, zeros written where the schema has no omitempty (resources: {}).
// Validators and controllers read any of them. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "document/value.h"
#include "model/schema.h"

namespace reprieve::model {

// A member that a strict reader refuses and a lenient one warns about.
struct FieldIssue {
  enum class Kind : std::uint8_t { kUnknown, kDuplicate };
  Kind kind = Kind::kUnknown;
  std::string path;  // spec.template.spec.containers[0].bogus
  document::Mark mark;

  std::string Text() const;  // unknown field "spec.bogus"
};

// The object can't be read at all; the words are Go's.
struct DecodeError {
  std::string message;
  document::Mark mark;
};

struct Decoded {
  document::Value value;
  std::vector<FieldIssue> issues;  // in the order of the text, each once, 100 at most
  std::optional<DecodeError> error;
};

// What a reader does with a field that the schema has: keeps it, does not know it, or reads it, says what is wrong with
// it, and leaves it out.
enum class FieldFate : std::uint8_t { kKept, kUnknown, kDropped };
// Empty: every field is kept.
using FateOf = std::function<FieldFate(const Message& message, const Field& field)>;

[[nodiscard]] Decoded Decode(const document::Value& raw, const Message& message, const FateOf& fate_of = {});

// REQUIRES: `held` came from Decode, or has the same form.
[[nodiscard]] document::Value Stored(const document::Value& held, const Message& message);
[[nodiscard]] document::Value Printed(const document::Value& held, const Message& message);

// As Go prints the structure in an error message: JSON with the names of the internal types, null where nothing is.
[[nodiscard]] std::string Dump(const document::Value* held, const Message& message);

// JSON with the printed names, for types that have them inside the server too. Null pointer: null.
[[nodiscard]] std::string DumpPrinted(const document::Value* held, const Message& message);

}  // namespace reprieve::model
