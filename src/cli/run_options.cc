#include "cli/run_options.h"

#include <CLI/CLI.hpp>

#include "cli/duration_option.h"
#include "cli/exported.h"
#include "cli/feature_gates_option.h"
#include "model/quantity.h"

namespace reprieve::cli {
namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  reprieve run train.yaml\n"
    "  reprieve run --logs --nodes 4 jobs/\n"
    "  reprieve run --image 'trainer:*=python3 train.py' train.yaml\n"
    "  reprieve run --cronjob nightly rendered/\n"
    "  reprieve run --nodes 2 --inject 'node n2 is drained at 10s' train.yaml\n"
    "  reprieve run --dry-run --node-resource 'n1:nvidia.com/gpu=8' train.yaml\n\n"
    "EVENT of --inject, DURATION since the beginning:\n"
    "  node NAME is drained|tainted|lost|shut down|back at DURATION\n"
    "  pod NAME is killed|deleted|evicted|preempted|evicted under memory pressure|\n"
    "    evicted over its storage limit|preempted by the kubelet|\n"
    "    deleted for a device taint at DURATION\n"
    "  pod NAME exits CODE|SIGNAL at DURATION\n"
    "  pod NAME gets condition TYPE[=STATUS] [because REASON] at DURATION\n"
    "  container NAME of pod NAME is killed|out of memory at DURATION\n"
    "  container NAME of pod NAME exits CODE|SIGNAL at DURATION\n"
    "  Job|JobSet NAME is suspended|resumed|deleted at DURATION\n"
    "  Job NAME is scaled to NUMBER at DURATION\n"
    "A pod is called train-workers-0-1, or, in JobSet train, workers-0-1.\n\n"
    "Exit code 0: all completed; 1: a Job or JobSet failed; 2: bad input, nothing was\n"
    "started; 3: it can't run here; 130: interrupted; 141: nobody reads its output.";

std::string CheckSize(const std::string& text) {
  const auto size = model::Quantity::Parse(text);
  return size && size->Value() > 0 ? std::string() : std::string("expected a number of bytes such as 500Ki or 10Mi");
}

}  // namespace

void DeclareRunOptions(CLI::App& verb, RunOptions& options) {
  verb.footer(kFooter);
  options.files.Declare(verb);
  verb.add_flag("--dry-run", options.dry_run, "Check all that `run` checks, say what would run, and start nothing");
  verb.add_option("--nodes", options.nodes, "Share the machine among so many virtual nodes")
      ->option_text("N")
      ->check(CLI::Range(1, 1000));
  verb.add_option("--node-label", options.node_labels, "A label of virtual nodes; * and ? in NODE match")
      ->option_text("NODE:KEY=VALUE")
      ->allow_extra_args(false);
  verb.add_option("--node-resource", options.node_resources,
                  "What virtual nodes have to give, such as n1:nvidia.com/gpu=8 to rehearse without GPUs")
      ->option_text("NODE:KEY=VALUE")
      ->allow_extra_args(false);
  verb.add_option("--node-taint", options.node_taints,
                  "A taint of virtual nodes, such as n1:gpu=yes:NoSchedule, that pods have to tolerate")
      ->option_text("NODE:KEY[=VALUE]:EFFECT")
      ->allow_extra_args(false);
  verb.add_option("--feature-gates", options.gates, kFeatureGatesHelp)
      ->option_text("GATE=true,...")
      ->check(CheckFeatureGates);
  options.versions.Declare(verb);
  verb.add_option("--runtime", options.runtime,
                  "docker: containers run in their images, by Docker or Podman; sandbox: as programs of this machine; "
                  "auto: in their images if there is an engine (default auto)")
      ->check(CLI::IsMember({"auto", "sandbox", "docker"}));
  verb.add_option("--engine", options.engine,
                  "The unix socket of the container engine (default: DOCKER_HOST, or the usual ones)")
      ->option_text("SOCKET");
  verb.add_option("--image", options.images,
                  "What runs for an image: a program of this machine, or image:OTHER; * and ? in NAME match")
      ->option_text("NAME=COMMAND")
      ->allow_extra_args(false);
  verb.add_option("--inject", options.injections,
                  "An event to rehearse, such as 'node n2 is drained at 10s' (see above)")
      ->option_text("EVENT")
      ->allow_extra_args(false);
  verb.add_option("--cronjob", options.cron_jobs,
                  "Run the Job of this CronJob once, as `kubectl create job --from` does")
      ->option_text("NAME")
      ->allow_extra_args(false);
  verb.add_flag("--resume", options.resume, "Run Jobs and JobSets that are suspended as if they were not");
  verb.add_flag("--exported", options.exported, kExportedHelp);
  verb.add_flag("--logs", options.logs, "Print what the pods print, each line with its pod and container");
  verb.add_option("--network", options.network,
                  "host: pods share this machine's; pod: each has its own, or nothing runs; auto: JobSets' pods have "
                  "their own if several declare one containerPort (default auto)")
      ->check(CLI::IsMember({"host", "pod", "auto"}));
  verb.add_option("-o,--output", options.output, "json: one object a line (default text)")
      ->check(CLI::IsMember({"text", "json"}));
  verb.add_option("--state", options.state, "Where logs and volumes are kept (default ./reprieve-state)")
      ->option_text("DIR");
  verb.add_option("--log-max-size", options.log_max_size,
                  "A container's log is rotated when it has so many bytes (default 10Mi, as the kubelet's)")
      ->option_text("SIZE")
      ->check(CheckSize);
  verb.add_option("--log-max-files", options.log_max_files,
                  "So many files are kept of each log, the current one among them (default 5, as the kubelet's)")
      ->option_text("N")
      ->check(CLI::Range(2, 1000));
  verb.add_option("--metrics-file", options.metrics_file,
                  "Where to write, at the end, how many JobSets completed and failed, in Prometheus' text format")
      ->option_text("FILE");
  verb.add_option("--report", options.report, "Write a page of HTML at the end: what happened, and by which rule")
      ->option_text("FILE");
  verb.add_option("--backoff", options.backoff,
                  "The wait after the first failure, doubling; 10s as upstream, less to rehearse")
      ->option_text("DURATION")
      ->check(CheckDuration);
  verb.add_option("--pull-timeout", options.pull_timeout,
                  "How long a pod may wait for an image; then the run ends (default: as long as it takes)")
      ->option_text("DURATION")
      ->check(CheckDuration);
  verb.add_option("--color", options.color, "Colours (default auto: on a terminal, unless NO_COLOR is set)")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  verb.add_flag("-v,--verbose", options.verbose,
                "Say what containers get here, and end with the tables of kubectl get");
  verb.add_flag("--plain-processes", options.plain,
                "Do without namespaces and cgroups, as on a machine that refuses them");
}

}  // namespace reprieve::cli
