#include "cli/help_format.h"

#include <gtest/gtest.h>

namespace reprieve::cli {
namespace {

TEST(HelpEntry, BreaksBetweenWordsBesideTheLabel) {
  EXPECT_EQ(HelpEntry("  --state DIR", "Where logs are"), "  --state DIR             Where logs are\n");
  EXPECT_EQ(HelpEntry("  --state DIR", "Where logs and volumes are kept, as long as nobody removes them"),
            "  --state DIR             Where logs and volumes are kept, as long as nobody\n"
            "                          removes them\n");
}

TEST(HelpEntry, ALongLabelHasALineOfItsOwn) {
  EXPECT_EQ(HelpEntry("  --node-label NODE:KEY=VALUE", "A label"),
            "  --node-label NODE:KEY=VALUE\n"
            "                          A label\n");
}

TEST(HelpEntry, AWordThatIsTooLongIsNotCut) {
  const std::string word(70, 'x');
  EXPECT_EQ(HelpEntry("  -v", word), "  -v" + std::string(22, ' ') + word + "\n");
}

}  // namespace
}  // namespace reprieve::cli
