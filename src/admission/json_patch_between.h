// The JSON patch that makes one value another. Source: RFC 6902, RFC 6901. Pure; safe from any thread.
#pragma once

#include "document/value.h"

namespace reprieve::admission {

// An array of operations; empty if the two are equal. Lists of the same length are patched item by item, others are
// replaced.
[[nodiscard]] document::Value JsonPatchBetween(const document::Value& before, const document::Value& after);

}  // namespace reprieve::admission
