// The names of time zones: which a server knows, and what Go's time.LoadLocation says of the others.
//
// Source: schema/time_zones.txt, IANA's names as Go brings them along. A server also has those of its own machine,
// which may be newer: whoever can look asks for more with HasTimeZone. Pure but for that; safe from any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace reprieve::model {

// True for a name beyond those that are known here; empty: there is none.
using HasTimeZone = std::function<bool(std::string_view name)>;

// Absent: there is such a zone. "", UTC and Local are always there.
[[nodiscard]] std::optional<std::string> TimeZoneFault(std::string_view name, const HasTimeZone& has_more);

}  // namespace reprieve::model
