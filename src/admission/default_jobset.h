// What the mutating webhook fills in on a new JobSet (spec/jobset.md 1.4). Works on a held object (model/decode.h) in
// place. Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <string>

#include "document/value.h"

namespace reprieve::admission {

void DefaultJobSet(document::Value& jobset);
// Of a rule of the failure policy that the user gave none; `index` counts from 0.
[[nodiscard]] std::string UsualRuleName(std::size_t index);

}  // namespace reprieve::admission
