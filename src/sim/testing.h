// For tests of simulated worlds: admitted Jobs and JobSets from YAML.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "admission/admission.h"
#include "admission/admission_jobset.h"
#include "admission/manifest.h"
#include "base/text.h"
#include "sim/case_run.h"

namespace reprieve::sim {

class TestObjects {
 public:
  // Documents of kind Job and JobSet.
  explicit TestObjects(std::string yaml) {
    const admission::Manifests manifests = admission::ParseManifests("test.yaml", std::move(yaml));
    int number = 0;
    for (const admission::ManifestObject& each : manifests.objects) {
      const std::string uid = Cat("00000000-0000-4000-8000-00000000000", ++number);
      admission::Request request;
      request.uid = uid;
      request.now = SimulationOptions().start;
      const bool job = each.value["kind"].AsText() == "Job";
      const admission::Answer answer =
          job ? admission::CreateJob(each.value, request) : admission::CreateJobSet(each.value, {request, {}, {}});
      if (!answer.ok()) throw std::runtime_error(answer.message);
      if (job) {
        FromValue(answer.object, jobs_.emplace_back());
      } else {
        FromValue(answer.object, jobsets_.emplace_back());
      }
    }
  }

  CaseObjects Get() const {
    CaseObjects out;
    for (const batch::Job& job : jobs_) out.jobs.push_back(&job);
    for (const jobset::JobSet& jobset : jobsets_) out.jobsets.push_back(&jobset);
    return out;
  }

 private:
  std::vector<batch::Job> jobs_;
  std::vector<jobset::JobSet> jobsets_;
};

// A Job of three indexes with further lines of spec and of its pods' spec.
inline std::string IndexedJob(const std::string& spec = "", const std::string& pod = "") {
  return Cat("apiVersion: batch/v1\nkind: Job\nmetadata: {name: train}\nspec:\n  completions: 3\n  parallelism: 3\n",
             "  completionMode: Indexed\n", spec,
             "  template:\n    spec:\n      restartPolicy: Never\n      containers: [{name: main, image: x}]\n", pod);
}

}  // namespace reprieve::sim
