#include "cli/placement_advice.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "document/yaml.h"
#include "model/bind.h"

namespace reprieve::cli {
namespace {

// "path: reason", one a line.
std::string Advice(const std::string& pod, const std::vector<scheduler::Node>& nodes) {
  core::PodSpec spec;
  model::FromValue(document::ParseYaml(pod).value().front(), spec);
  std::vector<std::string> out;
  for (const auto& finding : WhyNoPlace(spec, nodes)) out.push_back(Cat(finding.path, ": ", finding.reason));
  return Join(out, "\n");
}

std::vector<scheduler::Node> Nodes(std::size_t count) {
  std::vector<scheduler::Node> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    out[i].name = Cat("n", i + 1);
    out[i].labels = {{"disk", "hdd"}};
    out[i].allocatable = {{"cpu", 2000}, {"memory", std::int64_t{4} << 30}, {"pods", 10}};
  }
  return out;
}

TEST(PlacementAdvice, APodThatFitsGetsNone) {
  EXPECT_EQ(Advice("{containers: [{name: a, resources: {requests: {cpu: 2}}}], nodeSelector: {disk: hdd}}", Nodes(1)),
            "");
}

TEST(PlacementAdvice, AGpuThatIsNotThereIsToldAtItsLine) {
  EXPECT_EQ(
      Advice("{containers: [{name: a}, {name: b, resources: {limits: {nvidia.com/gpu: 8}}}]}", Nodes(1)),
      "containers[1].resources.limits[nvidia.com/gpu]: no node can take its pods: 8 nvidia.com/gpu wanted, the node "
      "has 0; ask for less, or rehearse it with --node-resource 'n1:nvidia.com/gpu=8'");
}

TEST(PlacementAdvice, FewerNodesHaveMoreEach) {
  EXPECT_EQ(
      Advice("{containers: [{name: a, resources: {requests: {cpu: 2500m}}}]}", Nodes(2)),
      "containers[0].resources.requests[cpu]: no node can take its pods: 2500m cpu wanted, the greatest of 2 nodes "
      "has 2; ask for less, or for fewer --nodes, which have more each");
}

TEST(PlacementAdvice, ContainersAreAddedUp) {
  EXPECT_EQ(
      Advice("{containers: [{name: a, resources: {requests: {memory: 3Gi}}}, "
             "{name: b, resources: {requests: {memory: 3500Mi}}}]}",
             Nodes(1)),
      "containers[1].resources.requests[memory]: no node can take its pods: 6572Mi memory wanted, all its "
      "containers together, the node has 4Gi; ask for less, or rehearse it with --node-resource 'n1:memory=6572Mi'");
}

TEST(PlacementAdvice, ALabelThatNoNodeHasIsTold) {
  EXPECT_EQ(
      Advice("{containers: [{name: a}], nodeSelector: {disk: ssd, zone: a}}", Nodes(1)),
      "nodeSelector[disk]: no node has the label disk=ssd, only hdd; give it to one with --node-label "
      "'n1:disk=ssd', or remove it from the nodeSelector\n"
      "nodeSelector[zone]: no node has the label zone=a; give it to one with --node-label 'n1:zone=a', or remove it "
      "from the nodeSelector");
}

TEST(PlacementAdvice, WhatNoFieldAloneIsToBlameForIsToldInTheSchedulersWords) {
  std::vector<scheduler::Node> nodes = Nodes(2);
  nodes[0].labels["disk"] = "ssd";
  nodes[0].allocatable["cpu"] = 1000;
  EXPECT_EQ(Advice("{containers: [{name: a, resources: {requests: {cpu: 2}}}], nodeSelector: {disk: ssd}}", nodes),
            ": its pods could never be placed, even with nothing else running: 0/2 nodes are available: 1 Insufficient "
            "cpu, 1 node(s) didn't match Pod's node affinity/selector.");
}

TEST(PlacementAdvice, ANodeThatIsNotThereIsTold) {
  EXPECT_EQ(Advice("{containers: [{name: a}], nodeName: n7}", Nodes(2)),
            "nodeName: there is no node n7; nodes are n1 to n2");
}

}  // namespace
}  // namespace reprieve::cli
