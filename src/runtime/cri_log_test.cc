#include "runtime/cri_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "runtime/cri_file.h"
#include "runtime/testing.h"

namespace reprieve::runtime {
namespace {

namespace fs = std::filesystem;

const Time kNow = *ParseRfc3339("2026-11-21T16:15:14.186258283Z");
constexpr const char* kStamp = "2026-11-21T16:15:14.186258283Z";

class CriLogTest : public testing::Test {
 protected:
  CriLogTest() {
    std::string pattern = "/tmp/cri-log-test-XXXXXX";
    directory_ = fs::canonical(mkdtemp(pattern.data()));
  }
  ~CriLogTest() override { fs::remove_all(directory_); }

  std::string Path() const { return directory_ + "/pod/main/0.log"; }
  CriFile File(const std::string& path, CriLogLimits limits = {}) {
    return {path, limits, [this](const std::string& notice) { notices_.push_back(notice); }};
  }
  // A log whose lines are in the file as soon as they are said.
  CriLog Log(CriLogLimits limits = {}) {
    file_ = std::make_unique<CriFile>(File(Path(), limits));
    return {[this](std::string&& lines, std::int64_t count) { file_->Append(lines, count); }, nullptr};
  }

  std::string directory_;
  std::vector<std::string> notices_;
  std::unique_ptr<CriFile> file_;
};

TEST_F(CriLogTest, ALineCarriesTimeStreamAndTag) {
  CriLog log = Log();
  log.Append(Stream::kStdout, "out\n", kNow);
  log.Append(Stream::kStderr, "err\n\n", kNow);
  log.Finish(kNow);
  EXPECT_EQ(ReadAll(Path()), Cat(kStamp, " stdout F out\n", kStamp, " stderr F err\n", kStamp, " stderr F \n"));
}

TEST_F(CriLogTest, ALineThatComesInPiecesIsOneLine) {
  CriLog log = Log();
  log.Append(Stream::kStdout, "one ", kNow);
  log.Append(Stream::kStderr, "other\n", kNow);
  log.Append(Stream::kStdout, "line\nnext", kNow);
  log.Append(Stream::kStdout, "\n", kNow);
  EXPECT_EQ(ReadAll(Path()),
            Cat(kStamp, " stderr F other\n", kStamp, " stdout F one line\n", kStamp, " stdout F next\n"));
}

TEST_F(CriLogTest, ALastLineWithoutNewlineIsPartial) {
  CriLog log = Log();
  log.Append(Stream::kStdout, "end", kNow);
  log.Finish(kNow);
  EXPECT_EQ(ReadAll(Path()), Cat(kStamp, " stdout P end\n"));
}

TEST_F(CriLogTest, ALineOver16384BytesIsCut) {
  CriLog log = Log();
  log.Append(Stream::kStdout, std::string(40000, 'x') + "\n" + std::string(16384, 'y') + "\n", kNow);
  const std::string full(16384, 'x');
  EXPECT_EQ(ReadAll(Path()),
            Cat(kStamp, " stdout P ", full, "\n", kStamp, " stdout P ", full, "\n", kStamp, " stdout F ",
                std::string(7232, 'x'), "\n", kStamp, " stdout F ", std::string(16384, 'y'), "\n"));
}

TEST_F(CriLogTest, AContainerThatSaysNothingHasNoFile) {
  CriLog log = Log();
  log.Finish(kNow);
  EXPECT_FALSE(fs::exists(Path()));
}

TEST_F(CriLogTest, AFullFileIsRotatedAndTheOldestGoes) {
  CriLog log = Log({.file_bytes = 100, .files = 3});
  for (const char c : {'a', 'b', 'c', 'd'}) log.Append(Stream::kStdout, std::string(80, c) + "\n", kNow);
  log.Append(Stream::kStdout, "now\n", kNow);
  EXPECT_NE(ReadAll(Path()).find("now"), std::string::npos);
  EXPECT_NE(ReadAll(Path() + ".1").find("dddd"), std::string::npos);
  EXPECT_NE(ReadAll(Path() + ".2").find("cccc"), std::string::npos);
  EXPECT_FALSE(fs::exists(Path() + ".3"));
  file_->Finish();
  EXPECT_EQ(notices_, (std::vector<std::string>{Cat(
                          "log ", Path(), ": its first 2 lines were deleted by rotation; the last 3 are in it and in ",
                          Path(), ".1 to .2")}));
}

TEST_F(CriLogTest, AFullDiskLosesLinesAndSaysSoOnce) {
  fs::create_directories(fs::path(Path()).parent_path());
  CriFile file = File(directory_ + "/pod/main/0.log/impossible");
  std::ofstream(Path()) << "in the way";
  file.Append("1\n2\n", 2);
  file.Append("3\n", 1);
  EXPECT_EQ(file.lost_lines(), 3);
  EXPECT_EQ(notices_.size(), 1);
  CriFile full = File("/dev/full", {.file_bytes = 1});
  full.Append("1\n", 1);
  full.Append("2\n", 1);
  full.Finish();
  EXPECT_EQ(full.lost_lines(), 2);
  ASSERT_EQ(notices_.size(), 3);
  EXPECT_EQ(notices_[1],
            "log /dev/full: No space left on device; "
            "lines are lost until it can be written again, the container runs on");
  EXPECT_EQ(notices_[2], "log /dev/full: 2 lines were lost in all; the rest is there");
}

TEST_F(CriLogTest, OnlyARegularFileIsRotated) {
  ASSERT_EQ(mkfifo((directory_ + "/pipe").c_str(), 0600), 0);
  const Fd reader(open((directory_ + "/pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  CriFile file = File(directory_ + "/pipe", {.file_bytes = 1, .files = 3});
  file.Append("1\n", 1);
  file.Append("2\n", 1);
  EXPECT_TRUE(fs::is_fifo(directory_ + "/pipe"));
  char text[8];
  EXPECT_EQ(read(reader.get(), text, sizeof text), 4);
}

TEST_F(CriLogTest, ALinkThatSomebodyHasPutThereLeadsNowhere) {
  fs::create_directories(directory_ + "/elsewhere");
  fs::create_symlink(directory_ + "/elsewhere", directory_ + "/pod");
  CriFile file = File(Path());
  file.Append("1\n", 1);
  EXPECT_EQ(file.lost_lines(), 1);
  EXPECT_TRUE(fs::is_empty(directory_ + "/elsewhere"));
  ASSERT_EQ(notices_.size(), 1);
  EXPECT_NE(notices_[0].find("a symbolic link is on its way"), std::string::npos) << notices_[0];
}

TEST_F(CriLogTest, TheTapSeesEachLine) {
  std::vector<std::string> seen;
  CriLog log(nullptr, [&](Stream, std::string_view line) { seen.emplace_back(line); });
  log.Append(Stream::kStdout, "one\ntw", kNow);
  log.Append(Stream::kStdout, "o\nthree", kNow);
  log.Finish(kNow);
  EXPECT_EQ(seen, (std::vector<std::string>{"one", "two", "three"}));
}

}  // namespace
}  // namespace reprieve::runtime
