// The four outcomes of outcomes.yaml on the simulated world: the conditions that real processes can't be made to have.
#include <gtest/gtest.h>

#include "admission/admission.h"
#include "admission/manifest.h"
#include "sim/scripted_kubelet.h"
#include "sim/simulation.h"

namespace reprieve {
namespace {

// Every pod fails so, but the last one of `times` succeeds.
struct Outcome {
  std::function<void(const core::Pod&, core::PodStatus&)> fail;
  int times = 1000;
};

class Outcomes : public testing::Test {
 protected:
  const batch::Job& Run(Outcome outcome) {
    kubelet_.emplace(simulation_, [this, outcome](const core::Pod&) {
      sim::PodScript script;
      script.bound = Nanoseconds(0);
      script.running = Seconds(1);
      script.ended = Seconds(2);
      const bool fails = created_++ < outcome.times;
      script.end = [this, outcome, fails](const core::Pod& pod, core::PodStatus& status) {
        sim::EndContainers(pod, fails ? 1 : 0, simulation_.Now(), status);
        if (fails) outcome.fail(pod, status);
      };
      return script;
    });
    const admission::Manifests manifests = admission::ReadManifests(REPRIEVE_OUTCOMES);
    const meta::Uid uid = simulation_.store().NewUid();
    const admission::Answer answer =
        admission::CreateJob(manifests.objects.at(0).value, {"default", "Strict", uid, "", simulation_.Now()});
    EXPECT_TRUE(answer.ok()) << answer.message;
    batch::Job job;
    FromValue(answer.object, job);
    const batch::Job& stored = simulation_.store().AddJob(std::move(job));
    EXPECT_TRUE(simulation_.RunUntilQuiet(simulation_.Now() + std::chrono::hours(24)));
    return stored;
  }

  static void AddCondition(core::PodStatus& status, std::string_view type) {
    core::PodCondition condition;
    condition.type = type;
    condition.status = "True";
    status.SetCondition(std::move(condition));
  }

  static std::string ReasonOf(const batch::Job& job) {
    const batch::JobCondition* failed = job.status.FindCondition("Failed");
    return failed != nullptr ? failed->reason : job.status.IsTrue("Complete") ? "Complete" : "unfinished";
  }

  sim::Simulation simulation_{{}};
  std::optional<sim::ScriptedKubelet> kubelet_;
  int created_ = 0;
};

TEST_F(Outcomes, ADisruptionIsIgnoredHoweverOftenItHappens) {
  const batch::Job& job =
      Run({[](const core::Pod&, core::PodStatus& status) { AddCondition(status, "DisruptionTarget"); }, 9});
  EXPECT_EQ(ReasonOf(job), "Complete");
  EXPECT_EQ(job.status.failed, 0);
  EXPECT_EQ(created_, 10);
}

TEST_F(Outcomes, ABrokenConfigurationEndsTheJobAtOnce) {
  const batch::Job& job = Run({[](const core::Pod&, core::PodStatus& status) { AddCondition(status, "ConfigIssue"); }});
  EXPECT_EQ(ReasonOf(job), "PodFailurePolicy");
  EXPECT_EQ(created_, 1);
}

TEST_F(Outcomes, ExitCode42EndsTheJobAtOnce) {
  const batch::Job& job = Run({[this](const core::Pod& pod, core::PodStatus& status) {
    sim::EndContainers(pod, 42, simulation_.Now(), status);
    status.container_statuses.Edit()[0].state.terminated->exit_code = 42;
  }});
  EXPECT_EQ(ReasonOf(job), "PodFailurePolicy");
  EXPECT_EQ(created_, 1);
}

TEST_F(Outcomes, AnyOtherFailureIsRetriedThreeTimes) {
  const batch::Job& job = Run({[](const core::Pod&, core::PodStatus&) {}});
  EXPECT_EQ(ReasonOf(job), "BackoffLimitExceeded");
  EXPECT_EQ(created_, 4);
}

}  // namespace
}  // namespace reprieve
