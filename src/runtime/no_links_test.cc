#include "runtime/no_links.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "runtime/file.h"

namespace reprieve::runtime {
namespace {

namespace fs = std::filesystem;

class WithoutLinks : public testing::Test {
 protected:
  WithoutLinks() {
    std::string pattern = "/tmp/no-links-test-XXXXXX";
    directory_ = fs::canonical(mkdtemp(pattern.data()));
    fs::create_directories(Path("elsewhere"));
    fs::create_symlink(Path("elsewhere"), Path("planted"));
    fs::create_symlink(Path("elsewhere/file"), Path("planted-file"));
  }
  ~WithoutLinks() override { fs::remove_all(directory_); }
  std::string Path(const std::string& name) const { return Cat(directory_, "/", name); }

  std::string directory_;
};

TEST_F(WithoutLinks, AnOrdinaryPathIsOpenedAndMade) {
  EXPECT_EQ(MakeDirectories(Path("a/b/c")), 0);
  EXPECT_EQ(MakeDirectories(Path("a/b/c")), 0);
  EXPECT_TRUE(OpenWithoutLinks(Path("a/b/c/file"), O_WRONLY | O_CREAT, 0600).ok());
  EXPECT_EQ(WriteNewFile(Path("d/e/file"), "text", 0440), 0);
  EXPECT_EQ(ReadFile(Path("d/e/file")), "text");
  EXPECT_EQ(WriteNewFile(Path("d/e/file"), "text", 0440), EEXIST);
}

TEST_F(WithoutLinks, ALinkOnTheWayOrAtTheEndLeadsNowhere) {
  EXPECT_EQ(MakeDirectories(Path("planted/sub")), ELOOP);
  EXPECT_EQ(MakeDirectories(Path("planted")), ELOOP);
  EXPECT_FALSE(OpenWithoutLinks(Path("planted/file"), O_WRONLY | O_CREAT, 0600).ok());
  EXPECT_EQ(errno, ELOOP);
  EXPECT_FALSE(OpenWithoutLinks(Path("planted-file"), O_WRONLY | O_CREAT, 0600).ok());
  EXPECT_EQ(errno, ELOOP);
  EXPECT_EQ(WriteNewFile(Path("planted/file"), "text", 0600), ELOOP);
  EXPECT_EQ(WriteNewFile(Path("planted-file"), "text", 0600), EEXIST);
  EXPECT_TRUE(fs::is_empty(Path("elsewhere")));
}

TEST_F(WithoutLinks, OnesOwnLinksAreResolvedOthersAreNot) {
  EXPECT_EQ(ResolveTrustedLinks(Path("planted/new/folder")), Path("elsewhere/new/folder"));
  EXPECT_EQ(ResolveTrustedLinks(Path("planted/../new")), Path("new"));
  EXPECT_EQ(ResolveTrustedLinks("/"), "/");
  if (geteuid() != 0 || lchown(Path("planted").c_str(), 65534, 65534) != 0)
    GTEST_SKIP() << "needs root, to give a link away";
  EXPECT_EQ(ResolveTrustedLinks(Path("planted/new")), "");
  EXPECT_EQ(errno, ELOOP);
}

}  // namespace
}  // namespace reprieve::runtime
