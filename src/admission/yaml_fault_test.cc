#include "admission/yaml_fault.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/text.h"

namespace reprieve::admission {
namespace {

std::string Explained(std::string_view text) {
  std::vector<document::Value> documents;
  const auto error = document::ParseYaml(text, documents);
  if (!error) return "no error";
  const YamlFault fault = ExplainYamlError(text, *error);
  return Cat(fault.mark.line, ":", fault.mark.column, " ", fault.message);
}

TEST(YamlFault, IsATabInTheIndentation) {
  EXPECT_EQ(Explained("a:\n\tb: 1\n"), "2:1 a tab: YAML is indented with blanks only");
  EXPECT_EQ(Explained("a:\n  b: 1\n  \tc: 2\n"), "3:3 a tab: YAML is indented with blanks only");
}

TEST(YamlFault, IsATemplateThatWasNotRendered) {
  EXPECT_EQ(Explained("a: {{ .x }}\n"), "1:4 {{ is part of a template, and not YAML");
  EXPECT_EQ(Explained("a: b\n{{- if .x }}\nc: d\n"), "2:1 {{ is part of a template, and not YAML");
}

TEST(YamlFault, IsLibyamlsOwnOtherwise) {
  EXPECT_EQ(Explained("a: 'b\tc\n"), "2:1 while scanning a quoted scalar: found unexpected end of stream");
  EXPECT_EQ(Explained("a: \"{{ .x }}\": b\n").find("template"), std::string::npos);
  EXPECT_EQ(Explained("a: b\tc\n"), "no error");
}

}  // namespace
}  // namespace reprieve::admission
