#include "admission/json_patch_between.h"

#include <gtest/gtest.h>

#include "admission/patch.h"
#include "document/json.h"

namespace reprieve::admission {
namespace {

using document::ParseJson;
using document::Value;
using document::WriteJson;

TEST(JsonPatchBetween, NamesWhatDiffers) {
  const Value before = *ParseJson(R"({"a":1,"b":{"x/y":"old","gone":1},"list":[{"n":1},{"n":2}],"short":[1]})");
  const Value after = *ParseJson(R"({"a":1,"b":{"x/y":"new","~":[]},"list":[{"n":1},{"n":3}],"short":[1,2]})");
  const Value patch = JsonPatchBetween(before, after);
  EXPECT_EQ(WriteJson(patch), R"([{"op":"remove","path":"/b/gone"},{"op":"replace","path":"/b/x~1y","value":"new"},)"
                              R"({"op":"add","path":"/b/~0","value":[]},{"op":"replace","path":"/list/1/n","value":3},)"
                              R"({"op":"replace","path":"/short","value":[1,2]}])");
  const auto patched = JsonPatch(before, patch);
  ASSERT_TRUE(std::holds_alternative<Value>(patched));
  EXPECT_EQ(std::get<Value>(patched), after);
  EXPECT_EQ(JsonPatchBetween(after, after).size(), 0U);
}

}  // namespace
}  // namespace reprieve::admission
