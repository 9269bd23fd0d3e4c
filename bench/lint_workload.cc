// lint: 10,000 manifests by the binary as a user starts it.
#include <fstream>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "processes.h"
#include "workloads.h"

namespace reprieve::bench {
namespace {

constexpr int kManifests = 10'000;
constexpr double kSeconds = 5;

// One of a folder: a Job with three rules and a script, or, each fourth, a JobSet of two replicated jobs.
std::string Manifest(int number) {
  const std::string pod =
      "restartPolicy: Never, containers: [{name: main, image: train, command: [bash, -c, 'set -euo pipefail; python3 "
      "train.py | tee log']}]";
  const std::string rules =
      "podFailurePolicy: {rules: [{action: FailJob, onPodConditions: [{type: DisruptionTarget}]}, {action: Count, "
      "onExitCodes: {containerName: main, operator: In, values: [1, 137]}}, {action: FailJob, onExitCodes: "
      "{containerName: main, operator: NotIn, values: [143]}}]}";
  const std::string spec =
      Cat("{backoffLimit: 0, activeDeadlineSeconds: 86400, ", rules, ", template: {spec: {", pod, "}}}");
  if (number % 4 != 0) {
    return Cat("apiVersion: batch/v1\nkind: Job\nmetadata: {name: job-", number, "}\nspec: ", spec, "\n");
  }
  return Cat("apiVersion: jobset.x-k8s.io/v1alpha2\nkind: JobSet\nmetadata: {name: set-", number,
             "}\nspec:\n  failurePolicy: {maxRestarts: 3, rules: [{action: RestartJobSetAndIgnoreMaxRestarts, "
             "onJobFailureReasons: [PodFailurePolicy]}]}\n  replicatedJobs:\n  - {name: leader, template: {spec: ",
             spec, "}}\n  - {name: workers, replicas: 4, template: {spec: ", spec, "}}\n");
}

}  // namespace

std::vector<Figure> LintManifests(const std::string& self) {
  const Scratch scratch;
  for (int i = 0; i < kManifests; ++i) std::ofstream(scratch / Cat(i, ".yaml")) << Manifest(i);
  const double begin = ChildrenTime();
  const int code = Shell(Cat(ReprieveBeside(self), " lint --fail-on never ", scratch / "", " > /dev/null"));
  REPRIEVE_CHECK(code == 0, "lint looks at all manifests");
  return {AtMost("lint/10000", ChildrenTime() - begin, "s of processor time", "the target", kSeconds, 1)};
}

}  // namespace reprieve::bench
