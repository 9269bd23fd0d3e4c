#include "cli/log_lines.h"

#include <cstdio>
#include <utility>

#include "document/json.h"

namespace reprieve::cli {

using document::Value;

void LogLine(Time now, std::string_view level, std::string_view message, Value more) {
  Value line = Value::MakeObject();
  line.Set("time", Value::String(FormatRfc3339Milli(now)));
  line.Set("level", Value::String(std::string(level)));
  line.Set("message", Value::String(std::string(message)));
  for (Value::Member& member : more.members()) line.Set(member.key, std::move(member.value));
  const std::string text = document::WriteJson(line) + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void LogVerdict(const world::Verdict& verdict) {
  Value more = Value::MakeObject();
  more.Set("verdict", world::ToValue(verdict));
  LogLine(verdict.at, "info", world::Describe(verdict), std::move(more));
}

}  // namespace reprieve::cli
