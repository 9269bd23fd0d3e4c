#include "base/pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace reprieve {
namespace {

// As Go 1.26 answered.
TEST(Pattern, RefusesWhatGoRefusesThoughRe2CompilesIt) {
  const std::string deep = std::string(1000, '(') + std::string(1000, ')');
  for (const std::string& pattern :
       {std::string(R"(\C)"), std::string(R"(a\C+)"), std::string("(?<\u00e9>a)"), std::string("(?P<\u00e9>a)"),
        std::string("a{99999999999}"), std::string("a{1,99999999999}"), deep}) {
    EXPECT_NE(Pattern(pattern).error(), "") << pattern;
    EXPECT_FALSE(Pattern(pattern).FoundIn("aaa")) << pattern;
  }
}

TEST(Pattern, CompilesWhatGoCompiles) {
  for (const std::string& pattern :
       {std::string(R"(\\C)"), std::string(R"(\Q\C\E)"), std::string("[{99999999999}]"), std::string("a{1000}"),
        std::string("{b}"), std::string("a{,2}"), std::string("(?<n_1>a)"), std::string("(?i)a(?-i:b)"),
        std::string(R"((\pL{1000}))"), std::string(R"([]\]{5000}])"), std::string("[[:alpha:]{]5000}"),
        std::string(999, '(') + std::string(999, ')')}) {
    EXPECT_EQ(Pattern(pattern).error(), "") << pattern;
  }
}

}  // namespace
}  // namespace reprieve
