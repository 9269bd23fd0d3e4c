// Deep comparison of two values that lists where they differ.
//
// Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "oracle/replay.h"

namespace reprieve::oracle {

// All differing paths below `path`, as deep as both values reach. The order of members does not matter, that of list
// items does; numbers compare by text.
std::vector<Difference> Differences(const document::Value& expected, const document::Value& actual,
                                    std::string path = "$");
// The same, each marked with its step.
std::vector<Difference> DifferencesAt(std::string_view step, const document::Value& expected,
                                      const document::Value& actual);

}  // namespace reprieve::oracle
