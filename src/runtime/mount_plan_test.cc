#include "runtime/mount_plan.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "runtime/testing.h"

namespace reprieve::runtime {
namespace {

const Staging kStaging("/tmp");

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
  ASSERT_TRUE(PlanMounts({{"/etc/group", "//etc/./passwd/"}}, kStaging, steps).ok());
  ASSERT_EQ(steps.size(), 1);
  EXPECT_EQ(steps[0].target, "/etc/passwd");
}

TEST(MountPlan, OuterMountsComeFirst) {
  std::vector<SetupStep> steps;
  ASSERT_TRUE(PlanMounts({{"/usr", "/etc/a/b"}, {"/usr", "/etc"}}, kStaging, steps).ok());
  EXPECT_EQ(TargetsOf(steps, StepKind::kMount), (std::vector<std::string>{"/etc", "/etc/a/b"}));
  // Inside a volume what is missing is made: the user's own directory is meant.
  EXPECT_EQ(TargetsOf(steps, StepKind::kMakeDirectory), (std::vector<std::string>{"/etc/a", "/etc/a/b"}));
}

TEST(MountPlan, AMissingPathCoversTheNearestDirectoryThatExists) {
  std::vector<SetupStep> steps;
  ASSERT_TRUE(PlanMounts({{"/usr", "/no-such/deep/path"}}, kStaging, steps).ok());
  EXPECT_EQ(TargetsOf(steps, StepKind::kEnterRoot), (std::vector<std::string>{"/tmp"}));
  const auto made = TargetsOf(steps, StepKind::kMakeDirectory);
  const std::vector<std::string> last(made.end() - 3, made.end());
  EXPECT_EQ(last, (std::vector<std::string>{"/no-such", "/no-such/deep", "/no-such/deep/path"}));
}

// What the cover of a directory that has long been as it is shows.
std::vector<std::string> Shown(const std::string& directory, const Staging& staging) {
  const timespec long_ago[] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}};
  EXPECT_EQ(utimensat(AT_FDCWD, directory.c_str(), long_ago, 0), 0);
  std::vector<SetupStep> steps;
  EXPECT_TRUE(PlanMounts({{"/usr", directory + "/missing"}}, staging, steps).ok());
  std::vector<std::string> out = TargetsOf(steps, StepKind::kMakeFile);
  std::sort(out.begin(), out.end());
  return out;
}

TEST(MountPlan, ACoverThatIsKeptFollowsItsDirectory) {
  std::string directory = std::filesystem::temp_directory_path() / "reprieve-cover-XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const Staging staging("/staging");
  const std::ofstream first(directory + "/a");
  EXPECT_EQ(Shown(directory, staging), std::vector<std::string>{"/staging/a"});
  struct stat now {};
  ASSERT_EQ(stat(directory.c_str(), &now), 0);
  ASSERT_NE(staging.CoverOf(directory, now), nullptr);
  const std::size_t steps = staging.CoverOf(directory, now)->size();
  std::vector<SetupStep> again;
  ASSERT_TRUE(PlanMounts({{"/usr", directory + "/missing"}}, staging, again).ok());
  EXPECT_EQ(again.size(), steps + 2) << "the cover, and the mount with the directory it stands on";
  const std::ofstream second(directory + "/b");
  EXPECT_EQ(Shown(directory, staging), (std::vector<std::string>{"/staging/a", "/staging/b"}));
  std::filesystem::remove_all(directory);
}

TEST(MountPlan, RefusesWhatIsNoPathBelowTheRoot) {
  std::vector<SetupStep> steps;
  for (const auto* path : {"", "/", "relative", "/a/../b"}) {
    const Status status = PlanMounts({{"/usr", path}}, kStaging, steps);
    ASSERT_FALSE(status.ok()) << path;
    EXPECT_NE(status.error().message.find("is not an absolute path below /"), std::string::npos);
  }
}

}  // namespace
}  // namespace reprieve::runtime
