#include "runtime/user_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "runtime/fd.h"
#include "runtime/file.h"

namespace reprieve::runtime {
namespace {

namespace fs = std::filesystem;

class UserFile : public testing::Test {
 protected:
  UserFile() {
    std::string pattern = "/tmp/user-file-test-XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~UserFile() override { fs::remove_all(directory_); }
  std::string Path(const std::string& name) const { return Cat(directory_, "/", name); }
  std::size_t Files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory_), fs::directory_iterator()));
  }

  std::string directory_;
};

TEST_F(UserFile, IsMadeAndReplacedAndKeepsItsMode) {
  ASSERT_TRUE(WriteUserFile(Path("file"), "one\n").ok());
  EXPECT_EQ(ReadFile(Path("file")), "one\n");
  chmod(Path("file").c_str(), 0640);
  ASSERT_TRUE(WriteUserFile(Path("file"), "two\n").ok());
  EXPECT_EQ(ReadFile(Path("file")), "two\n");
  struct stat found {};
  ASSERT_EQ(stat(Path("file").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0640U);
  EXPECT_EQ(Files(), 1U);
}

TEST_F(UserFile, ThatIsALinkStaysALink) {
  fs::create_symlink("target", Path("link"));
  ASSERT_TRUE(WriteUserFile(Path("link"), "new\n").ok());
  ASSERT_TRUE(WriteUserFile(Path("link"), "newer\n").ok());
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_EQ(ReadFile(Path("target")), "newer\n");
}

TEST_F(UserFile, ThatIsADeviceStaysADevice) {
  fs::create_symlink("/dev/null", Path("link"));
  ASSERT_TRUE(WriteUserFile(Path("link"), "text\n").ok());
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  // A node of our own, since a mistake would cost the machine its /dev/full.
  if (mknod(Path("full").c_str(), S_IFCHR | 0666, makedev(1, 7)) != 0) GTEST_SKIP() << "may not make a device node";
  const Fd writable(open(Path("full").c_str(), O_WRONLY | O_CLOEXEC));
  if (!writable.ok()) GTEST_SKIP() << "devices cannot be used in " << directory_;
  const Status written = WriteUserFile(Path("full"), "text\n");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().message, "No space left on device");
  EXPECT_TRUE(fs::is_character_file(Path("full")));
}

TEST_F(UserFile, ThatIsAPipeIsWrittenToWhoeverReadsIt) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  const Status unread = WriteUserFile(Path("pipe"), "text\n");
  ASSERT_FALSE(unread.ok());
  EXPECT_EQ(unread.error().message, "nobody reads from that pipe");
  const Fd reader(open(Path("pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(WriteUserFile(Path("pipe"), "text\n").ok());
  char text[16];
  EXPECT_EQ(read(reader.get(), text, sizeof text), 5);
}

TEST_F(UserFile, ThatCannotBeSaysWhy) {
  EXPECT_EQ(WriteUserFile(Path("no/such/folder"), "").error().message, "No such file or directory");
  EXPECT_EQ(WriteUserFile(directory_, "").error().message, "Is a directory");
}

}  // namespace
}  // namespace reprieve::runtime
