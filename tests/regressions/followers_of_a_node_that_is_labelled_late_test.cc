// Followers whose leader was on a node without the topology label were refused, and not retried when the node got it,
// as no pod and no Job had changed. Found by reading the engine's retries.
#include <gtest/gtest.h>

#include "admission/admission_jobset.h"
#include "base/text.h"
#include "document/yaml.h"
#include "sim/scripted_kubelet.h"
#include "sim/simulation.h"

namespace reprieve {
namespace {

constexpr std::string_view kManifest = R"(
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: js, annotations: {alpha.jobset.sigs.k8s.io/exclusive-topology: rack}}
spec:
  replicatedJobs:
  - name: w
    template: {spec: {completions: 3, parallelism: 3, template: {spec: {containers: [{name: c, image: i}]}}}}
)";

void AddJobSet(sim::Simulation& simulation) {
  const auto manifest = document::ParseYaml(kManifest);
  ASSERT_TRUE(manifest.ok());
  const meta::Uid uid = simulation.store().NewUid();
  const admission::Answer answer = admission::CreateJobSet(
      manifest->front(), {{"ns", "", uid, simulation.store().NewNameSuffix(), simulation.Now()}, {}, {}});
  ASSERT_TRUE(answer.ok()) << answer.message;
  jobset::JobSet admitted;
  FromValue(answer.object, admitted);
  simulation.store().AddJobSet(std::move(admitted));
}

TEST(FollowersOfANodeThatIsLabelledLate, AreCreatedThen) {
  sim::Simulation simulation({});
  simulation.store().SetNode("n0", {{"zone", "z"}});
  sim::ScriptedKubelet kubelet(simulation, [](const core::Pod&) {
    sim::PodScript script;
    script.bound = Seconds(1);
    script.running = Seconds(2);
    return script;
  });
  AddJobSet(simulation);
  simulation.RunUntil(simulation.Now() + Seconds(60));
  EXPECT_EQ(simulation.store().Pods().size(), 1U);
  simulation.store().SetNode("n0", {{"zone", "z"}, {"rack", "r"}});
  simulation.RunUntil(simulation.Now() + Seconds(60));
  EXPECT_EQ(simulation.store().Pods().size(), 3U);
}

}  // namespace
}  // namespace reprieve
