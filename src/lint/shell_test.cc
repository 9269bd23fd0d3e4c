#include "lint/shell.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace reprieve::lint {
namespace {

// a b; c -> "a b|; c|": the words of each command, | after each, && and || before a pipeline, ; between lists.
std::string Outline(std::string_view text) {
  std::string out;
  for (const ShellList& list : ParseShell(text).lists) {
    if (!out.empty()) out += "; ";
    for (const ShellPipeline& pipeline : list.pipelines) {
      if (pipeline.after_and) out += "&& ";
      if (pipeline.after_or) out += "|| ";
      for (const ShellCommand& command : pipeline.commands) {
        AppendTo(out,
                 command.function        ? "<function>"
                 : command.words.empty() ? "<compound>"
                                         : Join(command.words, " "),
                 &command == &pipeline.commands.back() ? " " : " | ");
      }
    }
    if (list.background) out += "& ";
  }
  return std::string(Trim(out));
}

TEST(Shell, CommandsAreJoinedAsTheyAreWritten) {
  EXPECT_EQ(Outline("a b; c\nd"), "a b ; c ; d");
  EXPECT_EQ(Outline("a && b || c"), "a && b || c");
  EXPECT_EQ(Outline("a | b | c"), "a | b | c");
  EXPECT_EQ(Outline("a &\nwait"), "a & ; wait");
  EXPECT_EQ(Outline("a &&\n  b"), "a && b");
  EXPECT_EQ(Outline("a |\n  b"), "a | b");
}

TEST(Shell, QuotesExpansionsAndContinuedLinesAreOneWord) {
  EXPECT_EQ(Outline("echo 'a; b' \"c | d\""), "echo a; b c | d");
  EXPECT_EQ(Outline("echo $(a; b) ${c:-d;e} `f; g`"), "echo $(a; b) ${c:-d;e} `f; g`");
  EXPECT_EQ(Outline("python \\\n  train.py"), "python train.py");
  EXPECT_EQ(Outline("echo a#b # c; d"), "echo a#b");
}

TEST(Shell, RedirectionsAreNoArguments) {
  EXPECT_EQ(Outline("a > b 2>&1 < c; d &> e; f 2>/dev/null"), "a ; d ; f");
  EXPECT_EQ(Outline("cat <<EOF\na | b; c\nEOF\nd"), "cat ; d");
}

TEST(Shell, WhatStandsInsideCompoundCommandsIsPassedOver) {
  EXPECT_EQ(Outline("if a; then b; fi; c"), "<compound> ; c");
  EXPECT_EQ(Outline("while true; do for i in 1 2; do a; done; done || b"), "<compound> || b");
  EXPECT_EQ(Outline("(a; b) | c"), "<compound> | c");
  EXPECT_EQ(Outline("{ a; b; }; c"), "<compound> ; c");
  EXPECT_EQ(Outline("case $x in a) b ;; *) c ;; esac\nd"), "<compound> ; d");
  EXPECT_EQ(Outline("[[ a && b ]] && c"), "<compound> && c");
  EXPECT_EQ(Outline("if [[ -f a ]]; then\n  exit 1\nelif b; then c; fi\nd"), "<compound> ; d");
}

TEST(Shell, FunctionsAndTrapsAreFound) {
  const ShellScript script = ParseShell("stop() { exit 0; }\ntrap stop TERM\nif a; then trap 'exit 1' INT TERM; fi\nb");
  EXPECT_EQ(script.lists.size(), 4U);
  ASSERT_EQ(script.traps.size(), 2U);
  EXPECT_EQ(script.traps[0].words, (std::vector<std::string>{"trap", "stop", "TERM"}));
  EXPECT_EQ(script.traps[1].words, (std::vector<std::string>{"trap", "exit 1", "INT", "TERM"}));
  EXPECT_EQ(script.functions.at("stop"), "{ exit 0; }");
}

TEST(Shell, BrokenScriptsEnd) {
  for (const char* text : {"'",    "\"",  "`",        "$(", "${", "(", ")",  "if", "case x in", "a <<EOF", "a <",
                           "a >(", "f()", "function", "}",  "&&", "|", ";;", "\\", "trap",      "\"$("}) {
    EXPECT_LE(ParseShell(text).lists.size(), 2U) << text;
  }
}

TEST(Shell, TheScriptOfAShellIsFound) {
  const auto call = ReadShellCall({"/bin/bash", "-exo", "pipefail", "-c", "a", "b"});
  ASSERT_TRUE(call.has_value());
  EXPECT_EQ(call->script, 4U);
  EXPECT_TRUE(call->errexit);
  EXPECT_TRUE(call->pipefail);
  EXPECT_EQ(ReadShellCall({"sh", "-c", "a"})->script, 2U);
  EXPECT_EQ(ReadShellCall({"/usr/bin/env", "bash", "-xc", "a"})->script, 3U);
  EXPECT_FALSE(ReadShellCall({"python3", "-c", "a"}).has_value());
  EXPECT_FALSE(ReadShellCall({"bash", "script.sh"}).has_value());
  EXPECT_FALSE(ReadShellCall({"bash", "-c"}).has_value());
  EXPECT_FALSE(ReadShellCall({}).has_value());
}

}  // namespace
}  // namespace reprieve::lint
