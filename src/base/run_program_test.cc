#include "base/run_program.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <thread>

namespace reprieve {
namespace {

using How = ProgramEnd::How;

TEST(RunProgram, GivesInputAndTakesOutput) {
  const ProgramEnd end = RunProgram({.argv = {"cat"}, .input = "one\ntwo"});
  EXPECT_TRUE(end.succeeded());
  EXPECT_EQ(end.printed, "one\ntwo");
}

TEST(RunProgram, AProgramNeedNotReadItsInput) {
  EXPECT_TRUE(RunProgram({.argv = {"true"}, .input = std::string(1 << 20, 'x')}).succeeded());
}

TEST(RunProgram, EnvironmentReplacesOurs) {
  const ProgramEnd end = RunProgram({.argv = {"env"}, .environment = {{"A=1"}}});
  EXPECT_EQ(end.printed, "A=1\n");
}

TEST(RunProgram, SaysHowItEnded) {
  const ProgramEnd failed = RunProgram({.argv = {"sh", "-c", "echo secret; exit 3"}});
  EXPECT_EQ(failed.how, How::kExited);
  EXPECT_EQ(failed.Describe(Seconds(1)), "failed with exit code 3");
  const ProgramEnd killed = RunProgram({.argv = {"sh", "-c", "kill -9 $$"}});
  EXPECT_EQ(killed.how, How::kSignalled);
  EXPECT_EQ(killed.number, SIGKILL);
  const ProgramEnd missing = RunProgram({.argv = {"/no/such/program"}});
  EXPECT_EQ(missing.Describe(Seconds(1)), "cannot be run: No such file or directory");
}

TEST(RunProgram, TooSlowAndTooMuchAreKilled) {
  const ProgramEnd slow = RunProgram({.argv = {"sleep", "1000"}, .timeout = std::chrono::milliseconds(20)});
  EXPECT_EQ(slow.how, How::kTooMuch);
  const ProgramEnd much = RunProgram({.argv = {"yes"}, .max_output = 10'000});
  EXPECT_EQ(much.how, How::kTooMuch);
}

TEST(RunProgram, IsKilledOnceNobodyWaitsForIt) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::thread caller([&] {
    const ProgramEnd end = RunProgram({.argv = {"sleep", "1000"}, .timeout = Seconds(1000), .unwanted = ends[0]});
    EXPECT_EQ(end.how, How::kUnwanted);
  });
  close(ends[1]);
  caller.join();
  close(ends[0]);
}

}  // namespace
}  // namespace reprieve
