#include "cli/test_suite.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "base/text.h"
#include "cli/incident_names.h"
#include "cli/text_file.h"
#include "sim/simulation.h"

namespace reprieve::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKind = "PolicyTest";

class SuiteLoader {
 public:
  explicit SuiteLoader(const admission::ServerVersions& servers) : servers_(servers) {}

  Suite Run(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      std::error_code none;
      ReadPath(path, fs::is_directory(path, none));
    }
    std::vector<std::string> files = out_.files;
    SortByPlace(out_.errors, files);
    return std::move(out_);
  }

 private:
  void ReadPath(const std::string& path, bool folder) {
    admission::Manifests documents = admission::ReadManifests(path);
    for (const std::string& file : documents.files) NoteFile(file);
    for (admission::ManifestError& error : documents.errors) {
      out_.errors.push_back({std::move(error.file), error.mark, "", std::move(error.message), std::move(error.advice)});
    }
    const std::size_t before = out_.tests.size();
    std::shared_ptr<const admission::ManifestFile> other;
    for (const admission::ManifestObject& document : documents.objects) {
      if (document.value["kind"].AsText() == kKind) {
        Read(document);
      } else {
        other = document.file;
      }
    }
    if (out_.tests.size() > before || !documents.errors.empty()) return;
    const auto whole = std::make_shared<const admission::ManifestFile>(admission::ManifestFile{path, {}});
    out_.errors.push_back({folder || other == nullptr ? whole : other,
                           {},
                           "",
                           "holds no PolicyTest",
                           "`reprieve test --init MANIFEST` writes a first one."});
  }

  void Read(const admission::ManifestObject& document) {
    std::vector<sim::DocumentError> errors;
    SuiteTest test;
    test.test = sim::ReadPolicyTest(document, errors, servers_.gates);
    for (sim::DocumentError& error : errors) {
      out_.errors.push_back(
          {document.file, error.mark, std::move(error.path), std::move(error.message), std::move(error.advice)});
    }
    test.loaded = ManifestsOf(test.test);
    const bool sound = test.loaded->errors.empty();
    if (sound) {
      MakeNodes(test);
      for (std::size_t i = 0; i < test.test.cases.size(); ++i) CheckNames(test, test.test.cases[i]);
    }
    out_.tests.push_back(std::move(test));
  }

  std::shared_ptr<const Loaded> ManifestsOf(const sim::PolicyTest& test) {
    std::vector<std::string> paths;
    for (const auto& name : test.manifests) {
      if (!name.value.empty()) paths.push_back(Beside(test.file->name, name.value));
    }
    const model::FeatureGates& gates = test.cluster.gates;
    std::shared_ptr<const Loaded>& loaded =
        loaded_[{paths, {gates.in_place_restart, gates.restart_job, gates.elastic_job_set}}];
    if (loaded != nullptr) return loaded;
    admission::ServerVersions servers = servers_;
    servers.gates = test.cluster.gates;
    loaded = std::make_shared<const Loaded>(LoadForTest(paths, servers));
    for (const std::string& file : loaded->files) NoteFile(file);
    for (const Diagnostic& error : loaded->errors) out_.errors.push_back(error);
    if (loaded->errors.empty() && loaded->jobs.empty() && loaded->jobsets.empty() && !paths.empty()) {
      out_.errors.push_back({test.file, test.manifests.front().mark, "manifests",
                             "there is no Job and no JobSet in them", "Name the files that hold them."});
    }
    return loaded;
  }

  static void MakeNodes(SuiteTest& test) {
    std::vector<std::map<std::string, std::string>> labels;
    for (const sim::TestNodes& group : test.test.cluster.nodes) {
      for (std::int32_t i = 0; i < group.count; ++i) labels.push_back(group.labels);
    }
    test.nodes = sim::NodesThatFit(test.objects(), labels.size(), labels);
  }

  void CheckNames(const SuiteTest& test, const sim::PolicyCase& each) {
    std::vector<std::string> nodes;
    for (const scheduler::Node& node : test.nodes) nodes.push_back(node.name);
    const IncidentNames names(std::move(nodes), *test.loaded);
    for (const auto& incident : each.when) {
      auto fault = names.Check(incident.value);
      if (!fault) continue;
      if (!incident.value.node.empty()) fault->advice = "Give the test more nodes: cluster: {nodes: 8}.";
      Complain(test, incident.mark, fault->at, "when", std::move(fault->message), std::move(fault->advice));
    }
    for (const auto& expectation : each.expect) {
      if (IsKnown(names, expectation.value)) continue;
      const sim::Expectation& want = expectation.value;
      const bool pod = IsAboutPod(want);
      const std::string near = pod ? names.NearestPod(want.name) : names.NearestOwner(want.name);
      Complain(test, expectation.mark, want.name_at, "expect", Cat("nothing of these manifests is called ", want.name),
               near.empty() ? std::string() : Cat("Did you mean ", near, "?"));
    }
  }

  static bool IsAboutPod(const sim::Expectation& want) {
    return want.what == sim::Expectation::What::kPodStarts || want.what == sim::Expectation::What::kPodNeverStarts;
  }

  static bool IsKnown(const IncidentNames& names, const sim::Expectation& want) {
    if (want.name.empty()) return true;
    if (IsAboutPod(want)) return names.FindPod(want.name) != nullptr;
    if (want.what == sim::Expectation::What::kPods && names.FindPod(want.name) != nullptr) return true;
    return names.HasJob(want.name) || names.HasJobSet(want.name) || names.HasGroup(want.name);
  }

  void Complain(const SuiteTest& test, document::Mark sentence, std::size_t at, std::string field, std::string message,
                std::string advice) {
    sentence.column += static_cast<std::uint32_t>(at);
    out_.errors.push_back({test.test.file, sentence, std::move(field), std::move(message), std::move(advice)});
  }

  void NoteFile(const std::string& file) {
    if (std::find(out_.files.begin(), out_.files.end(), file) == out_.files.end()) out_.files.push_back(file);
  }

  const admission::ServerVersions servers_;
  Suite out_;
  // By the files' names and by the gates.
  std::map<std::pair<std::vector<std::string>, std::vector<bool>>, std::shared_ptr<const Loaded>> loaded_;
};

}  // namespace

sim::CaseObjects SuiteTest::objects() const {
  sim::CaseObjects out;
  for (const LoadedJob& job : loaded->jobs) out.jobs.push_back(&job.job);
  for (const LoadedJobSet& jobset : loaded->jobsets) out.jobsets.push_back(&jobset.jobset);
  return out;
}

Loaded LoadForTest(const std::vector<std::string>& paths, const admission::ServerVersions& servers) {
  if (paths.empty()) return {};
  LoadOptions options;
  options.servers = servers;
  options.now = sim::SimulationOptions().start;
  UseCountedIdentities(options);
  Loaded loaded = Load(paths, options);
  RefuseNotRun(loaded);
  return loaded;
}

Suite LoadSuite(const std::vector<std::string>& paths, const admission::ServerVersions& servers) {
  return SuiteLoader(servers).Run(paths);
}

}  // namespace reprieve::cli
