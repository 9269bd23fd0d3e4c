#include "document/locate.h"

#include <gtest/gtest.h>

#include "document/yaml.h"

namespace reprieve::document {
namespace {

std::uint32_t LineOf(std::string_view path) {
  static const auto documents = ParseYaml(R"(
spec:
  clusterIP: 10.0.0.1
  resources:
    requests:
      storage: 1Gi
  loadBalancerSourceRanges: [10.0.0.0/8]
  template:
    metadata:
      labels:
        app: a
  ports:
  - port: 80
  - port: 81
)");
  return Locate((*documents)[0], path).line;
}

TEST(Locate, AFieldIsWhereItIsWritten) {
  EXPECT_EQ(LineOf("spec.ports[1].port"), 14U);
  EXPECT_EQ(LineOf("spec.resources.requests[storage]"), 6U);
}

TEST(Locate, WhatIsNotWrittenIsAtItsNearestAncestor) {
  EXPECT_EQ(LineOf("spec.ports[1].targetPort"), 14U);
  EXPECT_EQ(LineOf("spec.ports[2].port"), 12U);
}

TEST(Locate, TheServersOwnNamesAreLookedForAsUsersWriteThem) {
  EXPECT_EQ(LineOf("spec.template.labels[app]"), 11U);
  EXPECT_EQ(LineOf("spec.resources[storage]"), 6U);
  EXPECT_EQ(LineOf("spec.clusterIPs[0]"), 3U);
  EXPECT_EQ(LineOf("spec.LoadBalancerSourceRanges[0]"), 7U);
}

}  // namespace
}  // namespace reprieve::document
