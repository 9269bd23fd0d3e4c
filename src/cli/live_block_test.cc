#include "cli/live_block.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace reprieve::cli {
namespace {

class LiveBlockTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"XTERM_VERSION", "STY"}) unsetenv(name);
    setenv("TERM", "xterm-256color", 1);
  }

  std::string Paint(const std::vector<std::string>& lines, const TerminalSize& size) {
    std::string out;
    block_.Paint(lines, size, out);
    return out;
  }
  std::string Erase(const TerminalSize& size) {
    std::string out;
    block_.Erase(size, out);
    return out;
  }

  LiveBlock block_;
};

TEST_F(LiveBlockTest, IsErasedFromTheFirstColumnOfItsFirstRow) {
  EXPECT_EQ(Erase({80, 24}), "");
  EXPECT_EQ(Paint({"one", "two"}, {80, 24}), "one\ntwo\n");
  EXPECT_EQ(Erase({80, 24}), "\r\x1b[2A\x1b[J");
  EXPECT_EQ(Erase({80, 24}), "");
}

TEST_F(LiveBlockTest, NeverExceedsHalfOfTheScreenNorItsWidth) {
  EXPECT_EQ(Paint({"one two three", "2", "3", "4"}, {10, 4}), "one two…\n2\n");
}

TEST_F(LiveBlockTest, ANarrowerTerminalHasBrokenItsLines) {
  Paint({std::string(70, 'x'), "short"}, {80, 24});
  EXPECT_EQ(Erase({30, 24}), "\r\x1b[4A\x1b[J");
}

TEST_F(LiveBlockTest, AnXtermHasCutThem) {
  setenv("XTERM_VERSION", "XTerm(379)", 1);
  Paint({std::string(70, 'x'), "short"}, {80, 24});
  EXPECT_EQ(Erase({30, 24}), "\r\x1b[2A\x1b[J");
}

}  // namespace
}  // namespace reprieve::cli
