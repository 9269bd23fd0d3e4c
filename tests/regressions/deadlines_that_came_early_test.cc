// activeDeadlineSeconds: 1 ended a Job after 0.4 to 1 s, and a TTL of 1 s was over as early: both were counted from a
// time that the API has in whole seconds. Found by trying.
#include <gtest/gtest.h>

#include "admission/admission.h"
#include "admission/admission_jobset.h"
#include "base/text.h"
#include "document/json.h"
#include "document/yaml.h"
#include "sim/scripted_kubelet.h"
#include "sim/simulation.h"

namespace reprieve {
namespace {

constexpr Nanoseconds kFraction = std::chrono::milliseconds(600);

// When what happened, since the creation.
class Observed final : public world::Watcher {
 public:
  explicit Observed(sim::Simulation& simulation) : simulation_(simulation), start_(simulation.Now()) {
    simulation_.store().AddWatcher(this);
  }
  ~Observed() override { simulation_.store().RemoveWatcher(this); }

  void JobChanged(const batch::Job& job) override {
    if (job.status.start_time && !started) started = Since();
    if (job.status.IsTrue("FailureTarget") && !failed) failed = Since();
    if (job.status.IsFinished() && !finished) finished = Since();
  }
  void JobDeleted(const batch::Job&) override { gone = Since(); }
  void JobSetChanged(const jobset::JobSet& jobset) override {
    if (jobset.status.IsFinished() && !jobset_finished) jobset_finished = Since();
    if (jobset.metadata.deleting() && !jobset_deleted) jobset_deleted = Since();
  }
  void PodChanged(const core::Pod&) override {}
  void PodDeleted(const core::Pod&) override {}

  std::optional<Nanoseconds> started, failed, finished, gone, jobset_finished, jobset_deleted;

 private:
  Nanoseconds Since() const { return simulation_.Now() - start_; }

  sim::Simulation& simulation_;
  const Time start_;
};

sim::SimulationOptions FractionalTime() {
  sim::SimulationOptions options;
  options.start += kFraction;
  options.engine.batch_period = std::chrono::milliseconds(1);
  return options;
}

sim::PodScript EndsAfter(std::optional<Nanoseconds> ended) {
  sim::PodScript script;
  script.bound = Nanoseconds(0);
  script.running = std::chrono::milliseconds(10);
  script.ended = ended;
  return script;
}

void AddJob(sim::Simulation& simulation, std::string_view fields) {
  const auto manifest = document::ParseJson(
      Cat(R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j"},"spec":{)", fields,
          R"(,"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"main","image":"i"}]}}}})"));
  const meta::Uid uid = simulation.store().NewUid();
  const admission::Answer answer = admission::CreateJob(*manifest, {"ns", "Strict", uid, "", simulation.Now()});
  ASSERT_TRUE(answer.ok()) << answer.message;
  batch::Job job;
  FromValue(answer.object, job);
  simulation.store().AddJob(std::move(job));
}

TEST(ADeadline, IsNeverEarlyThoughStartTimeHasWholeSeconds) {
  sim::Simulation simulation(FractionalTime());
  sim::ScriptedKubelet kubelet(simulation, [](const core::Pod&) { return EndsAfter(std::nullopt); });
  Observed observed(simulation);
  AddJob(simulation, R"("activeDeadlineSeconds":1)");
  simulation.RunUntil(simulation.Now() + Seconds(30));
  ASSERT_TRUE(observed.failed);
  EXPECT_EQ(*observed.failed - *observed.started, Seconds(1));
}

TEST(ADeadline, IsAtMostOneSecondLateIfTheControllerRestarted) {
  sim::Simulation simulation(FractionalTime());
  sim::ScriptedKubelet kubelet(simulation, [](const core::Pod&) { return EndsAfter(std::nullopt); });
  Observed observed(simulation);
  AddJob(simulation, R"("activeDeadlineSeconds":5)");
  simulation.RunUntil(simulation.Now() + Seconds(2));
  simulation.RestartController();
  simulation.RunUntil(simulation.Now() + Seconds(30));
  ASSERT_TRUE(observed.failed);
  EXPECT_GE(*observed.failed - *observed.started, Seconds(5));
  EXPECT_LE(*observed.failed - *observed.started, Seconds(6));
}

TEST(ATtl, IsNeverEarlyThoughTheConditionHasWholeSeconds) {
  sim::Simulation simulation(FractionalTime());
  sim::ScriptedKubelet kubelet(simulation, [](const core::Pod&) { return EndsAfter(std::chrono::milliseconds(200)); });
  Observed observed(simulation);
  AddJob(simulation, R"("ttlSecondsAfterFinished":1)");
  simulation.RunUntil(simulation.Now() + Seconds(30));
  ASSERT_TRUE(observed.finished && observed.gone);
  EXPECT_GE(*observed.gone - *observed.finished, Seconds(1));
  EXPECT_LE(*observed.gone - *observed.finished, Seconds(2));
}

TEST(ATtl, OfAJobSetIsNeverEarlyEither) {
  sim::Simulation simulation(FractionalTime());
  sim::ScriptedKubelet kubelet(simulation, [](const core::Pod&) { return EndsAfter(std::chrono::milliseconds(200)); });
  Observed observed(simulation);
  const auto manifest = document::ParseYaml(R"(
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: js}
spec:
  ttlSecondsAfterFinished: 1
  replicatedJobs:
  - name: w
    template: {spec: {template: {spec: {containers: [{name: c, image: i}]}}}}
)");
  ASSERT_TRUE(manifest.ok());
  const meta::Uid uid = simulation.store().NewUid();
  const admission::Answer answer = admission::CreateJobSet(
      manifest->front(), {{"ns", "", uid, simulation.store().NewNameSuffix(), simulation.Now()}, {}, {}});
  ASSERT_TRUE(answer.ok()) << answer.message;
  jobset::JobSet admitted;
  FromValue(answer.object, admitted);
  simulation.store().AddJobSet(std::move(admitted));
  simulation.RunUntil(simulation.Now() + Seconds(30));
  ASSERT_TRUE(observed.jobset_finished && observed.jobset_deleted);
  EXPECT_GE(*observed.jobset_deleted - *observed.jobset_finished, Seconds(1));
  EXPECT_LE(*observed.jobset_deleted - *observed.jobset_finished, Seconds(2));
}

}  // namespace
}  // namespace reprieve
