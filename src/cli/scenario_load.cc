#include "cli/scenario_load.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "cli/test_suite.h"
#include "cli/text_file.h"
#include "sim/scenario_run.h"

namespace reprieve::cli {
namespace {

constexpr std::string_view kKind = "Scenario";
constexpr std::size_t kMostVariants = 1000;
constexpr std::array<std::string_view, 6> kParameters = {"maxRestarts", "backoffLimit", "checkpoint",
                                                         "restart",     "duration",     "spares"};

// Shared specs are copied before they are changed.
template <class Spec, class Change>
void ChangeSpec(std::shared_ptr<const Spec>& spec, const Change& change) {
  auto changed = std::make_shared<Spec>(*spec);
  change(*changed);
  spec = std::move(changed);
}

class Loader {
 public:
  explicit Loader(const ScenarioRequest& request) : request_(request) {}

  LoadedScenario Run() {
    admission::Manifests documents = admission::ReadManifests(request_.path);
    for (admission::ManifestError& error : documents.errors) {
      out_.errors.push_back({std::move(error.file), error.mark, "", std::move(error.message), std::move(error.advice)});
    }
    if (!out_.errors.empty()) return std::move(out_);
    const admission::ManifestObject* found = nullptr;
    for (const admission::ManifestObject& document : documents.objects) {
      if (document.value["kind"].AsText() != kKind) continue;
      if (found != nullptr) {
        Complain(document.file, document.value.mark(), "kind", "is the second Scenario of this file",
                 "Give each a file of its own.");
      }
      found = &document;
    }
    if (found == nullptr) {
      out_.error = Cat(request_.path, " holds no Scenario; `reprieve simulate --init MANIFEST` writes a first one");
      return std::move(out_);
    }
    Read(*found);
    return std::move(out_);
  }

 private:
  void Read(const admission::ManifestObject& document) {
    std::vector<sim::DocumentError> errors;
    const sim::Scenario scenario = sim::ReadScenario(
        document, [&document](const std::string& name) { return ReadTextFile(Beside(document.file->name, name)); },
        errors);
    for (sim::DocumentError& error : errors) {
      Complain(document.file, error.mark, std::move(error.path), std::move(error.message), std::move(error.advice));
    }
    std::vector<std::vector<std::string>> sets;
    for (const std::string& manifest : request_.compare) sets.push_back({manifest});
    if (sets.empty()) {
      std::vector<std::string>& own = sets.emplace_back();
      for (const auto& name : scenario.manifests) own.push_back(Beside(document.file->name, name.value));
    }
    if (!errors.empty()) return;
    for (const std::vector<std::string>& files : sets) {
      admission::ServerVersions servers = request_.servers;
      servers.gates = scenario.gates;
      const Loaded loaded = LoadForTest(files, servers);
      out_.errors.insert(out_.errors.end(), loaded.errors.begin(), loaded.errors.end());
      ScenarioVariant variant;
      if (!request_.compare.empty()) variant.name = files.front();
      variant.scenario = scenario;
      for (const LoadedJob& job : loaded.jobs) variant.jobs.push_back(job.job);
      for (const LoadedJobSet& jobset : loaded.jobsets) variant.jobsets.push_back(jobset.jobset);
      if (!loaded.errors.empty()) continue;
      if (variant.jobs.empty() && variant.jobsets.empty()) {
        Complain(document.file, scenario.manifests.front().mark, "manifests", "there is no Job and no JobSet in them",
                 "");
        continue;
      }
      CheckWork(document, variant);
      AddSwept(std::move(variant), 0);
    }
    for (const ScenarioVariant& variant : out_.variants) {
      const sim::CaseObjects objects = variant.objects();
      if (const auto why = sim::WhyItNeverFits(sim::NodesOf(variant.scenario, objects), objects)) {
        Complain(document.file, document.value["cluster"].mark(), "cluster", *why,
                 "Give the pools more or larger nodes.");
        break;
      }
    }
  }

  void CheckWork(const admission::ManifestObject& document, const ScenarioVariant& variant) {
    for (const sim::GangWork& work : variant.scenario.work) {
      const auto named = [&work](const auto& object) { return object.metadata.name == work.of; };
      if (work.of.empty() || std::any_of(variant.jobs.begin(), variant.jobs.end(), named) ||
          std::any_of(variant.jobsets.begin(), variant.jobsets.end(), named)) {
        continue;
      }
      Complain(document.file, document.value["work"].mark(), "work", Cat("no Job and no JobSet is called ", work.of),
               "");
    }
  }

  // Every combination of the values from this parameter on.
  void AddSwept(ScenarioVariant variant, std::size_t sweep) {
    if (sweep == request_.sweeps.size()) {
      if (out_.variants.size() >= kMostVariants) {
        out_.error = Cat("--sweep makes more than ", kMostVariants, " variants");
        return;
      }
      out_.variants.push_back(std::move(variant));
      return;
    }
    const Sweep& parameter = request_.sweeps[sweep];
    for (const std::string& value : parameter.values) {
      ScenarioVariant changed = variant;
      AppendTo(changed.name, changed.name.empty() ? "" : ", ", parameter.parameter, "=", value);
      if (!Apply(parameter.parameter, value, changed)) {
        out_.error =
            Cat("--sweep ", parameter.parameter, "=", value, ": not a value that ", parameter.parameter, " can have");
        return;
      }
      AddSwept(std::move(changed), sweep + 1);
    }
  }

  static bool Apply(const std::string& parameter, const std::string& value, ScenarioVariant& variant) {
    if (parameter == "maxRestarts" || parameter == "backoffLimit" || parameter == "spares") {
      const auto number = ParseInt32(value);
      if (!number || *number < 0) return false;
      if (parameter == "spares") {
        variant.scenario.pools.front().spares = *number;
      } else if (parameter == "maxRestarts") {
        SetMaxRestarts(*number, variant);
      } else {
        SetBackoffLimit(*number, variant);
      }
      return true;
    }
    const auto duration = ParseDuration(value);
    if (!duration || *duration < Nanoseconds(0)) return false;
    if (variant.scenario.work.empty()) variant.scenario.work.emplace_back();
    for (sim::GangWork& work : variant.scenario.work) {
      if (parameter == "checkpoint") work.checkpoint_every = *duration;
      if (parameter == "restart") work.restart = *duration;
      if (parameter == "duration") work.duration = *duration;
    }
    return parameter == "restart" || *duration > Nanoseconds(0);
  }

  static void SetMaxRestarts(std::int32_t number, ScenarioVariant& variant) {
    for (jobset::JobSet& jobset : variant.jobsets) {
      ChangeSpec(jobset.spec, [number](jobset::JobSetSpec& spec) {
        if (!spec.failure_policy) spec.failure_policy.emplace();
        spec.failure_policy->max_restarts = number;
      });
    }
  }

  static void SetBackoffLimit(std::int32_t number, ScenarioVariant& variant) {
    const auto set = [number](batch::JobSpec& spec) { spec.backoff_limit = number; };
    for (batch::Job& job : variant.jobs) ChangeSpec(job.spec, set);
    for (jobset::JobSet& jobset : variant.jobsets) {
      ChangeSpec(jobset.spec, [&set](jobset::JobSetSpec& spec) {
        for (jobset::ReplicatedJob& group : spec.replicated_jobs) ChangeSpec(group.job_template.spec, set);
      });
    }
  }

  void Complain(std::shared_ptr<const admission::ManifestFile> file, document::Mark mark, std::string field,
                std::string message, std::string advice) {
    out_.errors.push_back({std::move(file), mark, std::move(field), std::move(message), std::move(advice)});
  }

  const ScenarioRequest& request_;
  LoadedScenario out_;
};

}  // namespace

sim::CaseObjects ScenarioVariant::objects() const {
  sim::CaseObjects out;
  for (const batch::Job& job : jobs) out.jobs.push_back(&job);
  for (const jobset::JobSet& jobset : jobsets) out.jobsets.push_back(&jobset);
  return out;
}

LoadedScenario LoadScenario(const ScenarioRequest& request) {
  return Loader(request).Run();
}

std::optional<Sweep> ParseSweep(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) return std::nullopt;
  Sweep out{text.substr(0, equals), {}};
  if (std::find(kParameters.begin(), kParameters.end(), out.parameter) == kParameters.end()) return std::nullopt;
  for (const std::string_view value : Split(std::string_view(text).substr(equals + 1), ',')) {
    if (value.empty()) return std::nullopt;
    out.values.emplace_back(value);
  }
  return out;
}

}  // namespace reprieve::cli
