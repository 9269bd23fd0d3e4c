// From a field path, as errors name it, to the place in the user's file.
//
// Source: the paths of field errors (spec.containers[0].env[1].name, metadata.labels[app], rules[*]). Pure; safe from
// any thread.
#pragma once

#include <string_view>

#include "document/value.h"

namespace reprieve::document {

// The place of the field, or of its nearest ancestor that was written. A name in brackets is a key of a map; where the
// path is the server's own (spec.template.labels for spec.template.metadata.labels, spec.resources[storage] for
// spec.resources.requests.storage), it is looked for where users write it. Line 0: `root` knows no places.
[[nodiscard]] Mark Locate(const Value& root, std::string_view field_path);

}  // namespace reprieve::document
