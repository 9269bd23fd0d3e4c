#include "cli/screen_text.h"

#include <gtest/gtest.h>

namespace reprieve::cli {
namespace {

using Lines = std::vector<std::string>;

TEST(ScreenText, ControlCharactersAreMadeVisible) {
  EXPECT_EQ(Escaped("a\x1b[2Jb\nc\td\re\x07\x7f"), "a\\x1b[2Jb\\nc\\td\\re\\x07\\x7f");
  EXPECT_EQ(Escaped("\xc2\x9b"
                    "31m"),
            "\\xc2\\x9b31m");  // CSI as one character
  EXPECT_EQ(Escaped("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(Escaped("größer → 日本"), "größer → 日本");
}

TEST(ScreenText, OutputIsShownAsATerminalWould) {
  EXPECT_EQ(EscapedOutput("\x1b[1;31mred\x1b[0m \x1b[38:5:9mx\x1b[m"), "red x");
  EXPECT_EQ(EscapedOutput("10%\r50%\r99%"), "99%");
  EXPECT_EQ(EscapedOutput("dos\r"), "dos");
  EXPECT_EQ(EscapedOutput("a\tb"), "a\tb");
  EXPECT_EQ(EscapedOutput("\x1b]0;title\x07"), "\\x1b]0;title\\x07");
  EXPECT_EQ(EscapedOutput("\x1b[31"), "\\x1b[31");
  // What is left after a colour is taken away is no sequence either.
  EXPECT_EQ(EscapedOutput("\x1b\x1b[0m[2J"), "\\x1b[2J");
}

TEST(ScreenText, ColumnsAreCounted) {
  EXPECT_EQ(ColumnsOf("abc"), 3U);
  EXPECT_EQ(ColumnsOf("→ é █"), 5U);
  EXPECT_EQ(ColumnsOf("日本"), 4U);
  EXPECT_EQ(ColumnsOf("e\xcc\x81"), 1U);
  EXPECT_EQ(Padded("日", 4), "日  ");
}

TEST(ScreenText, WhatIsTooLongEndsAfterAWord) {
  EXPECT_EQ(Cut("one two three", 13), "one two three");
  EXPECT_EQ(Cut("one two three", 12), "one two…");
  EXPECT_EQ(Cut("one two three", 8), "one two…");
  EXPECT_EQ(Cut("abcdefghij", 5), "abcd…");
  EXPECT_EQ(Cut("日本語", 4), "日…");
  EXPECT_EQ(Cut("abc", 0), "");
}

TEST(ScreenText, LinesAreBrokenBetweenWords) {
  EXPECT_EQ(Wrap("one two three", 8, "  "), (Lines{"one two", "  three"}));
  EXPECT_EQ(Wrap("/a/very/long/path it is", 8, "  "), (Lines{"/a/very/long/path", "  it is"}));
  EXPECT_EQ(Wrap("  logs     x y", 13, "           "), (Lines{"  logs     x", "           y"}));
  EXPECT_EQ(Wrap("", 8, "  "), Lines{""});
}

}  // namespace
}  // namespace reprieve::cli
