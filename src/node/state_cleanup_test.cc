#include "node/state_cleanup.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "runtime/cgroup.h"

namespace reprieve::node {
namespace {

namespace fs = std::filesystem;

class StateCleanup : public testing::Test {
 protected:
  StateCleanup() {
    std::string pattern = fs::temp_directory_path() / "reprieve-clean-XXXXXX";
    state_ = mkdtemp(pattern.data());
  }
  ~StateCleanup() override { fs::remove_all(state_); }

  // A file with its folders, all of them so old.
  fs::path Write(const std::string& path, std::chrono::hours age = std::chrono::hours(0)) {
    const fs::path file = state_ / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "text";
    const auto then = fs::file_time_type::clock::now() - age;
    for (fs::path at = file; at != state_; at = at.parent_path()) fs::last_write_time(at, then);
    return file;
  }

  Cleanup Clean(Nanoseconds older_than, bool dry_run = false) {
    return CleanStateFolder({state_, std::chrono::system_clock::now(), older_than, dry_run});
  }

  fs::path state_;
};

// The folder of an engine that was here and is no more.
std::string DeadEngine() {
  const std::string name = runtime::EngineName();
  return name.substr(0, name.rfind('-')) + "-1-XXXX";
}

using std::chrono::hours;

TEST_F(StateCleanup, RemovesLogFoldersByTheirNewestFile) {
  const auto old = Write("logs/default_a/main/0.log", hours(50));
  Write("logs/default_b/main/0.log", hours(50));
  const auto rotated = Write("logs/default_b/main/0.log.1", hours(1));
  const Cleanup done = Clean(hours(48));
  ASSERT_EQ(done.folders.size(), 1U);
  EXPECT_EQ(done.folders[0].path, (state_ / "logs/default_a").string());
  EXPECT_GE(done.folders[0].age, hours(50));
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(fs::exists(rotated));
  EXPECT_EQ(done.younger, 1U);
}

TEST_F(StateCleanup, OfADeadEngineRemovesTheVolumesOfALivingOneNothing) {
  const auto dead = Write(Cat("volumes/", DeadEngine(), "/pods/x"), hours(50));
  const auto living = Write(Cat("volumes/", runtime::EngineName(), "-XXXX/pods/x"), hours(50));
  const Cleanup done = Clean(hours(48));
  EXPECT_EQ(done.folders.size(), 1U);
  EXPECT_EQ(done.living_runs, 1U);
  EXPECT_FALSE(fs::exists(dead));
  EXPECT_TRUE(fs::exists(living));
}

TEST_F(StateCleanup, KeepsLogsWrittenSinceTheFirstLivingRunBegan) {
  Write(Cat("volumes/", runtime::EngineName(), "-XXXX/pods/x"));
  const auto of_the_run = Write("logs/default_a/main/0.log");
  const auto earlier = Write("logs/default_b/main/0.log", hours(1));
  Clean(Nanoseconds(0));
  EXPECT_TRUE(fs::exists(of_the_run));
  EXPECT_FALSE(fs::exists(earlier));
}

TEST_F(StateCleanup, ADryRunNamesTheSameAndRemovesNothing) {
  const auto old = Write("logs/default_a/main/0.log", hours(50));
  const Cleanup would = Clean(hours(48), true);
  EXPECT_EQ(would.folders.size(), 1U);
  EXPECT_TRUE(fs::exists(old));
}

TEST_F(StateCleanup, LeavesAndNamesWhatItDoesNotKnow) {
  const std::vector<fs::path> kept = {
      Write("logs/photos/main/0.log", hours(50)),   Write("logs/default_a/main/notes.txt", hours(50)),
      Write("logs/default_b/0.log", hours(50)),     Write("volumes/mine/file", hours(50)),
      Write("claims/default/data/file", hours(50)), Write("outside/main/0.log", hours(50))};
  fs::create_directory_symlink(state_ / "outside", state_ / "logs/default_link");
  fs::create_directories(state_ / "logs/default_c");
  fs::create_directory_symlink(state_ / "outside/main", state_ / "logs/default_c/main");
  const Cleanup done = Clean(Nanoseconds(0));
  EXPECT_TRUE(done.folders.empty());
  EXPECT_EQ(done.left_out.size(), 6U);
  for (const fs::path& path : kept) EXPECT_TRUE(fs::exists(path)) << path;
}

TEST_F(StateCleanup, LogsThatAreALinkAreNotFollowed) {
  const auto elsewhere = Write("elsewhere/default_a/main/0.log", hours(50));
  fs::create_directory_symlink(state_ / "elsewhere", state_ / "logs");
  EXPECT_TRUE(Clean(hours(1)).folders.empty());
  EXPECT_TRUE(fs::exists(elsewhere));
}

}  // namespace
}  // namespace reprieve::node
