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
            R"({"containers":[{"name":"a","image":"i","env":[{"name":"X","value":"1"}]},{"name":"c"},{"name":"b"}]})");
}

// One letter an item.
std::string Order(std::string_view live, std::string_view patch, std::string_view set_order = "") {
  const auto list = [](std::string_view names) {
    Value out = Value::MakeArray();
    for (const char name : names) out.Append(Value::MakeObject()).Set("name", Value::String({name}));
    return out;
  };
  Value target = Value::MakeObject();
  target.Set("containers", list(live));
  Value change = Value::MakeObject();
  change.Set("containers", list(patch));
  if (!set_order.empty()) change.Set("$setElementOrder/containers", list(set_order));
  const auto result = StrategicMergePatch(target, change, model::GetMessage("core/v1.PodSpec"));
  if (const auto* error = std::get_if<PatchError>(&result)) return error->message;
  std::string out;
  for (const Value& item : std::get<Value>(result)["containers"].items()) out += item["name"].AsText();
  return out;
}

// All as kube-apiserver 1.36 and 1.37 answer.
TEST(StrategicMergePatch, PutsNewItemsBeforeThoseThatOnlyTheServerHas) {
  EXPECT_EQ(Order("ABC", "DBE"), "DABEC");
  EXPECT_EQ(Order("ABC", "CXA"), "BCXA");
  EXPECT_EQ(Order("ABC", "XC"), "XABC");
  EXPECT_EQ(Order("ABC", "CX"), "ABCX");
  EXPECT_EQ(Order("ABC", "BA"), "BAC");
  EXPECT_EQ(Order("ABCD", "XDYBZ"), "XACDYBZ");
  EXPECT_EQ(Order("AB", "ZZ"), "ZAB");
  EXPECT_EQ(Order("ABA", "AZ"), "AAZB");
}

TEST(StrategicMergePatch, FollowsTheOrderThatIsAskedFor) {
  EXPECT_EQ(Order("ABC", "X", "CXA"), "BCXA");
  EXPECT_EQ(Order("ABCD", "", "DA"), "BCDA");
  EXPECT_EQ(Order("AB", "", "BAB"), "BA");
  EXPECT_EQ(
      Order("ABC", "X", "CA"),
      "The order in patch list:\n[map[name:X]]\n doesn't match $setElementOrder list:\n[map[name:C] map[name:A]]\n");
}

TEST(StrategicMergePatch, ReplacesAnAtomicListDirectivesAndAll) {
  EXPECT_EQ(Strategic(R"({"tolerations":[{"key":"a"},{"key":"b"}]})",
                      R"({"tolerations":[{"$patch":"delete","key":"c"},{"key":"d"}]})"),
            R"({"tolerations":[{"$patch":"delete","key":"c"},{"key":"d"}]})");
  EXPECT_EQ(Strategic("{}", R"({"tolerations":[{"$patch":"delete","key":"c"},{"key":"d","value":null}]})"),
            R"({"tolerations":[{"key":"d"}]})");
}

TEST(StrategicMergePatch, RefusesDirectivesThatAreMalformed) {
  EXPECT_EQ(
      Strategic(R"({"volumes":[{"name":"v"}]})", R"({"volumes":[{"name":"v","$retainKeys":["name"],"secret":{}}]})"),
      "invalid patch format of retainKeys");
  EXPECT_EQ(Strategic(R"({"containers":[{"name":"a"}]})", R"({"containers":[{"name":"a","$patch":"merge"}]})"),
            "merging lists cannot yet be specified in the patch");
  EXPECT_EQ(Strategic(R"({"containers":[{"name":"a"}]})", R"({"containers":["x"]})"),
            "list element types are not identical: [[map[name:a]] [x]]");
  EXPECT_EQ(Strategic("{}", R"({"$patch":"merge"})"), "unknown patch type: merge in map: map[$patch:merge]");
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

TEST(StrategicMergePatch, RefusesAnUnknownDirective) {
  EXPECT_EQ(Strategic("{}", R"({"$patch":"bogus"})"), "unknown patch type: bogus in map: map[$patch:bogus]");
}

}  // namespace
}  // namespace reprieve::admission
