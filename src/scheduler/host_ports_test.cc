#include "scheduler/host_ports.h"

#include <gtest/gtest.h>

#include "document/yaml.h"
#include "model/bind.h"
#include "scheduler/placement.h"

namespace reprieve::scheduler {
namespace {

core::PodSpec Spec(const std::string& yaml) {
  core::PodSpec out;
  model::FromValue(document::ParseYaml(yaml).value().front(), out);
  return out;
}

TEST(HostPorts, AreThoseAskedForAndAllOfAHostNetwork) {
  const auto ports =
      HostPortsOf(Spec("{containers: [{name: a, ports: [{containerPort: 1}, {containerPort: 2, hostPort: 3, "
                       "protocol: UDP, hostIP: 10.0.0.1}]}]}"));
  EXPECT_EQ(ports, (std::vector<HostPort>{{"10.0.0.1", "UDP", 3}}));
  EXPECT_EQ(HostPortsOf(Spec("{hostNetwork: true, containers: [{name: a, ports: [{containerPort: 1}]}]}")),
            (std::vector<HostPort>{{"0.0.0.0", "TCP", 1}}));
}

TEST(HostPorts, ConflictWhereTheyCouldMeet) {
  const HostPort all{"0.0.0.0", "TCP", 80};
  const HostPort one{"10.0.0.1", "TCP", 80};
  EXPECT_TRUE(Conflict(all, all));
  EXPECT_TRUE(Conflict(all, one));
  EXPECT_FALSE(Conflict(one, {"10.0.0.2", "TCP", 80}));
  EXPECT_FALSE(Conflict(all, {"0.0.0.0", "UDP", 80}));
  EXPECT_FALSE(Conflict(all, {"0.0.0.0", "TCP", 81}));
}

TEST(HostPorts, KeepPodsFromSharingANode) {
  Node node;
  node.name = "n1";
  node.allocatable = {{std::string(kCpu), 8000}, {std::string(kMemory), 1 << 30}, {std::string(kPods), 9}};
  Placement placement({node});
  core::Pod pod;
  pod.spec =
      std::make_shared<core::PodSpec>(Spec("{containers: [{name: a, ports: [{containerPort: 80, hostPort: 80}]}]}"));
  const core::Pod other = pod;
  placement.Add(1, pod);
  placement.Add(2, other);
  EXPECT_EQ(placement.PlaceNext()->pod, 1U);
  EXPECT_FALSE(placement.PlaceNext().has_value());
  const auto refused = placement.TakeRefused();
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused.front().message,
            "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.");
  placement.Remove(1);
  EXPECT_EQ(placement.PlaceNext()->pod, 2U);
}

}  // namespace
}  // namespace reprieve::scheduler
