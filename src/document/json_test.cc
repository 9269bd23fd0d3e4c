#include "document/json.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace reprieve::document {
namespace {

std::string Fault(std::string_view text) {
  const auto value = ParseJson(text);
  return value.ok() ? "no error" : value.error().message;
}

std::string RoundTrip(std::string_view text) {
  const auto value = ParseJson(text);
  return value.ok() ? WriteJson(*value) : value.error().message;
}

TEST(Json, KeepsNumbersMembersAndTheirOrderAsWritten) {
  EXPECT_EQ(RoundTrip(R"( {"b": 1.0, "a": [1e3, -0, null, true], "b": "x"} )"),
            R"({"b":1.0,"a":[1e3,-0,null,true],"b":"x"})");
}

TEST(Json, EscapesAsGoDoes) {
  EXPECT_EQ(RoundTrip(R"("<a&b> \u2028 \/ \u00e9 \ud83d\ude00 \u0001")"),
            "\"\\u003ca\\u0026b\\u003e \\u2028 / \u00e9 \U0001F600 \\u0001\"");
}

TEST(Json, ReplacesWhatIsNotUnicode) {
  EXPECT_EQ(RoundTrip("\"\xFF\xC3\""), "\"\uFFFD\uFFFD\"");
  EXPECT_EQ(RoundTrip(R"("\ud800x")"), "\"\uFFFDx\"");
}

TEST(Json, SaysWhatIsWrongInTheWordsOfGo) {
  EXPECT_EQ(Fault(""), "unexpected end of JSON input");
  EXPECT_EQ(Fault("{\"a\":1"), "unexpected end of JSON input");
  EXPECT_EQ(Fault("{}x"), "invalid character 'x' after top-level value");
  EXPECT_EQ(Fault("{a:1}"), "invalid character 'a' looking for beginning of object key string");
  EXPECT_EQ(Fault("{\"a\" 1}"), "invalid character '1' after object key");
  EXPECT_EQ(Fault("{\"a\":1 2}"), "invalid character '2' after object key:value pair");
  EXPECT_EQ(Fault("[1 2]"), "invalid character '2' after array element");
  EXPECT_EQ(Fault("[1,]"), "invalid character ']' looking for beginning of value");
  EXPECT_EQ(Fault("nul?"), "invalid character '?' in literal null (expecting 'l')");
  EXPECT_EQ(Fault("\"\n\""), "invalid character '\\n' in string literal");
  EXPECT_EQ(Fault("\"\\q\""), "invalid character 'q' in string escape code");
  EXPECT_EQ(Fault("1.x"), "invalid character 'x' after decimal point in numeric literal");
}

TEST(Json, KnowsThePlaceOfValuesAndErrors) {
  const auto value = ParseJson("{\n  \"a\": [1,\n 2]}");
  ASSERT_TRUE(value.ok());
  EXPECT_EQ((*value)["a"][1].mark().line, 3U);
  EXPECT_EQ((*value)["a"][1].mark().column, 2U);
  JsonError error;
  EXPECT_FALSE(ParseJson("{\n  \"\u00e9\": x}", error));
  EXPECT_EQ(error.mark.line, 2U);
  EXPECT_EQ(error.mark.column, 8U);
}

TEST(Json, RefusesToNestDeeperThanGo) {
  const std::string deep = std::string(10000, '[') + std::string(10000, ']');
  EXPECT_EQ(RoundTrip(deep), deep);
  EXPECT_EQ(Fault("[" + deep + "]"), "exceeded max depth");
}

TEST(Json, ComparesLargeObjectsInAnyOrder) {
  Value a = Value::MakeObject();
  Value b = Value::MakeObject();
  for (int i = 0; i < 50000; ++i) {
    a.members().push_back({Cat("k", i), Value::Int(i), {}});
    b.members().push_back({Cat("k", 49999 - i), Value::Int(49999 - i), {}});
  }
  EXPECT_EQ(a, b);
}

TEST(Json, WritesPrettyTextWithTwoBlanksALevel) {
  EXPECT_EQ(WriteJsonPretty(*ParseJson(R"({"a":[1],"b":{},"c":[]})")),
            "{\n  \"a\": [\n    1\n  ],\n  \"b\": {},\n  \"c\": []\n}");
}

}  // namespace
}  // namespace reprieve::document
