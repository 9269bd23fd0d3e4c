#include "runtime/mount_plan.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/testing.h"

namespace reprieve::runtime {
namespace {

std::vector<std::string> TargetsOf(const std::vector<SetupStep>& steps, StepKind kind) {
  std::vector<std::string> out;
  for (const SetupStep& step : steps) {
    if (step.kind == kind) out.push_back(step.target);
  }
  return out;
}

TEST(MountPlan, AMountWhosePathExistsIsOneStep) {
  std::vector<SetupStep> steps;
  // Files that every machine has; a bare one has no /etc/hosts.
  ASSERT_TRUE(PlanMounts({{"/etc/group", "//etc/./passwd/"}}, "/tmp", steps).ok());
  ASSERT_EQ(steps.size(), 1);
  EXPECT_EQ(steps[0].target, "/etc/passwd");
}

TEST(MountPlan, OuterMountsComeFirst) {
  std::vector<SetupStep> steps;
  ASSERT_TRUE(PlanMounts({{"/usr", "/etc/a/b"}, {"/usr", "/etc"}}, "/tmp", steps).ok());
  EXPECT_EQ(TargetsOf(steps, StepKind::kMount), (std::vector<std::string>{"/etc", "/etc/a/b"}));
  // Inside a volume what is missing is made: the user's own directory is meant.
  EXPECT_EQ(TargetsOf(steps, StepKind::kMakeDirectory), (std::vector<std::string>{"/etc/a", "/etc/a/b"}));
}

TEST(MountPlan, AMissingPathCoversTheNearestDirectoryThatExists) {
  std::vector<SetupStep> steps;
  ASSERT_TRUE(PlanMounts({{"/usr", "/no-such/deep/path"}}, "/tmp", steps).ok());
  EXPECT_EQ(TargetsOf(steps, StepKind::kEnterRoot), (std::vector<std::string>{"/tmp"}));
  const auto made = TargetsOf(steps, StepKind::kMakeDirectory);
  const std::vector<std::string> last(made.end() - 3, made.end());
  EXPECT_EQ(last, (std::vector<std::string>{"/no-such", "/no-such/deep", "/no-such/deep/path"}));
}

TEST(MountPlan, RefusesWhatIsNoPathBelowTheRoot) {
  std::vector<SetupStep> steps;
  for (const auto* path : {"", "/", "relative", "/a/../b"}) {
    const Status status = PlanMounts({{"/usr", path}}, "/tmp", steps);
    ASSERT_FALSE(status.ok()) << path;
    EXPECT_NE(status.error().message.find("is not an absolute path below /"), std::string::npos);
  }
}

}  // namespace
}  // namespace reprieve::runtime
