// reprieve test FILE...: what failure policies do, on virtual time.
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "cli/common_options.h"
#include "cli/exit_code.h"
#include "cli/files_option.h"
#include "cli/refusal.h"
#include "cli/test_case.h"
#include "cli/test_coverage.h"
#include "cli/test_init.h"
#include "cli/test_output.h"
#include "cli/test_suite.h"
#include "cli/test_watch.h"
#include "cli/verb.h"
#include "cli/verb_options.h"
#include "cli/version_options.h"
#include "model/feature_gates.h"

namespace reprieve::cli {
namespace {

class Test final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    VerbOptions verb(app, "test", "Try failure policies on virtual time: cases of what happens, and what must hold");
    verb.Footer(
        "Example:\n  reprieve test --init train.yaml > train-test.yaml\n  reprieve test train-test.yaml\n\n"
        "docs/TEST.md has the language of the cases.\n\n"
        "Exit code 0: all cases passed; 1: one failed; 2: the input is wrong.");
    files_.Declare(verb);
    verb.Add("--filter", filter_, "Only cases whose names have this in them").Value("NAME");
    verb.AddFlag("--init", init_, "Write a first policy test for manifests, and run nothing");
    verb.AddFlag("--coverage", coverage_, "Then say which rules and limits no case has exercised");
    verb.AddFlag("--watch", watch_, "Run again whenever one of the files changes");
    AddFeatureGates(verb, gates_);
    versions_.Declare(verb);
    verb.Add("-o,--output", output_, "text, json, junit or tap (default text)").OneOf({"text", "json", "junit", "tap"});
    AddColor(verb, color_);
  }

  int Run() override {
    if (files_.empty()) return Tell(BadInput({FileIsRequired("test")}), ColorNamed(color_), output_ == "json");
    if (init_) return InitTest(files_.All(), Servers(), gates_, ColorNamed(color_));
    if (!watch_) return RunOnce(nullptr);
    FileWatch watch;
    for (;;) {
      RunOnce(&watch);
      std::fflush(stdout);
      if (!watch.Wait()) return kCompleted;
    }
  }

 private:
  admission::ServerVersions Servers() const {
    return {versions_.kubernetes(), versions_.jobset(), *model::ParseFeatureGates(gates_)};
  }

  int RunOnce(FileWatch* watch) const {
    const Suite suite = LoadSuite(files_.All(), Servers());
    if (watch != nullptr) watch->Watch(suite.files);
    if (!suite.errors.empty()) {
      return cli::Tell({kBadInput, suite.errors, ""}, ColorNamed(color_), output_ == "json");
    }
    std::size_t count = 0;
    for (const SuiteTest& test : suite.tests) {
      for (const sim::PolicyCase& each : test.test.cases) count += Wanted(each) ? 1 : 0;
    }
    if (count == 0 && !filter_.empty()) {
      return cli::Tell(BadInput({Cat("no case has '", filter_, "' in its name")}), ColorNamed(color_),
                       output_ == "json");
    }
    const auto output = MakeTestOutput(output_, Style(ColorNamed(color_), STDOUT_FILENO));
    output->Begin(count);
    bool failed = false;
    std::set<std::string> exercised;
    for (const SuiteTest& test : suite.tests) {
      for (const sim::PolicyCase& each : test.test.cases) {
        if (!Wanted(each)) continue;
        CaseReport report = RunCase(test, each);
        failed |= !report.passed();
        exercised.merge(report.exercised);
        output->Tell(report);
      }
    }
    output->End();
    if (coverage_) TellCoverage(suite, exercised);
    return failed ? kFailed : kCompleted;
  }

  bool Wanted(const sim::PolicyCase& each) const {
    return filter_.empty() || each.name.find(filter_) != std::string::npos;
  }

  // On standard error where a machine reads standard output.
  void TellCoverage(const Suite& suite, const std::set<std::string>& exercised) const {
    std::FILE* out = output_ == "text" ? stdout : stderr;
    std::set<std::string> told;
    std::size_t all = 0;
    std::string missing;
    for (const SuiteTest& test : suite.tests) {
      for (const PolicyPart& part : PartsOf(*test.loaded)) {
        if (!told.insert(Cat(part.name, part.place)).second) continue;
        ++all;
        if (exercised.contains(part.name)) continue;
        AppendTo(missing, "  ", part.name, part.place.empty() ? std::string() : Cat("  ", part.place), "\n");
      }
    }
    const auto left = static_cast<std::size_t>(std::count(missing.begin(), missing.end(), '\n'));
    std::fprintf(out, "\n%zu of %zu rules and limits were exercised%s\n%s", all - left, all,
                 left == 0 ? "" : "; not these:", missing.c_str());
  }

  FilesOption files_;
  VersionOptions versions_;
  std::string gates_;
  std::string filter_;
  bool init_ = false;
  bool coverage_ = false;
  bool watch_ = false;
  std::string output_ = "text";
  std::string color_ = "auto";
};

}  // namespace

std::unique_ptr<Verb> MakeTest() {
  return std::make_unique<Test>();
}

}  // namespace reprieve::cli
