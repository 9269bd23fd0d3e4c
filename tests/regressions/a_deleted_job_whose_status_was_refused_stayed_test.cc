// A suspended Job whose pods have all succeeded has no startTime, so the server refuses the status that completes it.
// When such a Job was deleted, it stayed for good: what was refused kept its pass from the garbage collector's part.
// Found by property_test (--jobsets --seed 5569, in which its JobSet restarts).
#include <gtest/gtest.h>

#include "admission/admission.h"
#include "document/json.h"
#include "sim/simulation.h"

namespace reprieve {
namespace {

TEST(AJob, WhoseStatusIsRefusedGoesWhenItIsDeleted) {
  sim::Simulation simulation(sim::SimulationOptions{});
  const auto manifest = document::ParseJson(
      R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j"},"spec":{"suspend":true,"template":{"spec":{
          "restartPolicy":"Never","containers":[{"name":"main","image":"i"}]}}}})");
  store::Store& store = simulation.store();
  const admission::Answer answer =
      admission::CreateJob(*manifest, {"ns", "Strict", store.NewUid(), "", simulation.Now()});
  ASSERT_TRUE(answer.ok()) << answer.message;
  batch::Job made;
  FromValue(answer.object, made);
  made.status.succeeded = 1;
  const batch::Job& job = store.AddJob(std::move(made));
  const meta::Uid uid = job.metadata.uid;
  EXPECT_TRUE(simulation.RunUntilQuiet(simulation.Now() + Seconds(60)));
  ASSERT_FALSE(store.FindJob({"ns", "j"})->status.IsFinished());

  store.Submit(world::DeleteJob{{"ns", "j"}, uid, world::Propagation::kForeground}, [](const world::WriteResult&) {});
  EXPECT_TRUE(simulation.RunUntilQuiet(simulation.Now() + Seconds(60)));
  EXPECT_EQ(store.FindJob({"ns", "j"}), nullptr);
}

}  // namespace
}  // namespace reprieve
