// reprieve: what it is told to do, and nothing printed that has no reader.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/verb.h"

namespace {

using namespace reprieve;

constexpr const char* kSixLines =
    "reprieve runs Kubernetes Jobs on this machine and judges their failures by their own rules.\n"
    "  reprieve run FILE...        run Jobs to their end: pods are processes here, no cluster needed\n"
    "  reprieve validate FILE...   say all that is wrong with manifests, or nothing\n"
    "  reprieve completion SHELL   print shell completion for bash, zsh or fish\n"
    "  reprieve VERB --help        flags and examples of a verb\n"
    "Try: printf '{apiVersion: batch/v1, kind: Job, metadata: {name: hello}, spec: {template: {spec: "
    "{restartPolicy: Never, containers: [{name: main, image: here, command: [echo, hello]}]}}}}' | reprieve run --logs "
    "-\n";

// An unknown flag or verb names its nearest neighbour.
int BadUsage(CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  std::vector<std::string> names;
  CLI::App* at = &app;
  for (CLI::App* verb : app.get_subcommands({})) names.push_back(verb->get_name());
  if (argc > 1) {
    for (CLI::App* verb : app.get_subcommands({})) {
      if (verb->get_name() == argv[1]) at = verb;
    }
  }
  if (at != &app) {
    names.clear();
    for (const CLI::Option* option : at->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  std::string advice;
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  for (int i = at == &app ? 1 : 2; i < argc; ++i) {
    const std::string_view word = std::string_view(argv[i]).substr(0, std::string_view(argv[i]).find('='));
    const bool known = std::find(candidates.begin(), candidates.end(), word) != candidates.end();
    if (known || (at != &app && !word.starts_with("--"))) continue;
    if (const auto near = NearestWord(word, candidates); !near.empty()) {
      advice = Cat("Did you mean ", near, "? ");
      break;
    }
  }
  const bool no_verb = at == &app && argv[1][0] != '-';
  const std::string what = no_verb ? Cat("there is no verb ", argv[1]) : std::string(error.what());
  std::fprintf(stderr, "reprieve: %s\n%sSee reprieve %s%s--help.\n", what.c_str(), advice.c_str(),
               at == &app ? "" : at->get_name().c_str(), at == &app ? "" : " ");
  return cli::kBadInput;
}

// A closed descriptor must not become some file that is opened later.
void HoldStandardDescriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // Read-only: who writes there learns that nobody will read it.
    if (fcntl(descriptor, F_GETFD) == -1) [[maybe_unused]]
      const int held = open("/dev/null", O_RDONLY);
  }
}

// What could not be printed must not pass for what was not to be said.
int WithoutLoss(int code) {
  const bool flushed = std::fflush(stdout) == 0;
  if (flushed && std::ferror(stdout) == 0) return code;
  std::fprintf(stderr, "reprieve: standard output could not be written%s%s; part of what was said is lost.\n",
               flushed ? "" : ": ", flushed ? "" : strerrordesc_np(errno));
  return code == cli::kCompleted ? cli::kCannotRun : code;
}

int Main(int argc, char** argv) {
  if (argc == 1) {
    std::fputs(kSixLines, stdout);
    return cli::kCompleted;
  }
  CLI::App app("Runs Kubernetes Jobs on this machine and judges their failures by their own rules.", "reprieve");
  app.set_version_flag("--version", "reprieve 0.1.0");
  app.require_subcommand(1);
  std::vector<std::unique_ptr<cli::Verb>> verbs;
  for (auto make : {cli::MakeRun, cli::MakeValidate, cli::MakeAgent, cli::MakeCompletion}) {
    verbs.push_back(make());
    verbs.back()->Declare(app);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    CLI::App& of = chosen.empty() ? app : *chosen.front();
    // The example first: it is what most people came for.
    const std::string example = of.get_footer();
    of.footer("");
    std::fputs(Cat(example, example.empty() ? "" : "\n\n", of.help()).c_str(), stdout);
    return cli::kCompleted;
  } catch (const CLI::CallForVersion&) {
    std::puts("reprieve 0.1.0");
    return cli::kCompleted;
  } catch (const CLI::ParseError& error) {
    return BadUsage(app, error, argc, argv);
  }
  const auto all = app.get_subcommands({});
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i]->parsed()) return verbs[i]->Run();
  }
  return cli::kBadInput;
}

}  // namespace

int main(int argc, char** argv) {
  HoldStandardDescriptors();
  return WithoutLoss(Main(argc, argv));
}
