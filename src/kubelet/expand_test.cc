#include "kubelet/expand.h"

#include <gtest/gtest.h>

#include <map>

namespace reprieve::kubelet {
namespace {

std::string Expanded(std::string_view text) {
  static const std::map<std::string, std::string, std::less<>> kValues = {{"A", "1"}, {"B", "$(A)"}, {"EMPTY", ""}};
  return Expand(text, [](std::string_view name) -> const std::string* {
    const auto at = kValues.find(name);
    return at == kValues.end() ? nullptr : &at->second;
  });
}

TEST(Expand, FollowsTheApiInEveryCase) {
  const struct {
    std::string_view text, expected;
  } cases[] = {
      {"", ""},
      {"plain", "plain"},
      {"$(A)", "1"},
      {"x$(A)y$(A)z", "x1y1z"},
      {"$(B)", "$(A)"},  // expanded only once
      {"$(EMPTY)", ""},
      {"$(MISSING)", "$(MISSING)"},
      {"$$(A)", "$(A)"},
      {"$$$(A)", "$1"},
      {"$$$$(A)", "$$(A)"},
      {"$A", "$A"},
      {"$", "$"},
      {"cost$", "cost$"},
      {"$$", "$"},
      {"$(A", "$(A"},
      {"$(", "$("},
      {"$()", "$()"},
      {"$(A))", "1)"},
      {"${A}", "${A}"},
      {"$(MISSING", "$(MISSING"},
      {"$(B$(A)", "$(B$(A)"},
  };
  for (const auto& c : cases) EXPECT_EQ(Expanded(c.text), c.expected) << c.text;
}

}  // namespace
}  // namespace reprieve::kubelet
