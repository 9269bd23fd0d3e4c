// reprieve run FILE...: Jobs and JobSets on this machine, to their end.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include "base/saturate.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/feature_gates_option.h"
#include "cli/interrupt.h"
#include "cli/leftovers.h"
#include "cli/load.h"
#include "cli/metrics_file.h"
#include "cli/network_choice.h"
#include "cli/object_table.h"
#include "cli/run_checks.h"
#include "cli/run_report.h"
#include "cli/verb.h"
#include "node/local_world.h"
#include "runtime/mount_plan.h"
#include "world/incident.h"

namespace reprieve::cli {
namespace {

constexpr Nanoseconds kTick = std::chrono::milliseconds(250);

// Wakes the world now and then, so that a terminal's clock goes on while nothing happens.
class Ticker {
 public:
  explicit Ticker(node::LocalWorld& world) : thread_([this, &world] { Tick(world); }) {}
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;
  ~Ticker() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

 private:
  void Tick(node::LocalWorld& world) {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, kTick, [this] { return over_; })) world.Wake();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;
};

class RunVerb final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    CLI::App* verb = app.add_subcommand("run", "Run Jobs and JobSets to their end: pods are processes of this machine");
    verb->footer(
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
        "130: interrupted.");
    verb->add_option("FILE", files_, "Manifests: files, folders, or - for standard input")->required();
    verb->add_option("--nodes", nodes_, "Share the machine among so many virtual nodes")->check(CLI::Range(1, 1000));
    verb->add_option("--node-label", node_labels_, "NODE:KEY=VALUE: a label of virtual nodes; * and ? in NODE match")
        ->allow_extra_args(false);
    verb->add_option("--feature-gates", gates_, kFeatureGatesHelp)->check(CheckFeatureGates);
    verb->add_option("--image", images_, "NAME=COMMAND: what an image's entrypoint is here; * and ? in NAME match")
        ->allow_extra_args(false);
    verb->add_option("--inject", injections_, "An EVENT to rehearse, such as 'node n2 is drained at 10s' (see below)")
        ->allow_extra_args(false);
    verb->add_flag("--logs", logs_, "Print what the pods print, each line with its pod and container");
    verb->add_option(
            "--network", network_,
            "host: pods share this machine's; pod: each has its own, or nothing runs; auto: JobSets' pods have "
            "their own if several declare one containerPort (default auto)")
        ->check(CLI::IsMember({"host", "pod", "auto"}));
    verb->add_option("-o,--output", output_, "text, or json: one object a line")
        ->check(CLI::IsMember({"text", "json"}));
    verb->add_option("--state", state_, "Where logs and volumes are kept (default ./reprieve-state)");
    verb->add_option("--metrics-file", metrics_file_,
                     "Where to write, at the end, how many JobSets completed and failed, in Prometheus' text format");
    verb->add_option("--backoff", backoff_,
                     "The wait after the first failure, doubling; 10s as upstream, less to rehearse")
        ->check([](const std::string& text) {
          return ParseDuration(text) ? std::string() : std::string("expected a duration such as 500ms or 10s");
        });
    verb->add_option("--color", color_, "auto, always or never")->check(CLI::IsMember({"auto", "always", "never"}));
    verb->add_flag("-v,--verbose", verbose_, "Say what containers get here, and end with the tables of kubectl get");
    verb->add_flag("--plain-processes", plain_, "Do without namespaces and cgroups, as on a machine that refuses them");
  }

  int Run() override {
    node::LocalWorldOptions options;
    options.state_directory = state_;
    options.nodes.count = nodes_;
    options.nodes.label_rules = node_labels_;
    const model::FeatureGates gates = *model::ParseFeatureGates(gates_);
    options.engine.jobsets.gates = gates;
    options.probe.plain_processes = plain_;
    options.probe.no_cgroups = plain_;
    options.engine.reconcile.delays.base = *ParseDuration(backoff_);
    options.restart_backoff = *ParseDuration(backoff_);
    RunReport* report = nullptr;
    options.notice = [&report](const std::string& text) {
      if (report != nullptr) report->Say(text);
    };
    if (logs_) {
      options.output = [&report](const node::PodOutput& line) {
        if (report != nullptr) report->Output(line);
      };
    }
    options.incident_applied = [&report](const world::Incident& incident, const std::string& outcome, bool happened) {
      if (report != nullptr) report->IncidentApplied(incident, outcome, happened);
    };
    // What is wrong with the input is found before anything is made.
    Result<std::unique_ptr<node::LocalWorld>> prepared = node::LocalWorld::Prepare(std::move(options));
    if (!prepared.ok()) {
      std::fprintf(stderr, "reprieve: %s\n", prepared.error().message.c_str());
      return kBadInput;
    }
    node::LocalWorld& world = **prepared;
    for (const std::string& image : images_) {
      if (const Status added = world.images().Add(image); !added.ok()) {
        std::fprintf(stderr, "reprieve: --image %s: %s\n", image.c_str(), added.error().message.c_str());
        return kBadInput;
      }
    }

    LoadOptions load;
    load.gates = gates;
    load.now = world.clock().Now();
    load.new_uid = [&world] { return world.store().NewUid(); };
    load.new_suffix = [&world] { return world.store().NewNameSuffix(); };
    Loaded loaded = Load(files_, load);
    for (core::ConfigMap& config_map : loaded.config_maps) world.settings().Add(std::move(config_map));
    for (core::Secret& secret : loaded.secrets) world.settings().Add(std::move(secret));
    for (core::Service& service : loaded.services) world.Add(std::move(service));
    for (core::PersistentVolumeClaim& claim : loaded.claims) world.Add(std::move(claim));
    CheckRunnable(world, files_.front(), loaded);
    const std::vector<world::Incident> incidents = ReadInjections(injections_, world.nodes(), loaded, loaded.errors);
    const auto has_names = [](const LoadedJobSet& each) { return each.jobset.spec->has_hostnames(); };
    if (std::any_of(loaded.jobsets.begin(), loaded.jobsets.end(), has_names) && !runtime::MachineHasHostsFile()) {
      loaded.warnings.emplace_back(
          "this machine has no /etc/hosts for a pod's own to stand in place of: pods find each other by address only; "
          "an empty file there is enough");
    }
    for (const std::string& warning : loaded.warnings) std::fprintf(stderr, "Warning: %s\n", warning.c_str());
    if (!loaded.errors.empty()) return Refuse(loaded.errors);
    const NetworkChoice network = ChooseNetwork(network_, loaded);
    world.set_networks(network.networks);
    if (const Status written = WriteMetrics(world); !written.ok()) {
      std::fprintf(stderr, "reprieve: %s\n", written.error().message.c_str());
      return kBadInput;
    }
    if (const Status started = world.Start(); !started.ok()) {
      std::fprintf(stderr, "reprieve: %s\n", started.error().message.c_str());
      return kCannotRun;
    }
    if (network_ == "pod" && !world.WhyNoNetworks().empty()) {
      std::fprintf(stderr,
                   "reprieve: pods can't have networks of their own here: %s; leave out --network pod to run on "
                   "this machine's\n",
                   world.WhyNoNetworks().c_str());
      return kCannotRun;
    }

    RunReport run_report({output_ == "json" ? OutputFormat::kJson : OutputFormat::kText,
                          output_ != "json" && isatty(STDOUT_FILENO) == 1, ColorNamed(color_), logs_},
                         world.clock(), world.machine());
    report = &run_report;
    if (verbose_ || plain_) run_report.Say(world.Describe());
    if (verbose_ || plain_ || !network.reason.empty()) {
      run_report.Say(TellNetwork(network.reason, world));
    }
    world.store().AddWatcher(&run_report);
    world.ledger().set_listener([&run_report](const world::Verdict& verdict) { run_report.Judged(verdict); });
    world.store().set_event_listener([&run_report](const world::Event& event) { run_report.EventRecorded(event); });
    const Interrupt interrupt([](void* context) noexcept { static_cast<node::LocalWorld*>(context)->Wake(); }, &world);

    for (const world::Incident& incident : incidents) world.machine().Schedule(incident);
    std::vector<meta::ObjectKey> jobs;
    std::vector<meta::ObjectKey> jobsets;
    for (LoadedJob& job : loaded.jobs) {
      jobs.push_back(meta::KeyOf(job.job.metadata));
      world.store().AddJob(std::move(job.job));
    }
    for (LoadedJobSet& jobset : loaded.jobsets) {
      jobsets.push_back(meta::KeyOf(jobset.jobset.metadata));
      world.store().AddJobSet(std::move(jobset.jobset));
    }
    const auto all_finished = [&] {
      const bool all = std::all_of(jobs.begin(), jobs.end(),
                                   [&](const meta::ObjectKey& key) {
                                     const batch::Job* job = world.store().FindJob(key);
                                     return job == nullptr || job->status.IsFinished();
                                   }) &&
                       std::all_of(jobsets.begin(), jobsets.end(), [&](const meta::ObjectKey& key) {
                         const jobset::JobSet* jobset = world.store().FindJobSet(key);
                         return jobset == nullptr || jobset->status.IsFinished();
                       });
      // What a JobSet that is over deletes has its grace period.
      return all && world.machine().running() == 0;
    };
    {
      std::optional<Ticker> ticker;
      if (isatty(STDOUT_FILENO) == 1) ticker.emplace(world);
      world.RunUntil([&] {
        run_report.Repaint();
        return Interrupt::count() > 0 || all_finished();
      });
    }
    const bool interrupted = Interrupt::count() > 0 && !all_finished();
    if (interrupted) EndEarly(world, run_report);
    run_report.Summarize(interrupted, world.machine().PendingIncidents());
    if (verbose_ && output_ == "text") PrintObjects(world);
    if (interrupted) run_report.Say(TellLeftovers(world.CleanUp()));
    if (const Status written = WriteMetrics(world); !written.ok()) run_report.Say(written.error().message);
    world.store().RemoveWatcher(&run_report);
    if (interrupted) return kInterrupted;
    return run_report.AnyFailed() ? kFailed : kCompleted;
  }

 private:
  // What was chosen, and why if anything spoke for it.
  static std::string TellNetwork(const std::string& reason, const node::LocalWorld& world) {
    if (reason.empty()) return Cat("Network: ", world.DescribeNetwork(), ".");
    if (world.WhyNoNetworks().empty()) {
      return Cat("Network: ", reason, ": ", world.DescribeNetwork(), ". --network host leaves them on this machine's.");
    }
    return Cat("Network: ", reason, ", but pods can't have networks of their own here (", world.WhyNoNetworks(),
               "): each has an address of its own in 127.0.0.0/8, and the first that listens on 0.0.0.0 keeps the port "
               "from all others.");
  }

  // TTLs may have taken all of them away.
  static void PrintObjects(node::LocalWorld& world) {
    const std::string tables = ObjectTables(world.store(), world.clock().Now());
    if (!tables.empty()) std::printf("\n%s", tables.c_str());
  }

  Status WriteMetrics(const node::LocalWorld& world) const {
    return metrics_file_.empty() ? Ok() : WriteMetricsFile(metrics_file_, world.jobset_counters());
  }

  int Refuse(const std::vector<Diagnostic>& errors) const {
    const Style style(ColorNamed(color_), STDERR_FILENO);
    std::fputs(RenderAll(errors, style).c_str(), stderr);
    std::fprintf(stderr, "%s\n", CountLine(errors, "; nothing was started").c_str());
    return kBadInput;
  }

  void EndEarly(node::LocalWorld& world, RunReport& report) {
    std::int64_t grace = 0;
    std::size_t running = 0;
    for (const core::Pod* pod : world.store().Pods()) {
      if (pod->IsTerminal() || pod->node_name.empty()) continue;
      ++running;
      grace = std::max(grace, pod->spec->termination_grace_period_seconds.value_or(30));
    }
    if (running > 0) {
      report.Say(Cat("Ending ", running, running == 1 ? " pod" : " pods", "; this may take up to ",
                     HumanDuration(DurationOfSeconds(grace)), ". Press Ctrl-C again to end at once."));
    }
    world.End(DurationOfSeconds(grace), [] { return Interrupt::count() > 1; });
  }

  std::vector<std::string> files_;
  std::int32_t nodes_ = 1;
  std::vector<std::string> node_labels_;
  std::string gates_;
  std::vector<std::string> injections_;
  std::vector<std::string> images_;
  bool logs_ = false;
  std::string output_ = "text";
  std::string network_ = "auto";
  std::string state_ = "reprieve-state";
  std::string metrics_file_;
  std::string backoff_ = "10s";
  std::string color_ = "auto";
  bool verbose_ = false;
  bool plain_ = false;
};

}  // namespace

std::unique_ptr<Verb> MakeRun() {
  return std::make_unique<RunVerb>();
}

}  // namespace reprieve::cli
