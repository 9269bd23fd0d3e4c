#include "kube/pod_body.h"

#include <gtest/gtest.h>

#include "document/json.h"

namespace reprieve::kube {
namespace {

using document::ParseJson;
using document::Value;

core::Pod PodOf(std::string_view text) {
  core::Pod pod;
  core::FromValue(*ParseJson(text), pod);
  return pod;
}

// What the API server gets means the same as the whole pod without its status.
void ExpectSame(PodBodies& bodies, const core::Pod& pod) {
  Value expected = core::ToValue(pod);
  expected.Remove("status");
  const Result<Value> body = ParseJson(bodies.Of(pod));
  ASSERT_TRUE(body.ok()) << bodies.Of(pod);
  EXPECT_EQ(*body, expected);
}

TEST(PodBodies, PodsOfOneSpecDifferInWhatIsTheirOwn) {
  PodBodies bodies;
  core::Pod first = PodOf(R"({"metadata":{"name":"a","labels":{"k":"\"v\""}},
      "spec":{"restartPolicy":"Never","containers":[{"name":"main","image":"trainer"}]}})");
  core::Pod second = first;
  second.metadata.name = "b";
  second.hostname = SharedString("b-0");
  second.node_name = SharedString("n1");
  ExpectSame(bodies, first);
  ExpectSame(bodies, second);
  ExpectSame(bodies, first);
}

TEST(PodBodies, TheHostNameOfASpecHoldsWhereThePodHasNone) {
  PodBodies bodies;
  core::Pod first = PodOf(R"({"metadata":{"name":"a"},"spec":{"hostname":"all","containers":[]}})");
  core::Pod second = first;
  second.hostname = SharedString("own");
  ExpectSame(bodies, first);
  ExpectSame(bodies, second);
}

TEST(PodBodies, AnotherSpecIsWrittenAgain) {
  PodBodies bodies;
  ExpectSame(bodies, PodOf(R"({"metadata":{"name":"a"},"spec":{"containers":[{"name":"main"}]}})"));
  ExpectSame(bodies, PodOf(R"({"metadata":{"name":"a"},"spec":{"containers":[{"name":"other"}]}})"));
  core::Pod empty;
  empty.spec = std::make_shared<const core::PodSpec>();
  ExpectSame(bodies, empty);
}

}  // namespace
}  // namespace reprieve::kube
