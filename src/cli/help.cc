// reprieve help [VERB] and reprieve version: the same as --help and --version.
#include "cli/help.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/verb.h"

namespace reprieve::cli {

const char* const kFirstHelp =
    "reprieve runs Kubernetes Jobs on this machine and judges their failures by their own rules.\n"
    "  reprieve run FILE...        run Jobs to their end: pods are processes here, no cluster needed\n"
    "  reprieve validate FILE...   say all that is wrong with manifests, or nothing\n"
    "  reprieve lint FILE...       say what of a failure policy does not do what it reads as\n"
    "  reprieve test FILE...       try failure policies on virtual time, case by case\n"
    "  reprieve simulate SCENARIO  say what a failure policy costs, and why\n"
    "  reprieve explain [FILE...]  say what happened to Jobs, by which rule, and what comes next\n"
    "  reprieve pull FILE...       pull the images of manifests beforehand\n"
    "  reprieve clean              remove old logs and journals, and volumes of runs that were killed\n"
    "  reprieve help [VERB]        all verbs, or the flags and examples of one\n"
    "Try: printf '{apiVersion: batch/v1, kind: Job, metadata: {name: hello}, spec: {template: {spec: "
    "{restartPolicy: Never, containers: [{name: main, image: here, command: [echo, hello]}]}}}}' | reprieve run --logs "
    "-\n";

std::string HelpText(CLI::App& app) {
  // The examples first: they are what most people came for.
  const std::string examples = app.get_footer();
  app.footer("");
  const std::string name =
      app.get_parent() == nullptr ? app.get_name() : Cat(app.get_parent()->get_name(), " ", app.get_name());
  // Not app.help(): that is the help of the verb which the command line names.
  const std::string help = app.get_formatter()->make_help(&app, name, CLI::AppFormatMode::Normal);
  return Cat(examples, examples.empty() ? "" : "\n\n", help);
}

namespace {

class HelpVerb final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    app_ = &app;
    CLI::App* verb = app.add_subcommand("help", "Print the help of a verb, or of all");
    verb->footer("Example:\n  reprieve help run");
    verb->add_option("VERB", about_, "One of those that `reprieve help` lists");
  }

  int Run() override {
    if (about_.empty()) return Print(*app_);
    std::vector<std::string> names;
    for (CLI::App* verb : app_->get_subcommands({})) {
      if (verb->get_name() == about_) return Print(*verb);
      names.push_back(verb->get_name());
    }
    const std::string_view near = NearestWord(about_, {names.begin(), names.end()});
    std::fprintf(stderr, "reprieve: there is no verb %s\n%sSee reprieve help.\n", about_.c_str(),
                 near.empty() ? "" : Cat("Did you mean ", near, "? ").c_str());
    return kBadInput;
  }

 private:
  static int Print(CLI::App& app) {
    std::fputs(HelpText(app).c_str(), stdout);
    return kCompleted;
  }

  CLI::App* app_ = nullptr;
  std::string about_;
};

class VersionVerb final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    app.add_subcommand("version", "Print the version")->footer("Example:\n  reprieve version");
  }
  int Run() override {
    std::puts(kVersionLine);
    return kCompleted;
  }
};

}  // namespace

std::unique_ptr<Verb> MakeHelp() {
  return std::make_unique<HelpVerb>();
}

std::unique_ptr<Verb> MakeVersion() {
  return std::make_unique<VersionVerb>();
}

}  // namespace reprieve::cli
