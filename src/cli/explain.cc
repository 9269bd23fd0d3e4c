// reprieve explain FILE...: what happened to Jobs and JobSets, why, and what comes next.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/text.h"
#include "cli/error_json.h"
#include "cli/exit_code.h"
#include "cli/explain_load.h"
#include "cli/explain_text.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "document/json.h"
#include "report/explanation_json.h"

namespace reprieve::cli {
namespace {

std::string CheckTime(const std::string& text) {
  return ParseRfc3339(text) ? std::string() : std::string("expected a time such as 2026-11-22T12:03:22Z");
}

class ExplainVerb final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    CLI::App* verb = app.add_subcommand("explain", "Say what happened to Jobs, by which rule, and what comes next");
    verb->footer(
        "Examples:\n"
        "  kubectl get jobset,job,pod,event -o yaml | reprieve explain -\n"
        "  reprieve explain dump.yaml --at 2026-11-22T12:10:00Z\n\n"
        "Exit code 0: explained; 2: bad input.");
    verb->add_option("FILE", files_, "Objects of a cluster: files, folders, or - for standard input");
    verb->add_option("--at", at_, "The time that counts as now (default: the newest in the objects)")
        ->option_text("TIME")
        ->check(CheckTime);
    verb->add_flag("--all", all_, "Show every failure, however many are alike");
    verb->add_option("-o,--output", output_, "json: one object (default text)")->check(CLI::IsMember({"text", "json"}));
    verb->add_option("--color", color_, "Colours (default auto: on a terminal, unless NO_COLOR is set)")
        ->check(CLI::IsMember({"auto", "always", "never"}));
  }

  int Run() override {
    if (files_.empty()) return Refuse("FILE is required: a file, a folder, or - for standard input");
    const LoadedObjects loaded = LoadObjects(files_);
    if (loaded.error) return Refuse(*loaded.error);
    if (loaded.objects.empty()) return Refuse(NothingToExplain(loaded.objects));
    report::NowSource source = report::NowSource::kObjects;
    Time now = loaded.objects.newest.value_or(Time{});
    if (!at_.empty()) {
      source = report::NowSource::kFlag;
      now = *ParseRfc3339(at_);
    }
    const report::Explanation explanation = report::Explain(loaded.objects, now, source);
    if (output_ == "json") {
      std::printf("%s\n", document::WriteJson(report::ToValue(explanation)).c_str());
      return kCompleted;
    }
    ExplainTextOptions options;
    options.all = all_;
    if (IsTerminal(STDOUT_FILENO)) options.columns = SizeOfTerminal(STDOUT_FILENO).columns;
    std::fputs(ToText(explanation, Style(ColorNamed(color_), STDOUT_FILENO), options).c_str(), stdout);
    return kCompleted;
  }

 private:
  static std::string NothingToExplain(const report::Objects& objects) {
    std::vector<std::string> kinds;
    for (const auto& [kind, count] : objects.others) kinds.push_back(Cat(count, " ", kind));
    return Cat("no JobSet, Job or Pod among the objects", kinds.empty() ? "" : Cat(" (", Join(kinds, ", "), ")"),
               "; get them with kubectl get jobset,job,pod,event -o yaml");
  }

  int Refuse(const std::string& message) const {
    if (output_ == "json") {
      std::puts(document::WriteJson(ErrorObject(message)).c_str());
    } else {
      std::fprintf(stderr, "reprieve: %s\n", message.c_str());
    }
    return kBadInput;
  }

  int Refuse(const Diagnostic& error) const {
    if (output_ == "json") {
      std::puts(document::WriteJson(ErrorObject(error)).c_str());
      return kBadInput;
    }
    std::string text = error.source->name;
    if (error.mark.line != 0) AppendTo(text, ":", error.mark.line, ":", error.mark.column);
    AppendTo(text, ": ", error.message, "\n");
    if (!error.advice.empty()) AppendTo(text, "  ", error.advice, "\n");
    std::fputs(text.c_str(), stderr);
    return kBadInput;
  }

  std::vector<std::string> files_;
  std::string at_;
  bool all_ = false;
  std::string output_ = "text";
  std::string color_ = "auto";
};

}  // namespace

std::unique_ptr<Verb> MakeExplain() {
  return std::make_unique<ExplainVerb>();
}

}  // namespace reprieve::cli
