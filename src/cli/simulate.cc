// reprieve simulate SCENARIO: what a failure policy costs, before anyone pays for it.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "base/text.h"
#include "cli/common_options.h"
#include "cli/exit_code.h"
#include "cli/interrupt.h"
#include "cli/refusal.h"
#include "cli/scenario_load.h"
#include "cli/simulate_fit.h"
#include "cli/simulate_init.h"
#include "cli/simulate_output.h"
#include "cli/simulate_report.h"
#include "cli/simulate_workers.h"
#include "cli/test_suite.h"
#include "cli/text_file.h"
#include "cli/verb.h"
#include "cli/verb_options.h"
#include "cli/version_options.h"
#include "cli/write_report.h"
#include "sim/presets.h"

namespace reprieve::cli {
namespace {

class Simulate final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    VerbOptions verb(app, "simulate", "Say what a failure policy costs: goodput, time, waste by cause");
    verb.Footer(
        "Examples:\n"
        "  reprieve simulate --init train.yaml > scenario.yaml\n"
        "  reprieve simulate scenario.yaml\n"
        "  reprieve simulate scenario.yaml --compare a.yaml --compare b.yaml\n"
        "  reprieve simulate scenario.yaml --sweep maxRestarts=1,3,10 --sweep checkpoint=10m,1h\n\n"
        "docs/SIMULATE.md has the fields of a scenario. Ctrl-C prints what is known so far.\n\n"
        "Exit code 0: simulated; 2: the input is wrong; 3: it can't run here; 130: interrupted.");
    verb.Add("SCENARIO", path_, "A file of kind Scenario; with --init: manifests");
    verb.AddFlag("--init", init_, "Write a first scenario for a manifest, and simulate nothing");
    verb.Add("--fit", fit_, "Estimate hazards from a failure log: node,up,down on each line").Value("CSV");
    verb.AddFlag("--presets", presets_, "List the failure models that are built in, and where they are from");
    verb.Add("--compare", compare_, "Instead of the scenario's manifests; twice or more: which is better?")
        .Value("MANIFEST");
    verb.Add("--sweep", sweeps_, kSweepHelp).Value("NAME=VALUE,...").Check([](const std::string& text) {
      return ParseSweep(text) ? std::string()
                              : Cat("'", text,
                                    "' is not NAME=VALUE,...; names are maxRestarts, backoffLimit, checkpoint, "
                                    "restart, duration, spares");
    });
    verb.Add("--runs", runs_, "How many runs, each with a seed of its own (default: the scenario's)")
        .Between(1, sim::kMostRuns);
    verb.Add("--seed", seed_, "The first seed (default: the scenario's)").NotNegative();
    verb.Add("--workers", workers_, "How many processors (default: all); the results are the same").Between(1, 1024);
    verb.Add("--report", report_, "Write a page of HTML, too").Value("FILE");
    versions_.Declare(verb);
    verb.Add("-o,--output", output_, "text, json or csv (default text)").OneOf({"text", "json", "csv"});
    AddColor(verb, color_);
  }

  int Run() override {
    if (presets_) return ListPresets();
    if (!fit_.empty()) return Fit();
    if (path_.empty())
      return Refuse({"name a scenario: reprieve simulate SCENARIO; --init MANIFEST writes a first one"});
    if (init_) return Init();
    LoadedScenario loaded = LoadScenario(Request());
    if (!loaded.errors.empty()) return cli::Tell({kBadInput, loaded.errors, ""}, ColorNamed(color_), output_ == "json");
    if (!loaded.error.empty()) return Refuse({loaded.error});
    return Play(loaded);
  }

 private:
  ScenarioRequest Request() const {
    ScenarioRequest out;
    out.path = path_;
    out.compare = compare_;
    for (const std::string& sweep : sweeps_) out.sweeps.push_back(*ParseSweep(sweep));
    out.servers = {versions_.kubernetes(), versions_.jobset(), {}};
    return out;
  }

  int Play(LoadedScenario& loaded) const {
    WorkPlan plan;
    for (ScenarioVariant& variant : loaded.variants) {
      if (seed_ >= 0) variant.scenario.seed = static_cast<std::uint64_t>(seed_);
      if (runs_ > 0) variant.scenario.runs = runs_;
    }
    for (const ScenarioVariant& variant : loaded.variants) {
      const sim::CaseObjects objects = variant.objects();
      plan.variants.push_back({&variant.scenario, sim::NodesOf(variant.scenario, objects), objects});
    }
    const sim::Scenario& scenario = loaded.variants.front().scenario;
    for (std::int32_t i = 0; i < scenario.runs; ++i)
      plan.seeds.push_back(scenario.seed + static_cast<std::uint64_t>(i));
    plan.workers =
        workers_ > 0 ? static_cast<std::size_t>(workers_) : std::max(1U, std::thread::hardware_concurrency());
    plan.progress = isatty(STDERR_FILENO) == 1;
    const Interrupt interrupt([](void*) noexcept {}, nullptr);
    WorkDone done = PlayAll(plan);
    if (done.lost > 0) {
      return cli::Tell(
          CannotRun({Cat(done.lost, " of ", plan.seeds.size() * plan.variants.size(),
                         " runs were lost: a worker could not be started, or was killed, for want of memory "
                         "perhaps; try fewer --workers")}),
          ColorNamed(color_), output_ == "json");
    }
    std::vector<Variant> variants;
    for (std::size_t i = 0; i < done.runs.size(); ++i) {
      if (done.runs[i].empty()) continue;
      Variant& variant = variants.emplace_back();
      variant.name = loaded.variants[i].name;
      variant.runs = std::move(done.runs[i]);
      variant.summary = sim::Summarize(loaded.variants[i].scenario, variant.runs);
    }
    Print(loaded, variants, done.interrupted);
    if (!report_.empty()) {
      std::vector<const sim::Scenario*> scenarios;
      for (const ScenarioVariant& variant : loaded.variants) scenarios.push_back(&variant.scenario);
      const Status written = WriteReport(report_, SimulationReport(scenarios, variants, done.interrupted));
      if (!written.ok()) return cli::Tell(CannotRun(written.error()), ColorNamed(color_), output_ == "json");
    }
    return done.interrupted ? kInterrupted : kCompleted;
  }

  void Print(const LoadedScenario& loaded, const std::vector<Variant>& variants, bool partial) const {
    const Style style(ColorNamed(color_), STDOUT_FILENO);
    std::string out;
    if (output_ == "json") {
      out = SimulationJson(variants, partial);
    } else if (output_ == "csv") {
      out = SimulationCsv(variants);
    } else {
      if (partial) {
        AppendTo(out, "Interrupted: ",
                 variants.empty() ? std::string("no run had ended.") : Cat("partial, from the runs that had ended."),
                 "\n");
      }
      if (!sweeps_.empty() && !variants.empty()) {
        out += SweepText(variants, style);
      } else {
        for (std::size_t i = 0; i < variants.size(); ++i) {
          AppendTo(out, i > 0 ? "\n" : "", SummaryText(loaded.variants[i].scenario, variants[i], style));
        }
        for (std::size_t i = 1; i < variants.size(); ++i) out += CompareText(variants[0], variants[i], style);
      }
    }
    std::fputs(out.c_str(), stdout);
  }

  int Init() const {
    const Loaded loaded = LoadForTest({path_}, {versions_.kubernetes(), versions_.jobset(), {}});
    if (!loaded.errors.empty()) return cli::Tell({kBadInput, loaded.errors, ""}, ColorNamed(color_), output_ == "json");
    if (loaded.jobs.empty() && loaded.jobsets.empty()) {
      return Refuse({"there is no Job and no JobSet in these manifests: nothing to simulate"});
    }
    std::fputs(FirstScenario({path_}, loaded).c_str(), stdout);
    return kCompleted;
  }

  int Fit() const {
    const auto text = ReadTextFile(fit_);
    if (!text.ok()) return Refuse(text.error());
    const auto fitted = FitText(fit_, *text);
    if (!fitted.ok()) return Refuse(fitted.error());
    std::fputs(fitted->c_str(), stdout);
    return kCompleted;
  }

  static int ListPresets() {
    for (const sim::Preset& preset : sim::Presets()) {
      std::printf("%s\n  %s\n", std::string(preset.name).c_str(), std::string(preset.source).c_str());
      const auto source = sim::FindPreset(preset.name);
      std::printf("  %.3g per 1000 node-days:", 1000 * 86'400 / source->hazard->MeanSeconds());
      for (const sim::FailureCause& cause : source->causes) {
        std::printf("%s %s %.1f %%", &cause == source->causes.data() ? "" : ",", cause.name.c_str(), cause.share * 100);
      }
      std::printf("\n");
    }
    return kCompleted;
  }

  int Refuse(const Error& error) const { return cli::Tell(BadInput(error), ColorNamed(color_), output_ == "json"); }

  std::string path_;
  bool init_ = false;
  bool presets_ = false;
  std::string fit_;
  std::string report_;
  std::vector<std::string> compare_;
  std::vector<std::string> sweeps_;
  std::int32_t runs_ = 0;
  std::int64_t seed_ = -1;
  std::int32_t workers_ = 0;
  VersionOptions versions_;
  std::string output_ = "text";
  std::string color_ = "auto";
};

}  // namespace

std::unique_ptr<Verb> MakeSimulate() {
  return std::make_unique<Simulate>();
}

}  // namespace reprieve::cli
