#include "model/minor_version.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace reprieve::model {

std::optional<std::int32_t> MinorVersion(std::string_view text, std::string_view major) {
  if (text.starts_with('v')) text.remove_prefix(1);
  const std::vector<std::string_view> parts = Split(text, '.');
  const bool are_numbers = std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), IsDigit);
  });
  if (!are_numbers || (parts.size() != 2 && parts.size() != 3) || parts[0] != major) return std::nullopt;
  return ParseInt32(parts[1]);
}

}  // namespace reprieve::model
