#include "cli/simulate_init.h"

#include <algorithm>

#include "base/text.h"
#include "document/json.h"
#include "model/job_pods.h"

namespace reprieve::cli {
std::string FirstScenario(const std::vector<std::string>& paths, const Loaded& loaded) {
  std::int64_t pods = 0;
  std::vector<std::string> names;
  for (const LoadedJob& job : loaded.jobs) {
    pods += batch::PodsAtOnce(*job.job.spec);
    names.push_back(job.job.metadata.name.str());
  }
  for (const LoadedJobSet& jobset : loaded.jobsets) {
    pods += jobset::PodsAtOnce(*jobset.jobset.spec);
    names.push_back(jobset.jobset.metadata.name.str());
  }
  std::string out =
      "# Written by `reprieve simulate --init`: a machine for each pod, and failures as published. The numbers that\n"
      "# matter are yours to set: prices, rates (--fit reads them from a failure log), durations. docs/SIMULATE.md "
      "has\n"
      "# all fields.\n"
      "apiVersion: reprieve.dev/v1alpha1\nkind: Scenario\nmanifests:\n";
  for (const std::string& path : paths) AppendTo(out, "- ", document::WriteJson(document::Value::String(path)), "\n");
  AppendTo(
      out, "cluster:\n  pools:\n  - {name: gpu, nodes: ", pods, ", spares: ", std::max<std::int64_t>(1, pods / 50),
      ", price: 30}   # price: of a node, per hour\n  startAfter: 30s                # images, volumes\n",
      "  lostNode: {unreachable: 50s, evicted: 300s, removed: 30s}\n",
      "failures:\n- preset: rsc-1                  # or llama-3-405b, rsc-2, spot; or your own: rate, weibull, trace\n",
      "work:\n");
  for (const std::string& name : names) {
    AppendTo(out, "- of: ", name,
             "\n  duration: 30d                # without any interruption\n  checkpoint: {every: 1h, takes: 30s}\n"
             "  restart: 2m                  # from the last pod's start until work goes on\n");
  }
  out += "horizon: 120d\nruns: 20\nseed: 1\n";
  return out;
}

}  // namespace reprieve::cli
