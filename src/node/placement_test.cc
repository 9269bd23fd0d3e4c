#include "node/placement.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "node/testing.h"
#include "node/this_machine.h"

namespace reprieve::node {
namespace {

using testing::AContainer;
using testing::ASidecar;
using testing::ASpec;
using testing::Shared;

constexpr auto kNever = core::RestartPolicy::kNever;
using Quantities = std::map<std::string, std::string>;

core::Container Asking(Quantities requests, core::Container container = AContainer("main")) {
  container.resources.requests = std::move(requests);
  return container;
}

std::shared_ptr<const core::PodSpec> PodAsking(Quantities requests) {
  return Shared(ASpec(kNever, {Asking(std::move(requests))}));
}

std::vector<Node> Nodes(int count, const Resources& each) {
  std::vector<Node> out;
  for (int i = 1; i <= count; ++i) {
    Node& node = out.emplace_back();
    node.name = Cat("n", i);
    node.allocatable = each;
    node.allocatable.try_emplace("pods", 100);
    node.allocatable.try_emplace("memory", std::int64_t{8} << 30);
    for (std::int64_t gpu = 0; gpu < AmountOf(each, kGpu); ++gpu) node.gpus.push_back(static_cast<int>(10 * i + gpu));
    node.labels["kubernetes.io/hostname"] = node.name;
  }
  return out;
}

std::string PlacedOn(Placement& placement) {
  const auto placed = placement.PlaceNext();
  return placed ? Cat(placed->pod, "@", placed->node->name) : "none";
}

TEST(Placement, TheLeastLoadedNodeIsFirst) {
  Placement placement(Nodes(2, {{"cpu", 4000}}));
  for (PodNumber pod = 1; pod <= 4; ++pod) placement.Add(pod, PodAsking({{"cpu", "1"}}));
  EXPECT_EQ(PlacedOn(placement), "1@n1");
  EXPECT_EQ(PlacedOn(placement), "2@n2");
  EXPECT_EQ(PlacedOn(placement), "3@n1");
  EXPECT_EQ(PlacedOn(placement), "4@n2");
  EXPECT_EQ(PlacedOn(placement), "none");
}

TEST(Placement, WhoComesFirstIsPlacedFirstAndOneThatDoesNotFitHoldsUpNobody) {
  Placement placement(Nodes(1, {{"cpu", 2000}}));
  placement.Add(1, PodAsking({{"cpu", "1"}}));
  placement.Add(2, PodAsking({{"cpu", "2"}}));
  placement.Add(3, PodAsking({{"cpu", "1"}}));
  EXPECT_EQ(PlacedOn(placement), "1@n1");
  EXPECT_EQ(PlacedOn(placement), "3@n1");
  EXPECT_EQ(PlacedOn(placement), "none");
  auto refused = placement.TakeRefused();
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].pod, 2U);
  EXPECT_EQ(refused[0].message, "0/1 nodes are available: 1 Insufficient cpu.");
  placement.Remove(1);
  EXPECT_EQ(PlacedOn(placement), "none");
  placement.Remove(3);
  EXPECT_EQ(PlacedOn(placement), "2@n1");
  EXPECT_TRUE(placement.TakeRefused().empty());
}

TEST(Placement, EveryPodOfABlockedLineIsToldOnce) {
  Placement placement(Nodes(1, {{"cpu", 1000}}));
  const auto spec = PodAsking({{"cpu", "1"}});
  for (PodNumber pod = 1; pod <= 4; ++pod) placement.Add(pod, spec);
  EXPECT_EQ(PlacedOn(placement), "1@n1");
  EXPECT_EQ(PlacedOn(placement), "none");
  EXPECT_EQ(placement.TakeRefused().size(), 3U);
  placement.Add(5, spec);
  EXPECT_EQ(PlacedOn(placement), "none");
  EXPECT_EQ(placement.TakeRefused().size(), 1U);
  placement.Remove(2);  // waiting: it goes from the line
  placement.Remove(1);
  EXPECT_EQ(PlacedOn(placement), "3@n1");
}

TEST(Placement, TheMessageCountsNodesByReason) {
  auto nodes = Nodes(4, {{"cpu", 1000}, {"nvidia.com/gpu", 1}});
  nodes[2].taints.push_back({"maintenance", "yes", "NoSchedule"});
  nodes[3].taints.push_back({"old", "", "NoExecute"});
  Placement placement(nodes);
  placement.Add(1, PodAsking({{"nvidia.com/gpu", "2"}, {"cpu", "3"}}));
  EXPECT_EQ(PlacedOn(placement), "none");
  EXPECT_EQ(
      placement.TakeRefused()[0].message,
      "0/4 nodes are available: 1 node(s) had untolerated taint {maintenance: yes}, 1 node(s) had untolerated taint "
      "{old: }, 2 Insufficient cpu, 2 Insufficient nvidia.com/gpu.");
}

TEST(Placement, TolerationsSelectorsAndNodeNamesDecideWhere) {
  auto nodes = Nodes(3, {{"cpu", 4000}});
  nodes[0].taints.push_back({"gpu", "only", "NoSchedule"});
  nodes[1].taints.push_back({"soft", "", "PreferNoSchedule"});
  nodes[2].labels["disk"] = "fast";
  Placement placement(nodes);
  auto spec = ASpec(kNever, {AContainer("main")});
  spec.node_selector = {{"disk", "fast"}};
  placement.Add(1, Shared(spec));
  EXPECT_EQ(PlacedOn(placement), "1@n3");
  spec.node_selector = {{"kubernetes.io/hostname", "n1"}};
  EXPECT_EQ(placement.NeverFits(spec),
            "0/3 nodes are available: 1 node(s) had untolerated taint {gpu: only}, 2 node(s) didn't match Pod's node "
            "affinity/selector.");
  core::Toleration toleration;
  toleration.key = "gpu";
  toleration.value = "only";
  spec.tolerations = {toleration};
  placement.Add(2, Shared(spec));
  EXPECT_EQ(PlacedOn(placement), "2@n1");
  spec = ASpec(kNever, {AContainer("main")});
  spec.node_name = "n2";
  placement.Add(3, Shared(spec));
  EXPECT_EQ(PlacedOn(placement), "3@n2");
}

TEST(Placement, EachGpuIsGivenToOnePodAndComesBack) {
  Placement placement(Nodes(1, {{"cpu", 4000}, {"nvidia.com/gpu", 3}}));
  const auto two = PodAsking({{"nvidia.com/gpu", "2"}});
  const auto one = PodAsking({{"nvidia.com/gpu", "1"}});
  placement.Add(1, two);
  placement.Add(2, one);
  placement.Add(3, two);
  EXPECT_EQ(placement.PlaceNext()->gpus, (std::vector<int>{10, 11}));
  EXPECT_EQ(placement.PlaceNext()->gpus, (std::vector<int>{12}));
  EXPECT_FALSE(placement.PlaceNext());
  placement.Remove(1);
  EXPECT_EQ(placement.PlaceNext()->gpus, (std::vector<int>{10, 11}));
}

TEST(Placement, WhatIsGreaterThanAnyEmptyNodeNeverFits) {
  Placement placement(Nodes(2, {{"cpu", 1000}, {"nvidia.com/gpu", 1}}));
  placement.Add(1, PodAsking({{"cpu", "1"}}));
  placement.PlaceNext();
  EXPECT_FALSE(placement.NeverFits(*PodAsking({{"cpu", "1"}})));
  EXPECT_EQ(placement.NeverFits(*PodAsking({{"nvidia.com/gpu", "2"}})),
            "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.");
}

TEST(Placement, AThousandSpecsAndTenThousandPodsComeAndGo) {
  Placement placement(Nodes(2, {{"cpu", 4000}}));
  std::set<PodNumber> placed;
  for (PodNumber pod = 1; pod <= 10'000; ++pod) {
    placement.Add(pod, PodAsking({{"cpu", Cat(pod % 1300 + 1, "m")}}));
    while (const auto next = placement.PlaceNext()) placed.insert(next->pod);
    if (placed.size() > 3) {
      placement.Remove(*placed.begin());
      placed.erase(placed.begin());
    }
    placement.TakeRefused();
  }
  for (PodNumber pod = 1; pod <= 10'000; ++pod) placement.Remove(pod);
  EXPECT_FALSE(placement.PlaceNext());
  placement.Add(10'001, PodAsking({{"cpu", "4"}}));
  EXPECT_TRUE(placement.PlaceNext());
}

TEST(Resources, SidecarsCountWithTheContainersAndInitContainersByTheirPeak) {
  const auto cpu = [](std::string text) { return Quantities{{"cpu", std::move(text)}}; };
  const auto spec = [&](std::vector<core::Container> inits, std::vector<core::Container> containers) {
    return AmountOf(RequestsOf(ASpec(kNever, std::move(containers), std::move(inits))), kCpu);
  };
  const auto side = [&](std::string text) { return Asking(cpu(std::move(text)), ASidecar("s")); };
  EXPECT_EQ(spec({}, {Asking(cpu("1")), Asking(cpu("500m"))}), 1500);
  EXPECT_EQ(spec({Asking(cpu("4"))}, {Asking(cpu("1"))}), 4000);
  EXPECT_EQ(spec({side("1"), Asking(cpu("4"))}, {Asking(cpu("1"))}), 5000);
  EXPECT_EQ(spec({Asking(cpu("4")), side("1")}, {Asking(cpu("1"))}), 4000);
  EXPECT_EQ(spec({side("1"), side("2")}, {Asking(cpu("1"))}), 4000);
  core::Container limited = AContainer("main");
  limited.resources.limits = {{"memory", "1Gi"}};
  core::PodSpec with_overhead = ASpec(kNever, {limited});
  with_overhead.rest.At("overhead").Set("memory", core::Value::String("1Mi"));
  EXPECT_EQ(AmountOf(RequestsOf(with_overhead), kMemory), (std::int64_t{1} << 30) + (1 << 20));
}

TEST(MakeNodes, DividesTheMachineEvenly) {
  const MachineCapacity machine{{{"cpu", 8000}, {"memory", 1000}, {"pods", 500}, {"nvidia.com/gpu", 3}}, {0, 1, 2}};
  NodeOptions options;
  options.count = 2;
  options.capacity = {{"memory", "2Gi"}};
  const auto nodes = MakeNodes(options, machine);
  ASSERT_TRUE(nodes.ok());
  ASSERT_EQ(nodes->size(), 2U);
  const Node& first = nodes->front();
  EXPECT_EQ(first.name, "n1");
  EXPECT_EQ(first.labels.at("kubernetes.io/hostname"), "n1");
  EXPECT_EQ(AmountOf(first.allocatable, "cpu"), 4000);
  EXPECT_EQ(AmountOf(first.allocatable, "memory"), std::int64_t{2} << 30);
  EXPECT_EQ(AmountOf(first.allocatable, "pods"), 250);
  EXPECT_EQ(first.gpus, (std::vector<int>{0, 2}));
  EXPECT_EQ(AmountOf(nodes->back().allocatable, kGpu), 1);
  options.capacity = {{"cpu", "many"}};
  EXPECT_FALSE(MakeNodes(options, machine).ok());
  options.count = 0;
  EXPECT_FALSE(MakeNodes(options, machine).ok());
}

TEST(DetectMachine, FindsProcessorsAndMemory) {
  const MachineCapacity machine = DetectMachine();
  EXPECT_GT(AmountOf(machine.resources, kCpu), 0);
  EXPECT_GT(AmountOf(machine.resources, kMemory), 1 << 20);
  EXPECT_GE(AmountOf(machine.resources, kPods), 110);
}

}  // namespace
}  // namespace reprieve::node
