#include "document/json_cursor.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "document/json.h"

namespace reprieve::document {
namespace {

// The document as the cursor finds it, by its own calls alone.
void Walk(JsonCursor& in, std::string& out) {
  switch (in.Peek()) {
    case Value::Kind::kObject: {
      out += '{';
      in.BeginObject();
      std::string_view key;
      for (bool first = true; in.NextMember(key); first = false) {
        if (!first) out += ',';
        AppendJsonString(out, key);
        out += ':';
        Walk(in, out);
      }
      out += '}';
      return;
    }
    case Value::Kind::kArray:
      out += '[';
      in.BeginArray();
      for (bool first = true; in.NextItem(); first = false) {
        if (!first) out += ',';
        Walk(in, out);
      }
      out += ']';
      return;
    case Value::Kind::kString:
      return AppendJsonString(out, in.ReadText());
    case Value::Kind::kNumber:
      out += in.ReadText();
      return;
    case Value::Kind::kBool:
      out += in.ReadBool() ? "true" : "false";
      return;
    case Value::Kind::kNull:
      in.Skip();
      out += "null";
      return;
  }
}

std::string Walked(std::string_view text) {
  JsonCursor in(text);
  std::string out;
  Walk(in, out);
  in.End();
  return in.ok() ? out : in.error();
}

std::string Parsed(std::string_view text) {
  const auto value = ParseJson(text);
  return value.ok() ? WriteJson(*value) : value.error().message;
}

std::string FaultOfSkip(std::string_view text) {
  JsonCursor in(text);
  in.Skip();
  in.End();
  return in.error();
}

// Each good text, each of its beginnings, and each with one byte changed.
TEST(JsonCursor, TakesWhatTheParserTakesAndRefusesTheRestInTheSameWords) {
  const std::string_view good[] = {
      R"({"a":[1,-2.5e+3,0,true,false,null],"b":{"c":"x","d":{}},"e":[]})",
      R"( [ { } , [ ] , "" , {"k" : [[[1]]] , "k":2} ] )",
      "{\"\\u0041\\n\\ud83d\\ude00\\ud800\":\"\\\"\\/\\b\\f\\r\\t\\\\\", \"\xC3\xA9\xFF\":\"\xE2\x82\xAC\xE2\x82\"}",
      "-0",
      "\"text\"",
      "null",
  };
  std::vector<std::string> texts = {
      "",       " ",     "}",     "]",    ",",  "{,}", "[,]", "{\"a\"}", "{\"a\":}",    "{\"a\":1,}",
      "[1,]",   "tru",   "nul",   "-",    "01", "1.",  "1e",  "\"\\x\"", "\"\\u12g4\"", "\"\\ud800\\uzzzz\"",
      "\"\n\"", "{1:2}", "[1 2]", "{} {}"};
  for (const std::string_view text : good) {
    texts.emplace_back(text);
    for (std::size_t i = 0; i < text.size(); ++i) {
      texts.emplace_back(text.substr(0, i));
      for (const char c : {'"', '\\', '{', '}', '[', ']', ',', ':', '0', 'x', '\x01', '\xFF'}) {
        texts.emplace_back(text);
        texts.back()[i] = c;
      }
    }
  }
  for (const std::string& text : texts) {
    const auto parsed = ParseJson(text);
    EXPECT_EQ(Walked(text), Parsed(text)) << text;
    EXPECT_EQ(FaultOfSkip(text), parsed.ok() ? "" : parsed.error().message) << text;
  }
}

TEST(JsonCursor, WhatIsNotAskedForIsPassedOver) {
  JsonCursor in(R"({"skipped":{"a":[{"b":"]}"}]},"kept":["x",{"y":1}],"tree":{"z":null}, "raw" : [1, {"q":2}] })");
  std::string_view key;
  std::string seen;
  ASSERT_TRUE(in.BeginObject());
  while (in.NextMember(key)) {
    AppendTo(seen, key, " ");
    if (key == "kept") {
      ASSERT_TRUE(in.BeginArray());
      while (in.NextItem()) AppendTo(seen, "<", in.ReadText(), "> ");
    } else if (key == "tree") {
      AppendTo(seen, WriteJson(in.ReadValue()), " ");
    } else if (key == "raw") {
      AppendTo(seen, in.Raw(), " ");
    } else {
      in.Skip();
    }
  }
  in.End();
  EXPECT_TRUE(in.ok()) << in.error();
  EXPECT_EQ(seen, R"(skipped kept <x> <> tree {"z":null} raw [1, {"q":2}] )");
}

TEST(JsonCursor, WhatIsOfAnotherKindReadsAsNothing) {
  JsonCursor in(R"([{"a":1},[2],"text",3,true])");
  ASSERT_TRUE(in.BeginArray());
  std::string seen;
  while (in.NextItem()) {
    if (seen.size() < 2) {
      EXPECT_FALSE(seen.empty() ? in.BeginArray() : in.BeginObject());
      seen += '-';
    } else {
      seen += in.ReadBool() ? '+' : '-';
    }
  }
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(seen, "----+");
}

TEST(JsonCursor, NestingIsBoundedAsInTheParser) {
  const std::string deep = std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']');
  EXPECT_EQ(FaultOfSkip(deep), "");
  const std::string deeper = Cat("[", deep, "]");
  EXPECT_EQ(FaultOfSkip(deeper), "exceeded max depth");
  JsonCursor in(deeper);
  ASSERT_TRUE(in.BeginArray());
  ASSERT_TRUE(in.NextItem());
  in.ReadValue();
  EXPECT_EQ(in.error(), "exceeded max depth");
}

}  // namespace
}  // namespace reprieve::document
