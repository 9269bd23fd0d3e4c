#include "cli/run_options.h"

#include <CLI/CLI.hpp>

#include "base/time.h"
#include "cli/exported.h"
#include "cli/feature_gates_option.h"

namespace reprieve::cli {
namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  reprieve run train.yaml\n"
    "  reprieve run --logs --nodes 4 jobs/\n"
    "  reprieve run --image 'trainer:*=python3 train.py' train.yaml\n"
    "  reprieve run --nodes 2 --inject 'node n2 is drained at 10s' train.yaml\n\n"
    "EVENT of --inject, DURATION since the beginning:\n"
    "  node NAME is drained|tainted|lost|shut down|back at DURATION\n"
    "  pod NAME is killed|deleted|evicted|preempted|evicted under memory pressure at DURATION\n"
    "  pod NAME gets condition TYPE[=STATUS] [because REASON] at DURATION\n"
    "  container NAME of pod NAME is killed|out of memory at DURATION\n"
    "  container NAME of pod NAME exits CODE at DURATION\n"
    "A pod is called train-workers-0-1, or, in JobSet train, workers-0-1.\n\n"
    "Exit code 0: all completed; 1: a Job or JobSet failed; 2: bad input, nothing was started; 3: it can't run "
    "here;\n"
    "130: interrupted.";

std::string CheckDuration(const std::string& text) {
  return ParseDuration(text) ? std::string() : std::string("expected a duration such as 500ms or 10s");
}

}  // namespace

void DeclareRunOptions(CLI::App& verb, RunOptions& options) {
  verb.footer(kFooter);
  verb.add_option("FILE", options.files, "Manifests: files, folders, or - for standard input")->required();
  verb.add_option("--nodes", options.nodes, "Share the machine among so many virtual nodes")
      ->check(CLI::Range(1, 1000));
  verb.add_option("--node-label", options.node_labels,
                  "NODE:KEY=VALUE: a label of virtual nodes; * and ? in NODE match")
      ->allow_extra_args(false);
  verb.add_option("--feature-gates", options.gates, kFeatureGatesHelp)->check(CheckFeatureGates);
  verb.add_option("--image", options.images, "NAME=COMMAND: what an image's entrypoint is here; * and ? in NAME match")
      ->allow_extra_args(false);
  verb.add_option("--inject", options.injections,
                  "An EVENT to rehearse, such as 'node n2 is drained at 10s' (see below)")
      ->allow_extra_args(false);
  verb.add_flag("--exported", options.exported, kExportedHelp);
  verb.add_flag("--logs", options.logs, "Print what the pods print, each line with its pod and container");
  verb.add_option("--network", options.network,
                  "host: pods share this machine's; pod: each has its own, or nothing runs; auto: JobSets' pods have "
                  "their own if several declare one containerPort (default auto)")
      ->check(CLI::IsMember({"host", "pod", "auto"}));
  verb.add_option("-o,--output", options.output, "text, or json: one object a line")
      ->check(CLI::IsMember({"text", "json"}));
  verb.add_option("--state", options.state, "Where logs and volumes are kept (default ./reprieve-state)");
  verb.add_option("--metrics-file", options.metrics_file,
                  "Where to write, at the end, how many JobSets completed and failed, in Prometheus' text format");
  verb.add_option("--backoff", options.backoff,
                  "The wait after the first failure, doubling; 10s as upstream, less to rehearse")
      ->check(CheckDuration);
  verb.add_option("--color", options.color, "auto, always or never")->check(CLI::IsMember({"auto", "always", "never"}));
  verb.add_flag("-v,--verbose", options.verbose,
                "Say what containers get here, and end with the tables of kubectl get");
  verb.add_flag("--plain-processes", options.plain,
                "Do without namespaces and cgroups, as on a machine that refuses them");
}

}  // namespace reprieve::cli
