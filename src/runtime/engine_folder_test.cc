#include "runtime/engine_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "runtime/cgroup.h"

namespace reprieve::runtime {
namespace {

namespace fs = std::filesystem;

class EngineFolders : public testing::Test {
 protected:
  EngineFolders() {
    std::string pattern = "/tmp/engine-folder-test-XXXXXX";
    directory_ = fs::canonical(mkdtemp(pattern.data()));
  }
  ~EngineFolders() override { fs::remove_all(directory_); }

  // An engine that is killed before it can remove anything.
  void LeaveOne() const {
    const pid_t child = fork();
    if (child == 0) {
      auto folder = EngineFolder::Make(directory_);
      std::ofstream(folder->path() + "/file") << "left";
      _exit(folder.ok() ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  // Gives a folder and its lock the name that an engine on another host would have given it.
  std::string RenamedToAnotherHost(const std::string& path) const {
    std::string name = fs::path(path).filename();
    // Its PID namespace is the initial one, too; that process is not on this host.
    name = Cat("reprieve-4026531836-999999-1-0badcafe-", name.substr(name.rfind('-') + 1));
    fs::rename(path, Cat(directory_, "/", name));
    fs::rename(path + ".lock", Cat(directory_, "/", name, ".lock"));
    return Cat(directory_, "/", name);
  }

  std::string directory_;
};

TEST_F(EngineFolders, OfALiveEngineAreNotTaken) {
  auto folder = EngineFolder::Make(directory_);
  ASSERT_TRUE(folder.ok());
  EXPECT_TRUE(fs::is_directory(folder->path()));
  EXPECT_TRUE(EngineFolder::TakeAbandoned(directory_).empty());
  EXPECT_TRUE(folder->Remove());
  EXPECT_TRUE(fs::is_empty(directory_));
}

// Two hosts with one state folder: to tell by process number, an engine of the other host is always dead.
TEST_F(EngineFolders, OfALiveEngineOnAnotherHostAreNotTaken) {
  auto folder = EngineFolder::Make(directory_);
  ASSERT_TRUE(folder.ok());
  const std::string there = RenamedToAnotherHost(folder->path());
  EXPECT_TRUE(EngineFolder::TakeAbandoned(directory_).empty());
  EXPECT_TRUE(fs::is_directory(there));
}

TEST_F(EngineFolders, OfAnEngineThatWasKilledAreTakenOnceAndRemoved) {
  LeaveOne();
  {
    const auto taken = EngineFolder::TakeAbandoned(directory_);
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_TRUE(EngineFolder::TakeAbandoned(directory_).empty());
    EXPECT_TRUE(fs::exists(taken.front().path() + "/file"));
  }
  EXPECT_TRUE(fs::is_empty(directory_));
}

TEST_F(EngineFolders, WithoutALockBelongToNobodyWeKnow) {
  fs::create_directories(directory_ + "/reprieve-1-2-3-0badcafe-00000000");
  fs::create_symlink(directory_, directory_ + "/reprieve-1-2-3-0badcafe-00000001.lock");
  std::ofstream(directory_ + "/notes.lock") << "somebody's";
  EXPECT_TRUE(EngineFolder::TakeAbandoned(directory_).empty());
}

}  // namespace
}  // namespace reprieve::runtime
