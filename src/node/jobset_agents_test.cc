#include "node/jobset_agents.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "model/testing.h"
#include "node/unix_socket.h"

namespace reprieve::node {
namespace {

using testing::AContainer;
using testing::ASpec;
using testing::Shared;

jobset::JobSet AJobSet(jobset::RestartStrategy strategy) {
  auto spec = std::make_shared<jobset::JobSetSpec>();
  spec->failure_policy.emplace().restart_strategy = strategy;
  jobset::JobSet out;
  out.metadata.namespace_ = "ns";
  out.metadata.name = "js";
  out.spec = std::move(spec);
  return out;
}

core::Pod APod(core::Container container = AContainer("main")) {
  core::Pod out;
  out.metadata.namespace_ = "ns";
  out.metadata.name = "js-w-0-0-abcde";
  out.metadata.labels.Set(jobset::kJobSetName, "js");
  out.spec = Shared(ASpec(core::RestartPolicy::kNever, {std::move(container)}));
  return out;
}

core::Container WithVariable(std::string name) {
  core::Container out = AContainer("main");
  out.env.emplace_back().name = std::move(name);
  return out;
}

class JobSetAgentsTest : public ::testing::Test {
 protected:
  static std::string MakeDirectory() {
    std::string pattern = "/tmp/jobset-agents-XXXXXX";
    return mkdtemp(pattern.data());
  }
  ~JobSetAgentsTest() override { std::filesystem::remove_all(directory_); }

  bool HasSocket(scheduler::PodNumber number, const core::Pod& pod) {
    const auto socket = agents_.SocketOf(number, pod);
    EXPECT_TRUE(socket.ok());
    return !socket->empty() && ConnectTo(*socket).ok();
  }
  // Neither directory nor thread: they are created together.
  bool NothingWasMade() const { return !std::filesystem::exists(directory_ + "/agents"); }

  const std::string directory_ = MakeDirectory();
  JobSetAgents agents_{directory_ + "/agents", [] {}};
};

TEST_F(JobSetAgentsTest, EveryPodOfAJobSetThatRestartsInPlaceHasASocketWhileItExists) {
  agents_.JobSetChanged(AJobSet(jobset::RestartStrategy::kInPlaceRestart));
  EXPECT_TRUE(HasSocket(1, APod()));
  EXPECT_TRUE(HasSocket(2, APod()));
  const std::string first = *agents_.SocketOf(1, APod());
  EXPECT_NE(first, *agents_.SocketOf(2, APod()));
  agents_.Remove(1);
  EXPECT_FALSE(std::filesystem::exists(first));
}

TEST_F(JobSetAgentsTest, UnderAnotherStrategyOnlyAPodWithAnAgentHasASocket) {
  agents_.JobSetChanged(AJobSet(jobset::RestartStrategy::kRecreate));
  EXPECT_FALSE(HasSocket(1, APod()));
  EXPECT_TRUE(NothingWasMade());
  EXPECT_TRUE(HasSocket(2, APod(WithVariable("JOBSET_NAME"))));
}

TEST_F(JobSetAgentsTest, APodOutsideAJobSetHasNone) {
  EXPECT_FALSE(HasSocket(1, APod(WithVariable("JOBSET_NAME"))));
  core::Pod alone = APod(WithVariable("JOBSET_NAME"));
  alone.metadata.labels.Remove(jobset::kJobSetName);
  agents_.JobSetChanged(AJobSet(jobset::RestartStrategy::kInPlaceRestart));
  EXPECT_FALSE(HasSocket(2, alone));
  EXPECT_TRUE(NothingWasMade());
  EXPECT_TRUE(agents_.TakeReports().empty());
}

TEST_F(JobSetAgentsTest, AJobSetMayGoBeforeItsPods) {
  const jobset::JobSet jobset = AJobSet(jobset::RestartStrategy::kInPlaceRestart);
  agents_.JobSetChanged(jobset);
  EXPECT_TRUE(HasSocket(1, APod()));
  agents_.JobSetDeleted(jobset);
  agents_.JobSetChanged(jobset);
  EXPECT_TRUE(HasSocket(1, APod()));
  agents_.Remove(1);
  agents_.Remove(1);
}

}  // namespace
}  // namespace reprieve::node
