#include "agent/agent.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <thread>
#include <vector>

#include "base/text.h"

namespace reprieve::agent {
namespace {

policy::InPlaceNews News(std::optional<std::int32_t> current, std::optional<std::int32_t> previous = {}) {
  return {.in_place = true, .disabled = false, .current = current, .previous = previous};
}

// Delivers one item of news per call of Go; the last, if asked, only once a file exists.
class ScriptedLink final : public JobSetLink {
 public:
  explicit ScriptedLink(std::deque<policy::InPlaceNews> script) : script_(std::move(script)) {}
  void HoldLastUntil(std::string file) { file_ = std::move(file); }

  pollfd poll_request() const override { return {-1, 0, 0}; }
  std::optional<Clock::time_point> due() const override {
    if (script_.empty()) return std::nullopt;
    return Clock::now() + std::chrono::milliseconds(file_.empty() ? 0 : 2);
  }
  std::optional<policy::InPlaceNews> Go(Clock::time_point) override {
    if (script_.empty()) return std::nullopt;
    if (script_.size() == 1 && !file_.empty() && access(file_.c_str(), F_OK) != 0) return std::nullopt;
    const auto next = script_.front();
    script_.pop_front();
    return next;
  }
  void Report(std::int32_t attempt) override { reported.push_back(attempt); }

  std::vector<std::int32_t> reported;

 private:
  std::deque<policy::InPlaceNews> script_;
  std::string file_;
};

// Runs each agent in its own process, as it handles that process's signals.
int RunApart(const Options& options, ScriptedLink link, const std::function<void(pid_t)>& meanwhile = {}) {
  const pid_t child = fork();
  if (child == 0) _exit(Run(options, link, [](const std::string&) {}));
  if (meanwhile) meanwhile(child);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

class AgentTest : public ::testing::Test {
 protected:
  AgentTest() {
    std::string pattern = "/tmp/agent-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    setenv("SHELL", "/bin/sh", 1);
  }
  ~AgentTest() override { std::filesystem::remove_all(directory_); }

  Options With(const std::string& command) const {
    Options out;
    out.jobset = "js";
    out.pod = "p";
    out.worker_command = "cd " + directory_ + "; " + command;
    out.exit_code = 88;
    return out;
  }
  std::string File(const std::string& name) const { return directory_ + "/" + name; }
  bool Comes(const std::string& name) const {
    for (int i = 0; i < 5000; ++i) {
      if (access(File(name).c_str(), F_OK) == 0) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return false;
  }

  std::string directory_;
};

TEST_F(AgentTest, ItExitsAsItsWorkerDoes) {
  EXPECT_EQ(RunApart(With("exit 7"), ScriptedLink({News({}), News(0)})), 7);
  EXPECT_EQ(RunApart(With("true"), ScriptedLink({News({}), News(0)})), 0);
  EXPECT_EQ(RunApart(With("kill -9 $$"), ScriptedLink({News({}), News(0)})), 137);
}

TEST_F(AgentTest, AShellThatIsNotThereIsAFailure) {
  setenv("SHELL", "/no/shell", 1);
  EXPECT_EQ(RunApart(With("true"), ScriptedLink({News({}), News(0)})), 1);
  setenv("SHELL", "", 1);  // bash
  EXPECT_EQ(RunApart(With("[[ -n $BASH_VERSION ]] && exit 9"), ScriptedLink({News({}), News(0)})), 9);
}

TEST_F(AgentTest, AnAttemptThatIsOverEndsTheWorkerAndItsChildren) {
  ScriptedLink link({News({}), News(0), News(0, 0)});
  link.HoldLastUntil(File("begun"));
  // A worker that ignores SIGTERM, with a child that holds a file lock while it lives.
  const auto options = With("trap '' TERM; (flock 9; touch begun; sleep 1000) 9> lock");
  EXPECT_EQ(RunApart(options, link), 88);
  EXPECT_EQ(std::system(("flock -w 5 " + File("lock") + " true").c_str()), 0);
}

TEST_F(AgentTest, BehindTheBarrierNothingRuns) {
  EXPECT_EQ(RunApart(With("touch ran"), ScriptedLink({News(0), News(0, 1)})), 88);
  EXPECT_NE(access(File("ran").c_str(), F_OK), 0);
}

TEST_F(AgentTest, ASignalBehindTheBarrierEndsItAtOnce) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const auto send = [signal](pid_t agent) { kill(agent, signal); };
    // A signal that comes before the agent handles signals ends it too.
    const int code = RunApart(With("true"), ScriptedLink({News({})}), send);
    EXPECT_TRUE(code == 128 + signal || code == 1000 + signal) << code;
  }
}

TEST_F(AgentTest, ASignalIsPassedOnAndTheAgentWaitsForTheWorker) {
  const auto send = [this](pid_t agent) {
    EXPECT_TRUE(Comes("begun"));
    kill(agent, SIGTERM);
  };
  const auto options = With("trap 'touch saved; exit 3' TERM; touch begun; while :; do sleep 0.01; done");
  EXPECT_EQ(RunApart(options, ScriptedLink({News({}), News(0)}), send), 143);
  EXPECT_EQ(access(File("saved").c_str(), F_OK), 0);
}

TEST_F(AgentTest, WhereNothingRestartsInPlaceTheWorkerBeginsAtOnce) {
  EXPECT_EQ(RunApart(With("exit 4"), ScriptedLink({policy::InPlaceNews{}})), 4);
}

}  // namespace
}  // namespace reprieve::agent
