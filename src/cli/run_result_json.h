// A run of a scenario as JSON, and back: what workers send, and what `simulate -o json` prints.
#pragma once

#include "document/value.h"
#include "sim/scenario_run.h"

namespace reprieve::cli {

[[nodiscard]] document::Value ToJson(const sim::RunResult& run);
// REQUIRES: ToJson has made it.
[[nodiscard]] sim::RunResult RunFromJson(const document::Value& value);
// The shortest text that reads back as the same number.
[[nodiscard]] document::Value JsonNumber(double number);

}  // namespace reprieve::cli
