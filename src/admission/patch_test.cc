#include "admission/patch.h"

#include <gtest/gtest.h>

#include "document/json.h"

namespace reprieve::admission {

using document::Value;

namespace {

std::string Told(const std::variant<Value, PatchError>& result) {
  const auto* error = std::get_if<PatchError>(&result);
  return error != nullptr ? error->message : document::WriteJson(std::get<Value>(result));
}
std::string Strategic(std::string_view target, std::string_view patch) {
  return Told(StrategicMergePatch(*document::ParseJson(target), *document::ParseJson(patch),
                                  model::GetMessage("core/v1.PodSpec")));
}
std::string Operations(std::string_view target, std::string_view patch) {
  return Told(JsonPatch(*document::ParseJson(target), *document::ParseJson(patch)));
}
constexpr std::string_view kRefused = "the server rejected our request due to an error in our request";

TEST(MergePatch, MergesObjectsAndReplacesTheRest) {
  EXPECT_EQ(document::WriteJson(MergePatch(*document::ParseJson(R"({"a":{"b":1,"c":2},"d":[1]})"),
                                           *document::ParseJson(R"({"a":{"b":null,"e":{"f":null}},"d":[2]})"))),
            R"({"a":{"c":2,"e":{}},"d":[2]})");
}

TEST(JsonPatch, AddsRemovesReplacesMovesCopiesAndTests) {
  EXPECT_EQ(Operations(R"({"a":[1,3],"b":{"x/y":1}})",
                       R"([{"op":"add","path":"/a/1","value":2},{"op":"add","path":"/a/-","value":4},
                           {"op":"replace","path":"/b/x~1y","value":5},{"op":"copy","from":"/a/0","path":"/c"},
                           {"op":"move","from":"/c","path":"/d"},{"op":"test","path":"/d","value":1},
                           {"op":"remove","path":"/a/0"}])"),
            R"({"a":[2,3,4],"b":{"x/y":5},"d":1})");
}

TEST(JsonPatch, RefusesWhatDoesNotFit) {
  EXPECT_EQ(Operations("{}", R"([{"op":"remove","path":"/a"}])"), kRefused);
  EXPECT_EQ(Operations(R"({"a":[1]})", R"([{"op":"add","path":"/a/3","value":1}])"), kRefused);
  EXPECT_EQ(Operations(R"({"a":{}})", R"([{"op":"move","from":"/a","path":"/a/b"}])"), kRefused);
  EXPECT_EQ(Operations("{}", R"({"op":"add"})"),
            "json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp");
}

TEST(StrategicMergePatch, MergesListsByTheirKey) {
  EXPECT_EQ(Strategic(R"({"containers":[{"name":"a","image":"i"},{"name":"b"}]})",
                      R"({"containers":[{"name":"a","env":[{"name":"X","value":"1"}]},{"name":"c"}]})"),
            R"({"containers":[{"name":"a","image":"i","env":[{"name":"X","value":"1"}]},{"name":"b"},{"name":"c"}]})");
}

TEST(StrategicMergePatch, DeletesReplacesAndOrders) {
  EXPECT_EQ(
      Strategic(R"({"containers":[{"name":"a"},{"name":"b"}]})", R"({"containers":[{"name":"a","$patch":"delete"}]})"),
      R"({"containers":[{"name":"b"}]})");
  EXPECT_EQ(Strategic(R"({"containers":[{"name":"a"}]})", R"({"containers":[{"$patch":"replace"},{"name":"z"}]})"),
            R"({"containers":[{"name":"z"}]})");
  EXPECT_EQ(
      Strategic(
          R"({"containers":[{"name":"a"},{"name":"b"}]})",
          R"({"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"b","image":"x"}]})"),
      R"({"containers":[{"name":"b","image":"x"},{"name":"a"}]})");
}

TEST(StrategicMergePatch, RetainsTheKeysOfAUnion) {
  EXPECT_EQ(Strategic(R"({"volumes":[{"name":"v","emptyDir":{}}]})",
                      R"({"volumes":[{"name":"v","$retainKeys":["name","secret"],"secret":{"secretName":"s"}}]})"),
            R"({"volumes":[{"name":"v","secret":{"secretName":"s"}}]})");
}

TEST(StrategicMergePatch, TellsOfADirectiveThatNobodyKnows) {
  EXPECT_EQ(Strategic("{}", R"({"$patch":"bogus"})"), "unknown patch type: bogus in map: map[$patch:bogus]");
}

}  // namespace
}  // namespace reprieve::admission
