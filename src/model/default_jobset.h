// What the mutating webhook fills in on a new JobSet (spec/jobset.md 1.4). Works on a held object (model/decode.h) in
// place. Pure; safe from any thread.
#pragma once

#include "model/value.h"

namespace reprieve::model {

void DefaultJobSet(Value& jobset);

}  // namespace reprieve::model
