#include "runtime/log_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>
#include <thread>

#include "runtime/testing.h"

namespace reprieve::runtime {
namespace {

using std::chrono::milliseconds;
namespace fs = std::filesystem;

// A pipe that nobody reads stands for a disk that takes nothing: opening it waits.
class SlowDisk : public testing::Test {
 protected:
  SlowDisk() {
    std::string pattern = "/tmp/log-writer-test-XXXXXX";
    directory_ = fs::canonical(mkdtemp(pattern.data()));
    EXPECT_EQ(mkfifo(Disk().c_str(), 0600), 0);
  }
  ~SlowDisk() override { fs::remove_all(directory_); }
  std::string Path(const std::string& name) const { return Cat(directory_, "/", name); }
  std::string Disk() const { return Path("disk"); }
  LogWriterEvents Events() {
    return {.drained = [this](ContainerId id) { Note("drained ", id); },
            .closed = [this](ContainerId id) { Note("closed ", id); },
            .notice = [this](const std::string& text) { Say(text); }};
  }
  bool Heard(const std::string& what) {
    return Eventually([&] {
      const std::lock_guard lock(mutex_);
      return heard_.find(what) != std::string::npos;
    });
  }
  std::string heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }

  std::string directory_;

 private:
  void Note(const char* what, ContainerId id) { Say(Cat(what, static_cast<std::uint64_t>(id))); }
  void Say(const std::string& text) {
    const std::lock_guard lock(mutex_);
    heard_ += text + "\n";
  }

  std::mutex mutex_;
  std::string heard_;
};

constexpr ContainerId kOne{1};

TEST_F(SlowDisk, AnOrdinaryLogIsCompleteWhenItIsClosed) {
  LogWriter writer({}, Events());
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(writer.Write(kOne, Path("log"), "line\n", 1));
  writer.Close(kOne, Path("log"), "", 0);
  ASSERT_TRUE(Heard("closed 1"));
  EXPECT_EQ(ReadAll(Path("log")).size(), 5000U);
}

TEST_F(SlowDisk, HoldsUpTheContainerAndLosesNothing) {
  LogWriter writer({.file_bytes = 100}, Events());
  std::string all;
  for (int i = 0; writer.Write(kOne, Disk(), Cat("line ", i, "\n"), 1); ++i) ASSERT_LT(i, 1000);
  EXPECT_EQ(heard(), "");
  const Fd reader(open(Disk().c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(Heard("drained 1"));
  EXPECT_TRUE(writer.Write(kOne, Disk(), "more\n", 1));
}

TEST_F(SlowDisk, ThatTakesNothingForLongLosesLinesAndSaysHowMany) {
  LogWriter writer({.file_bytes = 10, .patience = milliseconds(0)}, Events());
  EXPECT_FALSE(writer.Write(kOne, Disk(), "0123456789\n", 1));
  // Until the thread has taken the first, and waits for a reader with it.
  int lost = 0;
  ASSERT_TRUE(Eventually([&] {
    const bool full = !writer.Write(kOne, Disk(), "0123456789\n", 1);
    lost += full ? 0 : 1;
    return full;
  }));
  EXPECT_TRUE(writer.Write(kOne, Disk(), "lost\nlost\n", 2));
  EXPECT_TRUE(writer.Write(kOne, Disk(), "lost\n", 1));
  writer.Close(kOne, Disk(), "", 0);
  const Fd reader(open(Disk().c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(Heard("closed 1"));
  EXPECT_TRUE(Heard(Cat("disk: ", lost + 3, " lines were lost in all; the rest is there"))) << heard();
}

TEST_F(SlowDisk, IsNotWaitedForAtTheEnd) {
  {
    LogWriter writer({.patience = milliseconds(50)}, Events());
    writer.Write(kOne, Disk(), "line\n", 1);
    writer.Write(kOne, Disk(), "line\n", 1);
  }
  EXPECT_TRUE(Heard("disk: the disk takes no more; its last"));
  // Lets the thread go.
  const Fd reader(open(Disk().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

TEST_F(SlowDisk, DelaysNoKill) {
  TestRuntime runtime({}, {}, {.log = {.limits = {}, .patience = milliseconds(300)}});
  ContainerSpec spec = Shell("echo said; sleep 1000");
  spec.log_path = Disk();
  const ContainerId slow = runtime.Begin(spec);
  runtime.AwaitLine("said");
  const ContainerId other = runtime.Begin(Argv({"sleep", "1000"}));
  runtime->StopContainer(other, milliseconds(0));
  EXPECT_EQ(runtime.ExitOf(other).exit_code, 137);
  runtime->StopContainer(slow, milliseconds(0));
  EXPECT_EQ(runtime.ExitOf(slow).exit_code, 137) << "its exit does not wait for its log forever";
  const Fd reader(open(Disk().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_EQ(runtime.End(), "");
}

}  // namespace
}  // namespace reprieve::runtime
