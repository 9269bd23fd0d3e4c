// reprieve-bench [NAME] [--json]: what docs/PERFORMANCE.md claims, measured here and now.
//
// Exit code 1 if a figure falls short of its target.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/text.h"
#include "workloads.h"

namespace {

using namespace reprieve::bench;

struct Workload {
  std::string_view name;
  std::vector<Figure> (*run)(const std::string& self);
  std::string_view what;
};

// The benchmarks.
constexpr Workload kWorkloads[] = {
    {"job_lifecycle", JobLifecycle, "one Indexed Job of 1,000 to 1,000,000 pods on virtual time, create to Complete"},
    {"job_failures", JobFailures, "the same, every pod failing once under 20 rules of 255 exit codes"},
    {"jobset_restart", JobSetRestart, "a JobSet of 100 to 10,000 Jobs of 5 pods: from one failure to all ready again"},
    {"jobset_mass_failure", JobSetMassFailure,
     "100 and 1,000 Jobs of a JobSet fail at once, each is restarted by itself"},
    {"simulate", Simulate, "54 days of 2,048 nodes and three of 10,000, beside the bare restart of one gang"},
    {"run_true", RunTrue, "reprieve run of 10,000 x /bin/true against a bare loop that starts the same sandbox"},
    {"run_hooks", RunHooks,
     "500 pods with postStart, preStop, fsGroup and a projected volume against the same by hand"},
    {"run_restart", RunRestart, "a JobSet of 1 leader and 8 workers: from a worker's kill to all nine running again"},
    {"first_process", FirstProcess, "from the start of reprieve run to its first process"},
    {"image_true", ImageTrue,
     "reprieve run of 500 x true in an image against a bare loop over the same API, and podman"},
    {"first_container", FirstContainer,
     "from the start of reprieve run to its first program in an image; what 100 of them cost at rest"},
    {"help", Help, "reprieve --help"},
    {"lint", LintManifests, "reprieve lint of a folder of 10,000 manifests, a quarter of them JobSets"},
    {"decode", DecodePods, "100,000 pods of 1,000 Jobs as an API server sends them, into the cache of the controller"},
    {"test", TestCases, "reprieve test of 2,000 cases"},
    {"simulate_cores", SimulateCores, "reprieve simulate of 100 runs on one core and on two"},
    {"start_verbs", StartVerbs, "lint, test, explain and simulate of something small beside reprieve --help"},
};

}  // namespace

int main(int argc, char** argv) {
  bool json = false;
  std::string wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--one" && i + 1 < argc) {
      const bool failing = i + 2 < argc && std::string_view(argv[i + 2]) == "failing";
      RunSimulatedJob({reprieve::ParseInt64(argv[i + 1]).value_or(1000), failing});
      return 0;
    }
    if (argument == "--one-jobset" && i + 1 < argc) {
      const std::string_view how = i + 2 < argc ? argv[i + 2] : "";
      RunSimulatedJobSet({reprieve::ParseInt64(argv[i + 1]).value_or(100), !how.empty(), how == "one-by-one"});
      return 0;
    }
    if (argument == "--one-scenario" && i + 2 < argc) {
      RunScenario(reprieve::ParseInt64(argv[i + 1]).value_or(100), std::atof(argv[i + 2]), false);
      return 0;
    }
    if (argument == "--one-gang" && i + 1 < argc) {
      RunGang(reprieve::ParseInt64(argv[i + 1]).value_or(100), 3);
      return 0;
    }
    if (argument == "--json") {
      json = true;
    } else {
      wanted = argument;
    }
  }
  std::vector<Figure> figures;
  bool found = false;
  for (const Workload& workload : kWorkloads) {
    if (!wanted.empty() && wanted != workload.name && !wanted.starts_with(reprieve::Cat(workload.name, "/"))) continue;
    found = true;
    if (!json) std::fprintf(stderr, "%s: %s\n", workload.name.data(), workload.what.data());
    for (Figure& figure : workload.run(argv[0])) figures.push_back(std::move(figure));
  }
  if (!found) {
    std::fprintf(stderr, "reprieve-bench: no benchmark is named %s; there are:\n", wanted.c_str());
    for (const Workload& workload : kWorkloads)
      std::fprintf(stderr, "  %-16s %s\n", workload.name.data(), workload.what.data());
    return 2;
  }
  json ? PrintJson(figures) : PrintTable(figures);
  return std::all_of(figures.begin(), figures.end(), [](const Figure& figure) { return figure.ok; }) ? 0 : 1;
}
