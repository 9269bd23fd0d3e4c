#include "document/yaml_write.h"

#include <gtest/gtest.h>

#include "document/json.h"
#include "document/yaml.h"

namespace reprieve::document {
namespace {

TEST(WriteYaml, WritesBlockStyleWithoutNeedlessQuotes) {
  const Value value = *ParseJson(R"({"kind":"Role","rules":[{"verbs":["get","list"],"apiGroups":[""]},{}],"count":3})");
  EXPECT_EQ(WriteYaml(value),
            "kind: Role\nrules:\n- verbs:\n  - get\n  - list\n  apiGroups:\n  - \"\"\n- {}\ncount: 3\n");
}

TEST(WriteYaml, IsReadBackAsItWas) {
  for (const char* text :
       {R"({"a":"yes","b":"1.5","c":"null","d":":8081","e":"x: y","f":"-","g":"#1","h":" x","i":"a\nb","on":true})",
        R"([[1,2],[],[{"a":[{"b":"0x1"}]}],"~","!x","*y","&z","%","@","2026-01-01","1_0","é"])", R"({"a":{}})", R"("")",
        R"({"":null,"1":false,"- ":0})"}) {
    const Value value = *ParseJson(text);
    const auto read = ParseYaml(WriteYaml(value));
    ASSERT_TRUE(read.ok()) << text << "\n" << WriteYaml(value);
    EXPECT_EQ(read->front(), value) << WriteYaml(value);
  }
}

}  // namespace
}  // namespace reprieve::document
