// reprieve run FILE...: Jobs on this machine, to their end.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/interrupt.h"
#include "cli/load.h"
#include "cli/run_report.h"
#include "cli/verb.h"
#include "node/local_world.h"

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
    CLI::App* verb = app.add_subcommand("run", "Run Jobs to their end: pods are processes of this machine");
    verb->footer(
        "Examples:\n"
        "  reprieve run train.yaml\n"
        "  reprieve run --logs --nodes 4 jobs/\n"
        "  reprieve run --image 'trainer:*=python3 train.py' train.yaml\n\n"
        "Exit code 0: all Jobs completed; 1: one failed; 2: bad input, nothing was started; 3: it can't run here;\n"
        "130: interrupted.");
    verb->add_option("FILE", files_, "Manifests: files, folders, or - for standard input")->required();
    verb->add_option("--nodes", nodes_, "Share the machine among so many virtual nodes")->check(CLI::Range(1, 1000));
    verb->add_option("--image", images_, "NAME=COMMAND: what an image's entrypoint is here; * and ? in NAME match")
        ->allow_extra_args(false);
    verb->add_flag("--logs", logs_, "Print what the pods print, each line with its pod and container");
    verb->add_option("-o,--output", output_, "text, or json: one object a line")
        ->check(CLI::IsMember({"text", "json"}));
    verb->add_option("--state", state_, "Where logs and volumes are kept (default ./reprieve-state)");
    verb->add_option("--backoff", backoff_,
                     "The wait after the first failure, doubling; 10s as upstream, less to rehearse")
        ->check([](const std::string& text) {
          return ParseDuration(text) ? std::string() : std::string("expected a duration such as 500ms or 10s");
        });
    verb->add_option("--color", color_, "auto, always or never")->check(CLI::IsMember({"auto", "always", "never"}));
    verb->add_flag("-v,--verbose", verbose_, "Say what containers get here: namespaces, cgroups");
    verb->add_flag("--plain-processes", plain_, "Do without namespaces and cgroups, as on a machine that refuses them");
  }

  int Run() override {
    node::LocalWorldOptions options;
    options.state_directory = state_;
    options.nodes.count = nodes_;
    options.probe.plain_processes = plain_;
    options.probe.no_cgroups = plain_;
    options.engine.reconcile.delays.base = *ParseDuration(backoff_);
    RunReport* report = nullptr;
    options.notice = [&report](const std::string& text) {
      if (report != nullptr) report->Say(text);
    };
    if (logs_) {
      options.output = [&report](const node::PodOutput& line) {
        if (report != nullptr) report->Output(line);
      };
    }
    Result<std::unique_ptr<node::LocalWorld>> opened = node::LocalWorld::Open(std::move(options));
    if (!opened.ok()) {
      std::fprintf(stderr, "reprieve: %s\n", opened.error().message.c_str());
      return kCannotRun;
    }
    node::LocalWorld& world = **opened;
    for (const std::string& image : images_) {
      if (const Status added = world.images().Add(image); !added.ok()) {
        std::fprintf(stderr, "reprieve: --image %s: %s\n", image.c_str(), added.error().message.c_str());
        return kBadInput;
      }
    }

    LoadOptions load;
    load.now = world.clock().Now();
    load.new_uid = [&world] { return world.store().NewUid(); };
    load.new_suffix = [&world] { return world.store().NewNameSuffix(); };
    Loaded loaded = Load(files_, load);
    for (core::ConfigMap& config_map : loaded.config_maps) world.settings().Add(std::move(config_map));
    for (core::Secret& secret : loaded.secrets) world.settings().Add(std::move(secret));
    CheckRunnable(world, loaded);
    for (const std::string& warning : loaded.warnings) std::fprintf(stderr, "Warning: %s\n", warning.c_str());
    if (!loaded.errors.empty()) return Refuse(loaded.errors);

    RunReport run_report({output_ == "json" ? OutputFormat::kJson : OutputFormat::kText,
                          output_ != "json" && isatty(STDOUT_FILENO) == 1, ColorNamed(color_), logs_},
                         world.clock(), world.machine());
    report = &run_report;
    if (verbose_ || plain_) run_report.Say(world.Describe());
    world.store().AddWatcher(&run_report);
    world.ledger().set_listener([&run_report](const world::Verdict& verdict) { run_report.Judged(verdict); });
    const Interrupt interrupt([](void* context) noexcept { static_cast<node::LocalWorld*>(context)->Wake(); }, &world);

    std::vector<meta::ObjectKey> jobs;
    for (LoadedJob& job : loaded.jobs) {
      jobs.push_back(meta::KeyOf(job.job.metadata));
      world.store().AddJob(std::move(job.job));
    }
    const auto all_finished = [&] {
      return std::all_of(jobs.begin(), jobs.end(), [&](const meta::ObjectKey& key) {
        const batch::Job* job = world.store().FindJob(key);
        return job == nullptr || job->status.IsFinished();
      });
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
    run_report.Summarize(interrupted);
    if (interrupted) run_report.Say("Nothing is left behind: no process, mount or cgroup.");
    world.store().RemoveWatcher(&run_report);
    if (interrupted) return kInterrupted;
    return run_report.AnyFailed() ? kFailed : kCompleted;
  }

 private:
  // What could never run here is refused before anything starts.
  void CheckRunnable(const node::LocalWorld& world, Loaded& loaded) {
    for (const LoadedJob& job : loaded.jobs) {
      const auto complain = [&](std::string_view field, std::string message) {
        loaded.errors.push_back(AboutField(job.manifest, field, std::move(message)));
      };
      const batch::JobSpec& spec = *job.job.spec;
      if (spec.managed_by && *spec.managed_by != batch::kBuiltInController) {
        complain("spec.managedBy",
                 Cat("another controller, ", *spec.managed_by, ", manages this Job; remove the field to run it here"));
      }
      if (spec.suspended())
        complain("spec.suspend", "a suspended Job never ends; set it to false, or remove it, to run the Job");
      for (std::string& why : world.WhyNotRunnable(*spec.pod_template.spec, job.job.metadata.namespace_)) {
        complain("spec.template.spec", std::move(why));
      }
    }
    if (loaded.errors.empty() && loaded.jobs.empty()) {
      auto file = std::make_shared<const model::ManifestFile>(model::ManifestFile{files_.front(), {}});
      loaded.errors.push_back({std::move(file), {}, "", "has no Job in it", ""});
    }
  }

  int Refuse(const std::vector<Diagnostic>& errors) const {
    const Style style(ColorNamed(color_), STDERR_FILENO);
    for (const Diagnostic& error : errors) std::fprintf(stderr, "%s\n", Render(error, style).c_str());
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
                     HumanDuration(Seconds(grace)), ". Press Ctrl-C again to end at once."));
    }
    world.End(Seconds(grace), [] { return Interrupt::count() > 1; });
  }

  std::vector<std::string> files_;
  std::int32_t nodes_ = 1;
  std::vector<std::string> images_;
  bool logs_ = false;
  std::string output_ = "text";
  std::string state_ = "reprieve-state";
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
