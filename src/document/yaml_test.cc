#include "document/yaml.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace reprieve::document {
namespace {

std::string Json(std::string_view yaml) {
  const auto documents = ParseYaml(yaml);
  if (!documents.ok()) return documents.error().message;
  std::string out;
  for (const Value& document : *documents) out += WriteJson(document) + "\n";
  if (!out.empty()) out.pop_back();
  return out;
}

TEST(Yaml, ReadsSeveralDocuments) {
  EXPECT_EQ(Json("a: 1\n---\n- b\n---\n"), "{\"a\":1}\n[\"b\"]\nnull");
}

TEST(Yaml, QuotedScalarsAreText) {
  EXPECT_EQ(Json("a: \"1\"\nb: 'yes'\nc: !!str 5\nd: |\n  no\n"), R"({"a":"1","b":"yes","c":"5","d":"no\n"})");
}

TEST(Yaml, KeysBecomeText) {
  EXPECT_EQ(Json("1: a\ntrue: b\n1.5: c\n"), R"({"1":"a","true":"b","1.5":"c"})");
}

TEST(Yaml, CopiesAnchorsAndMerges) {
  EXPECT_EQ(Json("base: &b {x: 1, z: 2}\nmine:\n  <<: *b\n  z: 3\nlist: [*b]\n"),
            R"({"base":{"x":1,"z":2},"mine":{"z":3,"x":1},"list":[{"x":1,"z":2}]})");
  EXPECT_EQ(Json("<<: 3\n"), "line 1, column 5: map merge requires map or sequence of maps as the value");
}

TEST(Yaml, KeepsRepeatedKeysForTheDecoderToName) {
  EXPECT_EQ(Json("a: 1\na: 2\n"), R"({"a":1,"a":2})");
}

TEST(Yaml, RefusesWhatJsonCannotSay) {
  EXPECT_EQ(Json("a: .inf\n"), "line 1, column 4: json: unsupported value: +Inf");
  EXPECT_EQ(Json("~: a\n"), "line 1, column 1: a key of a map can't be null");
  EXPECT_EQ(Json("? [a]\n: b\n"), "line 1, column 3: a list or a map can't be a key");
}

TEST(Yaml, RefusesABillionLaughs) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string n = std::to_string(i);
    const std::string p = "*a" + std::to_string(i - 1);
    text += Cat("a", n, ": &a", n, " [", p);
    for (int j = 0; j < 9; ++j) text += ", " + p;
    text += "]\n";
  }
  EXPECT_NE(Json(text).find("more than 1000000 values"), std::string::npos);
}

TEST(Yaml, RefusesToNestTooDeeply) {
  const std::string deep = std::string(20000, '[') + std::string(20000, ']');
  EXPECT_NE(Json(deep).find("line 1"), std::string::npos);
}

TEST(Yaml, KnowsThePlaceOfValuesAndErrors) {
  const auto documents = ParseYaml("a:\n  - b: 1\n");
  ASSERT_TRUE(documents.ok());
  EXPECT_EQ((*documents)[0]["a"][0]["b"].mark().line, 2U);
  EXPECT_EQ((*documents)[0]["a"][0]["b"].mark().column, 8U);
  EXPECT_NE(Json("a: [1\nb: 2\n").find("line 2"), std::string::npos);
  EXPECT_EQ(Json("a: *nobody\n"), "line 1, column 4: unknown anchor 'nobody' referenced");
}

TEST(Yaml, RefusesTabsAndControlCharactersWithoutHarm) {
  EXPECT_NE(Json("a:\n\t- b\n").find("line"), std::string::npos);
  EXPECT_NE(Json("a: \x01\n").find("line"), std::string::npos);
}

}  // namespace
}  // namespace reprieve::document
