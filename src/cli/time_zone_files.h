// The time zones of this machine: those that a server may know beyond IANA's list, such as zones that are newer.
//
// Reads /usr/share/zoneinfo, and nothing where that is not there. Safe from any thread.
#pragma once

#include <string_view>

namespace reprieve::cli {

bool IsTimeZoneHere(std::string_view name);

}  // namespace reprieve::cli
