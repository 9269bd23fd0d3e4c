#include "model/time_zones.h"

#include <algorithm>

#include "base/text.h"
#include "model/schema_lines.h"

namespace reprieve::model {
namespace {

// The table begins with comments; its names are sorted.
bool IsInTable(std::string_view name) {
  const auto& lines = TimeZoneLines();
  const auto first =
      std::find_if(lines.begin(), lines.end(), [](std::string_view line) { return line.front() != '#'; });
  return std::binary_search(first, lines.end(), name);
}

}  // namespace

std::optional<std::string> TimeZoneFault(std::string_view name, const HasTimeZone& has_more) {
  if (name.empty() || name == "UTC" || name == "Local") return std::nullopt;
  if (name.front() == '/' || name.front() == '\\' || name.find("..") != std::string_view::npos) {
    return "time: invalid location name";
  }
  if (IsInTable(name) || (has_more && has_more(name))) return std::nullopt;
  return Cat("unknown time zone ", name);
}

}  // namespace reprieve::model
