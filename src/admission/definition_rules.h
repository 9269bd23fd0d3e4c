// What the definition of JobSets says of fields beyond their types: enumerations, bounds, defaults. One table, for
// validation (custom_resource.h) and for the definition itself (definition.h).
//
// Source: spec/jobset.md 1.2, 1.3. Internal to the module. Pure; safe from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "model/schema.h"

namespace reprieve::admission {

// What the definition says of a field beyond its type.
struct DefinitionRule {
  std::string_view message;
  std::string_view field;
  std::array<std::string_view, 5> words = {};  // an enumeration, up to the first empty one
  std::optional<std::int64_t> minimum = {};
  std::size_t max_items = 0;  // 0: no bound
  std::size_t min_length = 0;
  std::size_t max_length = 0;  // 0: no bound
  std::string_view pattern = {};
  std::string_view default_json = {};  // empty: none
  bool optional = false;               // though Go writes it always
};

// Null pointer: nothing.
const DefinitionRule* FindDefinitionRule(const model::Message& message, std::string_view field);
// Whether the field must be there.
bool IsRequired(const model::Field& field, const DefinitionRule* rule);

// Metadata of templates: the definition lists five of its fields.
const model::Message& InDefinition(const model::Message& message);
// An object of its own, not a part of one.
bool IsRoot(const model::Message& message);

}  // namespace reprieve::admission
