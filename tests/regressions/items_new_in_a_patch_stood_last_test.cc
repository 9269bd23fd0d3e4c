// A pod that had ConfigIssue and was patched with Ready and DisruptionTarget showed ConfigIssue first: items that are
// new in a strategic merge patch stand before those that only the server has. The pod failure policy names the first
// condition that fits, so the order is seen in the Job's message.
#include <gtest/gtest.h>

#include "admission/patch.h"
#include "document/json.h"

namespace reprieve {
namespace {

TEST(StrategicMergePatch, ConditionsNewInThePatchStandFirst) {
  const auto patched = admission::StrategicMergePatch(
      *document::ParseJson(R"({"status":{"conditions":[{"type":"ConfigIssue"}]}})"),
      *document::ParseJson(R"({"status":{"conditions":[{"type":"Ready"},{"type":"DisruptionTarget"}]}})"),
      model::PodMessage());
  ASSERT_TRUE(std::holds_alternative<document::Value>(patched));
  EXPECT_EQ(document::WriteJson(std::get<document::Value>(patched)),
            R"({"status":{"conditions":[{"type":"Ready"},{"type":"DisruptionTarget"},{"type":"ConfigIssue"}]}})");
}

}  // namespace
}  // namespace reprieve
