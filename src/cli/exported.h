// Objects that were read back from a server (kubectl get -o yaml): what the server and its controllers have added.
//
// A server refuses to create such an object again: its selector and labels are generated from the UID of the old one.
// Pure; safe from any thread.
#pragma once

#include <string_view>

#include "document/value.h"

namespace reprieve::cli {

// It has what only a server writes: a UID, a resourceVersion, managedFields.
[[nodiscard]] bool IsExported(const document::Value& object);

// Without status, identity, versions, owners and managed fields, without the selector and the labels that a Job is
// given, and without what binds a claim to its volume. What the user wrote stays.
[[nodiscard]] document::Value WithoutServerFields(document::Value object);

}  // namespace reprieve::cli
