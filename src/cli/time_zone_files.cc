#include "cli/time_zone_files.h"

#include <array>
#include <fstream>
#include <string>

#include "base/text.h"

namespace reprieve::cli {

bool IsTimeZoneHere(std::string_view name) {
  // Beside the zones there are tables in the folder.
  constexpr std::string_view kMagic = "TZif";
  std::ifstream file(Cat("/usr/share/zoneinfo/", name), std::ios::binary);
  std::array<char, kMagic.size()> head{};
  return file.read(head.data(), head.size()) && std::string_view(head.data(), head.size()) == kMagic;
}

}  // namespace reprieve::cli
