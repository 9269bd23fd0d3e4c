// Deep comparison of two values that says where they differ, and nothing about where they agree.
//
// Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "oracle/replay.h"

namespace reprieve::oracle {

// All differing paths below `path`, at the deepest place where both still have something to compare. Members may stand
// in any order, list items may not; numbers compare by text.
std::vector<Difference> Differences(const document::Value& expected, const document::Value& actual,
                                    std::string path = "$");
// The same, each marked with the step that showed it.
std::vector<Difference> DifferencesAt(std::string_view step, const document::Value& expected,
                                      const document::Value& actual);

}  // namespace reprieve::oracle
