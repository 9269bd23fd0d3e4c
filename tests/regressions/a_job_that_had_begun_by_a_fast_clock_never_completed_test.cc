// A Job was begun by a controller whose clock was ahead; its successor wrote a completionTime before the startTime,
// which the API server refuses. What is refused is not sent again before something changes, and nothing did. Found
// while clocks that jump came into property_test.
#include <gtest/gtest.h>

#include "admission/admission.h"
#include "document/json.h"
#include "sim/scripted_kubelet.h"
#include "sim/simulation.h"

namespace reprieve {
namespace {

TEST(AJob, ThatHasBegunByAFastClockCompletes) {
  sim::Simulation simulation(sim::SimulationOptions{});
  sim::PodScript script;
  script.bound = script.running = Nanoseconds(0);
  script.ended = Seconds(1);
  const sim::ScriptedKubelet kubelet(simulation, [&](const core::Pod&) { return script; });
  const auto manifest = document::ParseJson(
      R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j"},"spec":{"template":{"spec":{
          "restartPolicy":"Never","containers":[{"name":"main","image":"i"}]}}}})");
  store::Store& store = simulation.store();
  const admission::Answer answer =
      admission::CreateJob(*manifest, {"ns", "Strict", store.NewUid(), "", simulation.Now()});
  ASSERT_TRUE(answer.ok()) << answer.message;
  batch::Job made;
  FromValue(answer.object, made);
  const batch::Job& job = store.AddJob(std::move(made));
  batch::JobStatus begun = job.status;
  begun.start_time = simulation.Now() + Seconds(3600);
  ASSERT_TRUE(
      store.UpdateJobStatus({"ns", "j"}, job.metadata.uid, job.metadata.resource_version, std::move(begun)).ok());

  EXPECT_TRUE(simulation.RunUntilQuiet(simulation.Now() + Seconds(600)));
  const batch::JobStatus& status = store.FindJob({"ns", "j"})->status;
  EXPECT_TRUE(status.IsTrue("Complete"));
  EXPECT_EQ(status.completion_time, status.start_time);
}

}  // namespace
}  // namespace reprieve
