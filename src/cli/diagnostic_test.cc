#include "cli/diagnostic.h"

#include <gtest/gtest.h>

namespace reprieve::cli {
namespace {

std::string Rendered(std::string text, document::Mark mark) {
  auto file = std::make_shared<const admission::ManifestFile>(admission::ManifestFile{"f.yaml", std::move(text)});
  return RenderAll({{std::move(file), mark, "field", "is wrong", ""}}, Style(false));
}

TEST(Diagnostic, PassesNoControlCharactersAndNoMalformedTextOn) {
  EXPECT_EQ(Rendered("a: \x1b[31m\x7f\xc2\x9b\xe9x\n", {1, 1}),
            "f.yaml:1:1: field\n    1 | a:  [31m  ?x\n      | ^^ is wrong\n\n");
}

TEST(Diagnostic, PointsAtTheCharacterBehindLettersOfSeveralBytes) {
  EXPECT_EQ(Rendered("\xc3\xa9\xc3\xa9: no b\n", {1, 5}),
            "f.yaml:1:5: field\n    1 | \xc3\xa9\xc3\xa9: no b\n      |     ^^ is wrong\n\n");
}

}  // namespace
}  // namespace reprieve::cli
