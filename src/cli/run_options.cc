#include "cli/run_options.h"

#include "cli/common_options.h"
#include "cli/duration_option.h"
#include "cli/verb_options.h"
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

void DeclareRunOptions(VerbOptions& verb, RunOptions& options) {
  verb.Footer(kFooter);
  options.files.Declare(verb);
  verb.AddFlag("--dry-run", options.dry_run, "Check all that `run` checks, say what would run, and start nothing");
  verb.Add("--nodes", options.nodes, "Share the machine among so many virtual nodes").Value("N").Between(1, 1000);
  verb.Add("--node-label", options.node_labels, "A label of virtual nodes; * and ? in NODE match")
      .Value("NODE:KEY=VALUE")
      .OneEach();
  verb.Add("--node-resource", options.node_resources,
           "What virtual nodes have to give, such as n1:nvidia.com/gpu=8 to rehearse without GPUs")
      .Value("NODE:KEY=VALUE")
      .OneEach();
  verb.Add("--node-taint", options.node_taints,
           "A taint of virtual nodes, such as n1:gpu=yes:NoSchedule, that pods have to tolerate")
      .Value("NODE:KEY[=VALUE]:EFFECT")
      .OneEach();
  AddFeatureGates(verb, options.gates);
  options.versions.Declare(verb);
  verb.Add("--runtime", options.runtime,
           "docker: containers run in their images, by Docker or Podman; sandbox: as programs of this machine; "
           "auto: in their images if there is an engine (default auto)")
      .OneOf({"auto", "sandbox", "docker"});
  verb.Add("--engine", options.engine,
           "The unix socket of the container engine (default: DOCKER_HOST, or the usual ones)")
      .Value("SOCKET");
  verb.Add("--image", options.images,
           "What runs for an image: a program of this machine, or image:OTHER; * and ? in NAME match")
      .Value("NAME=COMMAND")
      .OneEach();
  verb.Add("--inject", options.injections, "An event to rehearse, such as 'node n2 is drained at 10s' (see above)")
      .Value("EVENT")
      .OneEach();
  verb.Add("--cronjob", options.cron_jobs, "Run the Job of this CronJob once, as `kubectl create job --from` does")
      .Value("NAME")
      .OneEach();
  verb.AddFlag("--resume", options.resume, "Run Jobs and JobSets that are suspended as if they were not");
  AddExported(verb, options.exported);
  verb.AddFlag("--logs", options.logs, "Print what the pods print, each line with its pod and container");
  verb.Add("--network", options.network,
           "host: pods share this machine's; pod: each has its own, or nothing runs; auto: JobSets' pods have "
           "their own if several declare one containerPort (default auto)")
      .OneOf({"host", "pod", "auto"});
  AddOutput(verb, options.output);
  verb.Add("--state", options.state, "Where logs and volumes are kept (default ./reprieve-state)").Value("DIR");
  verb.Add("--log-max-size", options.log_max_size,
           "A container's log is rotated when it has so many bytes (default 10Mi, as the kubelet's)")
      .Value("SIZE")
      .Check(CheckSize);
  verb.Add("--log-max-files", options.log_max_files,
           "So many files are kept of each log, the current one among them (default 5, as the kubelet's)")
      .Value("N")
      .Between(2, 1000);
  verb.Add("--metrics-file", options.metrics_file,
           "Where to write, at the end, how many JobSets completed and failed, in Prometheus' text format")
      .Value("FILE");
  verb.Add("--report", options.report, "Write a page of HTML at the end: what happened, and by which rule")
      .Value("FILE");
  verb.Add("--backoff", options.backoff,
           "The wait after the first failure, doubling; 10s as upstream, less to rehearse")
      .Value("DURATION")
      .Check(CheckDuration);
  verb.Add("--pull-timeout", options.pull_timeout,
           "How long a pod may wait for an image; then the run ends (default: as long as it takes)")
      .Value("DURATION")
      .Check(CheckDuration);
  AddColor(verb, options.color);
  verb.AddFlag("-v,--verbose", options.verbose, "Say what containers get here, and end with the tables of kubectl get");
  verb.AddFlag("--plain-processes", options.plain,
               "Do without namespaces and cgroups, as on a machine that refuses them");
}

}  // namespace reprieve::cli
