#include "sim/cluster.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "sim/testing.h"

namespace reprieve::sim {
namespace {

// What has become of a Job of three indexes after these incidents: "PHASE: facts of each verdict; ...".
std::string Outcome(const std::vector<std::string>& incidents, const std::string& spec = "",
                    const std::string& pod = "", std::vector<WorkEntry> work = {}, LostNodeClock clock = {}) {
  const TestObjects objects(IndexedJob(spec, pod));
  CaseOptions options;
  options.nodes = NodesThatFit(objects.Get(), 4, {});
  options.work = WorkModel(std::move(work));
  options.lost_node = clock;
  CaseRun run(objects.Get(), std::move(options));
  for (const std::string& text : incidents) {
    const auto parsed = world::ParseIncident(text);
    run.Schedule(std::get<world::Incident>(parsed));
  }
  run.Play(std::chrono::hours(24));
  const JobHistory& job = run.history().jobs().at("train");
  std::string out = job.status.IsTrue("Complete") ? "completes"
                    : job.status.IsTrue("Failed") ? "fails"
                                                  : "does not end";
  if (job.finished) AppendTo(out, " at ", SinceBeginning(*job.finished, run.history().began()));
  AppendTo(out, ", failed ", job.status.failed);
  for (const world::Verdict& verdict : run.history().verdicts()) AppendTo(out, "; ", verdict.facts);
  for (const HistoryLine& line : run.history().without_effect()) AppendTo(out, "; ", line.text);
  return out;
}

constexpr const char* kIgnoreDisruptions =
    "  podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget, status: \"True\"}]}]}\n";

TEST(Cluster, PodsRunForAMinuteAndSucceed) {
  EXPECT_EQ(Outcome({}), "completes at 1m2s, failed 0");
}

TEST(Cluster, AContainerExits) {
  EXPECT_EQ(Outcome({"pod train-1 exits 42 at 10s"}), "completes at 1m22s, failed 1; exited 42 in container main");
  EXPECT_EQ(Outcome({"container main of pod train-1 is out of memory at 10s"}),
            "completes at 1m22s, failed 1; exited 137 (OOMKilled) in container main");
  EXPECT_EQ(Outcome({"pod train-1 exits 0 at 10s"}), "completes at 1m2s, failed 0");
}

TEST(Cluster, AnEvictedPodIsKilledWhenItsGraceIsOverIfItHasNoHandler) {
  EXPECT_EQ(Outcome({"pod train-1 is evicted at 10s"}, kIgnoreDisruptions),
            "completes at 1m52s, failed 0; has condition DisruptionTarget (EvictionByEvictionAPI)");
}

TEST(Cluster, AHandlerForSigtermDecidesTheExitCode) {
  WorkEntry handles;
  handles.on_term = {Seconds(2), 7};
  EXPECT_EQ(Outcome({"pod train-1 is evicted at 10s"}, kIgnoreDisruptions, "", {handles}),
            "completes at 1m24s, failed 0; has condition DisruptionTarget (EvictionByEvictionAPI)");
}

TEST(Cluster, OfALostNodeThePodsAreDeletedLateAndThenFailedByTheGarbageCollector) {
  // Without a policy a pod that is being deleted is replaced at once, 350 s after the loss.
  EXPECT_EQ(Outcome({"node n1 is lost at 10s"}).substr(0, 18), "completes at 7m3s,");
  // With one, only when it has failed: 30 s later.
  EXPECT_EQ(Outcome({"node n1 is lost at 10s"}, kIgnoreDisruptions).substr(0, 19), "completes at 7m33s,");
}

TEST(Cluster, ANodeThatNobodyRemovesHoldsItsPodForEver) {
  EXPECT_EQ(Outcome({"node n1 is unreachable at 10s"}, kIgnoreDisruptions), "does not end, failed 0");
  LostNodeClock never;
  never.removed.reset();
  EXPECT_EQ(Outcome({"node n1 is lost at 10s"}, kIgnoreDisruptions, "", {}, never), "does not end, failed 0");
}

TEST(Cluster, ANodeThatComesBackTellsWhatHasHappenedMeanwhile) {
  EXPECT_EQ(Outcome({"node n1 is unreachable at 10s", "node n1 is back at 2m"}), "completes at 2m1s, failed 0");
}

TEST(Cluster, AMachineThatIsOffRunsNothingThatIsBoundToIt) {
  // Until the cluster notices, after 50 s, the scheduler still takes the node for one.
  EXPECT_EQ(Outcome({"node n1 is lost at 0s", "node n1 is back at 2m"}), "completes at 3m1s, failed 0");
}

TEST(Cluster, ATolerationSaysHowLongAPodStaysOnANodeThatIsGone) {
  const std::string tolerates =
      "      tolerations: [{key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, "
      "tolerationSeconds: 10}]\n";
  // Its replacement is ready long before, but a Job ends with its last pod, and that one is there until the node goes.
  EXPECT_EQ(Outcome({"node n1 is lost at 10s"}, "", tolerates).substr(0, 19), "completes at 6m31s,");
}

TEST(Cluster, PodsThatGetNowhere) {
  EXPECT_EQ(Outcome({"pod train-1 never starts"}), "does not end, failed 0");
  EXPECT_EQ(Outcome({"pod train-1 stays pending"}), "does not end, failed 0");
  EXPECT_EQ(Outcome({"pod train-1 hangs at 5s"}), "does not end, failed 0");
  EXPECT_EQ(Outcome({"pod train-1 never starts", "pod train-1 is deleted at 1m"}).substr(0, 9), "completes");
}

TEST(Cluster, AKubeletThatDoesNotTakeAPodFailsItWithoutAContainer) {
  const std::string outcome = Outcome({"pod train-1 is refused by its node at 0s"});
  EXPECT_EQ(outcome.substr(0, 29), "completes at 1m12s, failed 1;") << outcome;
}

TEST(Cluster, TheKubeletEvicts) {
  EXPECT_EQ(Outcome({"pod train-1 is evicted under memory pressure at 10s"}, kIgnoreDisruptions),
            "completes at 1m22s, failed 0; has condition DisruptionTarget (TerminationByKubelet)");
  // For what a pod has written, it is its own fault.
  EXPECT_EQ(Outcome({"pod train-1 is evicted over its storage limit at 10s"}, kIgnoreDisruptions).substr(0, 28),
            "completes at 1m22s, failed 1");
}

TEST(Cluster, UsersSuspendResumeScaleAndDelete) {
  EXPECT_EQ(Outcome({"Job train is suspended at 10s"}), "does not end, failed 0");
  EXPECT_EQ(Outcome({"Job train is suspended at 10s", "Job train is resumed at 5m"}), "completes at 6m2s, failed 0");
  EXPECT_EQ(Outcome({"Job train is deleted at 10s"}), "does not end, failed 0");
  EXPECT_EQ(Outcome({"Job nothing is deleted at 10s"}),
            "completes at 1m2s, failed 0; Job nothing is deleted at 10s: no effect: no Job nothing");
}

TEST(Cluster, ANewControllerFindsItsWay) {
  EXPECT_EQ(Outcome({"pod train-1 exits 42 at 10s", "controller restarts at 10s"}).substr(0, 28),
            "completes at 1m22s, failed 1");
}

TEST(Cluster, WhatCanNotHappenHasNoEffect) {
  EXPECT_EQ(Outcome({"pod train-7 exits 1 at 10s"}),
            "completes at 1m2s, failed 0; pod train-7 exits 1 at 10s: no effect: no pod train-7");
  EXPECT_EQ(Outcome({"node n9 is lost at 10s"}),
            "completes at 1m2s, failed 0; node n9 is lost at 10s: no effect: no node n9");
}

TEST(Cluster, ANodeThatComesBackTakesPodsThatWaitForAPlace) {
  const TestObjects objects(IndexedJob());
  CaseOptions options;
  options.nodes = NodesThatFit(objects.Get(), 3, {});
  for (scheduler::Node& node : options.nodes) node.allocatable[std::string(scheduler::kPods)] = 1;
  WorkEntry long_work;
  long_work.runs = std::chrono::hours(2);
  options.work = WorkModel({long_work});
  CaseRun run(objects.Get(), std::move(options));
  for (const char* text : {"node n1 is drained at 10s", "node n1 is back at 30m"}) {
    const auto parsed = world::ParseIncident(text);
    run.Schedule(std::get<world::Incident>(parsed));
  }
  run.Play(std::chrono::hours(3));
  const JobHistory& job = run.history().jobs().at("train");
  // Not only when the others have ended, after two hours, and left it theirs.
  EXPECT_TRUE(job.status.IsTrue("Complete"));
}

TEST(Cluster, SameOptionsSameHistory) {
  const std::vector<std::string> incidents = {"node n2 is drained at 5s", "pod train-0 exits 1 at 20s"};
  EXPECT_EQ(Outcome(incidents), Outcome(incidents));
}

}  // namespace
}  // namespace reprieve::sim
