// reprieve lint FILE...: what of a Job or a JobSet does not do what it reads as, and the change to make.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iterator>

#include "base/text.h"
#include "cli/cluster_options.h"
#include "cli/common_options.h"
#include "cli/exit_code.h"
#include "cli/exported.h"
#include "cli/files_option.h"
#include "cli/lint_run.h"
#include "cli/refusal.h"
#include "cli/text_file.h"
#include "cli/verb.h"
#include "cli/verb_options.h"
#include "cli/version_options.h"
#include "document/yaml_write.h"
#include "kube/live_reader.h"
#include "lint/pages.h"
#include "model/feature_gates.h"

namespace reprieve::cli {
namespace {

namespace fs = std::filesystem;

// Why it is no list of codes; empty if it is one.
std::string CheckCodes(const std::string& text) {
  const auto codes = lint::ParseCodes(text);
  const auto* word = std::get_if<std::string>(&codes);
  if (word == nullptr) return {};
  std::vector<std::string_view> ids;
  for (const lint::CodeFacts& facts : lint::AllCodes()) ids.push_back(facts.id);
  const std::string_view near = NearestWord(*word, ids);
  return Cat("there is no code ", *word, "; they are ", ids.front(), " to ", ids.back(),
             near.empty() ? std::string() : Cat(". Did you mean ", near, "?"));
}

// The nearest .reprieve-lint.yaml: in this folder or one above it, as far as the repository goes; empty: none.
std::string FindSettings() {
  std::error_code fault;
  for (fs::path folder = fs::current_path(fault); !fault && !folder.empty(); folder = folder.parent_path()) {
    const fs::path file = folder / lint::kSettingsFile;
    if (fs::is_regular_file(file, fault)) return file.string();
    if (fs::exists(folder / ".git", fault) || folder == folder.root_path()) break;
  }
  return {};
}

class Lint final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    VerbOptions verb(app, "lint", "Say what of a failure policy does not do what it reads as");
    verb_ = verb;
    verb.Footer(
        "Examples:\n"
        "  reprieve lint train.yaml\n"
        "  helm template ./chart | reprieve lint -\n"
        "  reprieve lint --live -n team-a\n"
        "  reprieve lint --explain RP007\n\n"
        "Exit code 0: nothing at or above --fail-on; 1: findings; 2: bad input; 3: the\n"
        "cluster can't be reached or refuses.");
    files_.Declare(verb);
    verb.AddFlag("--live", live_, "Look at the Jobs, JobSets and CronJobs of a cluster instead of files");
    DeclareClusterOptions(verb, cluster_);
    verb.AddFlag("-A,--all-namespaces", all_namespaces_, "Of all its namespaces");
    verb.Add("--explain", explain_, "Print the page of a code, with a bad and a good manifest")
        .Value("CODE")
        .Check(CheckCodes);
    verb.Add("--disable", disable_, "Codes that are not looked for; repeatable")
        .Value("CODE,...")
        .OneEach()
        .Check(CheckCodes);
    verb.Add("--fail-on", fail_on_, "The least severity that makes the exit code 1 (default warning)")
        .OneOf({"error", "warning", "info", "never"});
    verb.Add("--config", config_,
             Cat("Settings (default ", lint::kSettingsFile, " in this folder or the nearest above it)"))
        .Value("FILE");
    AddFeatureGates(verb, gates_);
    versions_.Declare(verb);
    AddExported(verb, exported_);
    verb.Add("-o,--output", output_, "json: one object a line; sarif: 2.1.0; github: workflow commands (default text)")
        .OneOf({"text", "json", "sarif", "github"});
    AddColor(verb, color_);
  }

  int Run() override {
    if (!explain_.empty()) return Explain();
    if (live_ && !files_.empty()) return Refuse(BadInput({"--live looks at a cluster; leave out FILE"}));
    if (!live_ && files_.empty()) return Refuse(BadInput({FileIsRequired("lint")}));
    lint::Settings settings;
    if (Refusal refusal = ReadConfig(settings); refusal.exit_code != kCompleted) return Refuse(refusal);
    for (const std::string& codes : disable_) settings.disabled.merge(std::get<0>(lint::ParseCodes(codes)));
    LoadOptions options = Options(settings);
    if (live_) {
      if (Refusal refusal = ReadCluster(options); refusal.exit_code != kCompleted) return Refuse(refusal);
    }
    const LintResult result = LintFiles(live_ ? std::vector<std::string>() : files_.All(), options, settings);
    Print(result);
    if (!result.errors.empty()) return kBadInput;
    const lint::FailOn fail_on = fail_on_.empty() ? settings.fail_on.value_or(lint::FailOn(lint::Severity::kWarning))
                                                  : *lint::ParseFailOn(fail_on_);
    const bool fails = fail_on && std::any_of(result.findings.begin(), result.findings.end(),
                                              [&](const auto& finding) { return finding.severity >= *fail_on; });
    return fails ? kFailed : kCompleted;
  }

 private:
  int Explain() const {
    const auto codes = lint::ParseCodes(explain_);
    for (const lint::Code code : std::get<0>(codes)) {
      std::fputs(lint::PageOf(code).c_str(), stdout);
    }
    return kCompleted;
  }

  int Refuse(const Refusal& refusal) const { return Tell(refusal, ColorNamed(color_), output_ == "json"); }

  // Exit code 0: they are read, or there are none.
  Refusal ReadConfig(lint::Settings& settings) const {
    const std::string path = config_.empty() ? FindSettings() : config_;
    Refusal out{kCompleted, {}, {}};
    if (path.empty()) return out;
    auto text = ReadTextFile(path);
    if (!text.ok()) return BadInput(text.error());
    const auto source =
        std::make_shared<const admission::ManifestFile>(admission::ManifestFile{path, std::move(*text)});
    for (const lint::SettingsError& error : lint::ReadSettings(source->text, settings)) {
      out.exit_code = kBadInput;
      out.errors.push_back({source, error.mark, error.field, error.message, error.advice});
    }
    return out;
  }

  // Exit code 0: what it has is in `options`.
  Refusal ReadCluster(LoadOptions& options) const {
    auto reader = kube::LiveReader::Make(cluster_.access, kube::TheseSurroundings());
    if (!reader) return BadInput(reader.error());
    std::string name_space = cluster_.namespace_.empty() ? (*reader)->usual_namespace() : cluster_.namespace_;
    if (all_namespaces_) name_space.clear();
    std::vector<document::Value> objects;
    if (auto error = (*reader)->ReadWorkloads(name_space, objects)) return CannotRun(Error{std::move(error->message)});
    for (document::Value& object : objects) {
      const document::Value& metadata = object["metadata"];
      const std::string name =
          Cat(metadata["namespace"].AsText(), "/", ToLower(object["kind"].AsText()), "/", metadata["name"].AsText());
      options.texts.push_back({name, document::WriteYaml(WithoutServerFields(std::move(object)))});
    }
    options.exported = true;
    return {kCompleted, {}, {}};
  }

  // What the command line says wins over the settings.
  LoadOptions Options(const lint::Settings& settings) const {
    const auto chosen = [&](const char* option, const std::string& setting) {
      return !verb_.given(option) && !setting.empty();
    };
    LoadOptions options;
    options.lint = true;
    options.exported = exported_;
    options.now = std::chrono::system_clock::now();
    options.servers.kubernetes = chosen("--kubernetes-version", settings.kubernetes_version)
                                     ? *model::ParseKubernetesVersion(settings.kubernetes_version)
                                     : versions_.kubernetes();
    options.servers.jobset = chosen("--jobset-version", settings.jobset_version)
                                 ? *model::ParseJobSetVersion(settings.jobset_version)
                                 : versions_.jobset();
    options.servers.gates =
        *model::ParseFeatureGates(chosen("--feature-gates", settings.feature_gates) ? settings.feature_gates : gates_);
    UseCountedIdentities(options);
    return options;
  }

  void Print(const LintResult& result) const {
    const std::string text = output_ == "json"     ? LintJson(result)
                             : output_ == "sarif"  ? LintSarif(result)
                             : output_ == "github" ? LintGithub(result)
                                                   : LintText(result, Style(ColorNamed(color_), STDOUT_FILENO));
    std::fwrite(text.data(), 1, text.size(), stdout);
  }

  VerbOptions verb_;
  FilesOption files_;
  ClusterOptions cluster_;
  bool live_ = false;
  bool all_namespaces_ = false;
  std::string explain_;
  std::vector<std::string> disable_;
  std::string fail_on_;
  std::string config_;
  std::string gates_;
  VersionOptions versions_;
  bool exported_ = false;
  std::string output_ = "text";
  std::string color_ = "auto";
};

}  // namespace

std::unique_ptr<Verb> MakeLint() {
  return std::make_unique<Lint>();
}

}  // namespace reprieve::cli
