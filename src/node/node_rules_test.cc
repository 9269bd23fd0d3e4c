#include "node/node_rules.h"

#include <gtest/gtest.h>

namespace reprieve::node {
namespace {

std::vector<scheduler::Node> Nodes(int count, std::vector<int> gpus = {}) {
  std::vector<scheduler::Node> out(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].name = "n" + std::to_string(i + 1);
    out[i].allocatable = {{"cpu", 4000}};
    if (!gpus.empty()) out[i].allocatable.emplace("nvidia.com/gpu", static_cast<std::int64_t>(gpus.size()));
    out[i].gpus = gpus;
  }
  return out;
}

std::string Refused(const std::string& rule) {
  auto nodes = Nodes(2);
  const Status applied = ApplyResourceRules({rule}, nodes);
  return applied ? "accepted" : applied.error().message;
}

TEST(LabelRules, MatchNodesByPatternAndTheLaterOneWins) {
  auto nodes = Nodes(3);
  ASSERT_TRUE(ApplyLabelRules({"*:rack=a", "n?:zone=z", "n3:rack=b"}, nodes).ok());
  EXPECT_EQ(nodes[0].labels, (std::map<std::string, std::string>{{"rack", "a"}, {"zone", "z"}}));
  EXPECT_EQ(nodes[2].labels.at("rack"), "b");
  EXPECT_FALSE(ApplyLabelRules({"nonsense"}, nodes).ok());
  EXPECT_FALSE(ApplyLabelRules({"n1:=a"}, nodes).ok());
  EXPECT_FALSE(ApplyLabelRules({"n4:rack=a"}, nodes).ok());
}

TEST(ResourceRules, GiveANodeWhatTheMachineHasNot) {
  auto nodes = Nodes(2);
  ASSERT_TRUE(ApplyResourceRules({"n1:nvidia.com/gpu=8", "*:cpu=1500m", "n2:memory=1Gi"}, nodes).ok());
  EXPECT_EQ(scheduler::AmountOf(nodes[0].allocatable, "nvidia.com/gpu"), 8);
  EXPECT_EQ(scheduler::AmountOf(nodes[1].allocatable, "nvidia.com/gpu"), 0);
  EXPECT_EQ(scheduler::AmountOf(nodes[1].allocatable, "cpu"), 1500);
  EXPECT_EQ(scheduler::AmountOf(nodes[1].allocatable, "memory"), std::int64_t{1} << 30);
}

TEST(ResourceRules, KeepTheNumbersOfRealGpusOnlyWhereThereAreEnough) {
  auto nodes = Nodes(3, {0, 1});
  ASSERT_TRUE(ApplyResourceRules({"n1:nvidia.com/gpu=1", "n2:nvidia.com/gpu=8"}, nodes).ok());
  EXPECT_EQ(nodes[0].gpus, (std::vector<int>{0}));
  EXPECT_EQ(nodes[1].gpus, (std::vector<int>{}));
  EXPECT_EQ(nodes[2].gpus, (std::vector<int>{0, 1}));
}

TEST(ResourceRules, SayWhatIsWrong) {
  EXPECT_EQ(Refused("n1"), "--node-resource n1 is not NODE:KEY=VALUE, such as n1:nvidia.com/gpu=8");
  EXPECT_EQ(Refused("n3:cpu=1"), "--node-resource n3:cpu=1: there is no node n3; nodes are n1 to n2");
  EXPECT_EQ(Refused("n1:cpu=x"), "--node-resource n1:cpu=x: x is not a quantity, such as 4 or 500m or 8Gi");
  EXPECT_EQ(Refused("n1:cpu=-1"), "--node-resource n1:cpu=-1: a node can't have a negative amount");
  EXPECT_NE(Refused("n1:nvidia.com/gpu=500m").find("whole number"), std::string::npos);
  EXPECT_TRUE(Refused("n1:gpu=8").ends_with("Did you mean nvidia.com/gpu?"));
  EXPECT_TRUE(Refused("n1:memroy=8Gi").ends_with("Did you mean memory?"));
  EXPECT_EQ(Refused("n1:hugepages-2Mi=8Mi"), "accepted");
}

}  // namespace
}  // namespace reprieve::node
