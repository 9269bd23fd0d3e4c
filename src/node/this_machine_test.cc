#include "node/this_machine.h"

#include <gtest/gtest.h>

namespace reprieve::node {
namespace {

TEST(MakeNodes, DividesTheMachineEvenly) {
  const MachineCapacity machine{{{"cpu", 8000}, {"memory", 1000}, {"pods", 500}, {"nvidia.com/gpu", 3}}, {0, 1, 2}};
  NodeOptions options;
  options.count = 2;
  options.capacity = {{"memory", "2Gi"}};
  const auto nodes = MakeNodes(options, machine);
  ASSERT_TRUE(nodes.ok());
  ASSERT_EQ(nodes->size(), 2U);
  const scheduler::Node& first = nodes->front();
  EXPECT_EQ(first.name, "n1");
  EXPECT_EQ(first.labels.at("kubernetes.io/hostname"), "n1");
  EXPECT_EQ(scheduler::AmountOf(first.allocatable, "cpu"), 4000);
  EXPECT_EQ(scheduler::AmountOf(first.allocatable, "memory"), std::int64_t{2} << 30);
  EXPECT_EQ(scheduler::AmountOf(first.allocatable, "pods"), 250);
  EXPECT_EQ(first.gpus, (std::vector<int>{0, 2}));
  EXPECT_EQ(scheduler::AmountOf(nodes->back().allocatable, scheduler::kGpu), 1);
  options.capacity = {{"cpu", "many"}};
  EXPECT_FALSE(MakeNodes(options, machine).ok());
  options.count = 0;
  EXPECT_FALSE(MakeNodes(options, machine).ok());
}

TEST(DetectMachine, FindsProcessorsAndMemory) {
  const MachineCapacity machine = DetectMachine();
  EXPECT_GT(scheduler::AmountOf(machine.resources, scheduler::kCpu), 0);
  EXPECT_GT(scheduler::AmountOf(machine.resources, scheduler::kMemory), 1 << 20);
  EXPECT_GE(scheduler::AmountOf(machine.resources, scheduler::kPods), 110);
}

}  // namespace
}  // namespace reprieve::node
