#include "node/journal_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace reprieve::node {
namespace {

namespace fs = std::filesystem;

const Time kNow = *ParseRfc3339("2026-11-22T12:00:00Z");

class JournalFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "journal-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    state_ = name;
  }
  void TearDown() override { fs::remove_all(state_); }

  JournalFile Make(Time now = kNow) {
    Result<JournalFile> made = JournalFile::Make(state_, now);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return std::move(made).value();
  }
  std::string Text() const { return *ReadJournal(JournalsIn(state_).back()); }

  std::string state_;
};

document::Value Line(int number) {
  document::Value out = document::Value::MakeObject();
  out.Set("n", document::Value::Int(number));
  return out;
}

TEST_F(JournalFileTest, LinesStandInTheFileOnceTheyAreFlushed) {
  JournalFile file = Make();
  file.Append(Line(1));
  EXPECT_EQ(Text(), "");
  ASSERT_TRUE(file.Flush().ok());
  file.Append(Line(2));
  ASSERT_TRUE(file.Flush().ok());
  EXPECT_EQ(Text(), "{\"n\":1}\n{\"n\":2}\n");
}

TEST_F(JournalFileTest, ItsRunLivesAsLongAsItIsOpen) {
  {
    const JournalFile file = Make();
    ASSERT_EQ(JournalsIn(state_).size(), 1U);
    EXPECT_TRUE(JournalsIn(state_).front().live);
  }
  EXPECT_FALSE(JournalsIn(state_).front().live);
}

TEST_F(JournalFileTest, AFullPartBecomesThePartBeforeAndTheOneBeforeThatIsGone) {
  JournalFile file = Make();
  file.set_part(10);
  for (int i = 1; i <= 3; ++i) {
    file.Append(Line(i));
    if (file.full()) {
      ASSERT_TRUE(file.Rotate().ok());
    }
    file.Append(Line(i * 10));
    ASSERT_TRUE(file.Flush().ok());
    EXPECT_TRUE(JournalsIn(state_).front().live);
  }
  EXPECT_EQ(Text(), "{\"n\":20}\n{\"n\":3}\n{\"n\":30}\n");
  EXPECT_EQ(JournalsIn(state_).size(), 1U);
}

TEST_F(JournalFileTest, ARunRemovesTheOldestJournalsBeyondTheLimitButNoneOfARunThatLives) {
  const JournalFile living = Make(kNow - Seconds(1000));
  for (std::size_t i = 0; i < kMaxJournals + 3; ++i) Make(kNow + Seconds(static_cast<std::int64_t>(i)));
  const std::vector<JournalEntry> left = JournalsIn(state_);
  EXPECT_EQ(left.size(), kMaxJournals + 1);
  EXPECT_EQ(left.front().path, living.path());
}

TEST_F(JournalFileTest, OtherFilesAreNoJournals) {
  const JournalFile file = Make();
  std::ofstream(state_ + "/journal/notes.jsonl") << "mine\n";
  std::ofstream(state_ + "/journal/20261122T120000Z-12345678.json") << "mine\n";
  EXPECT_EQ(JournalsIn(state_).size(), 1U);
}

TEST_F(JournalFileTest, AFailedWriteIsToldOnce) {
  if (access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full here";
  JournalFile file = Make();
  // The descriptor stays; where it writes to is full from now on.
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  ASSERT_GE(dup2(full, file.descriptor_for_test()), 0);
  close(full);
  file.Append(Line(1));
  EXPECT_FALSE(file.Flush().ok());
  file.Append(Line(2));
  EXPECT_TRUE(file.Flush().ok());
}

}  // namespace
}  // namespace reprieve::node
