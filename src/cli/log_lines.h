// Log lines of a controller: JSON objects, one a line, on standard error.
//
//   {"time":"2026-11-29T22:58:03.120Z","level":"info","message":"leads from now on"}
//
// Thread rules: one owner.
#pragma once

#include <string_view>

#include "base/time.h"
#include "document/value.h"
#include "world/verdict.h"

namespace reprieve::cli {

void LogLine(Time now, std::string_view level, std::string_view message,
             document::Value more = document::Value::MakeObject());
// The verdict as the journal has it, and its chain as the message.
void LogVerdict(const world::Verdict& verdict);

}  // namespace reprieve::cli
