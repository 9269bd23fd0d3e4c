// reprieve: the verb that the command line names, and nothing printed that has no reader.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <string_view>

#include "cli/exit_code.h"
#include "cli/help.h"
#include "cli/help_format.h"
#include "cli/standard_output.h"
#include "cli/usage.h"
#include "cli/verb.h"

namespace {

using namespace reprieve;

// A closed descriptor must not become some file that is opened later.
void HoldStandardDescriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // Read-only: writes to it fail, as they should.
    if (fcntl(descriptor, F_GETFD) == -1) [[maybe_unused]]
      const int held = open("/dev/null", O_RDONLY);
  }
}

// Output that was lost must not pass for output that there was not.
int Finish(int code, bool only_prints) {
  std::fflush(stdout);
  const int error = cli::StandardOutputError();
  if (code == cli::kReaderGone || error == EPIPE) cli::DieOfSigpipe();
  cli::TellLostOutput();
  return error != 0 && only_prints && code == cli::kCompleted ? cli::kCannotRun : code;
}

int Print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return Finish(cli::kCompleted, true);
}

// As what it was called: kubectl runs kubectl-reprieve for `kubectl reprieve`.
const char* ProgramName(const char* path) {
  const std::string_view name = std::string_view(path).substr(std::string_view(path).rfind('/') + 1);
  return name.starts_with("kubectl-reprieve") ? "kubectl reprieve" : "reprieve";
}

int Main(int argc, char** argv) {
  if (argc == 1) return Print(cli::kFirstHelp);
  CLI::App app("Runs Kubernetes Jobs on this machine and judges their failures by their own rules.",
               ProgramName(argv[0]));
  cli::UseHelpFormat(app);
  app.set_version_flag("--version", cli::kVersionLine);
  app.require_subcommand(1);
  std::vector<std::unique_ptr<cli::Verb>> verbs;
  for (auto make : {cli::MakeRun, cli::MakeValidate, cli::MakeLint, cli::MakeTest, cli::MakeSimulate, cli::MakeExplain,
                    cli::MakeController, cli::MakeManifests, cli::MakePull, cli::MakeClean, cli::MakeAgent,
                    cli::MakeCompletion, cli::MakeHelp, cli::MakeVersion}) {
    verbs.push_back(make());
    verbs.back()->Declare(app);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const auto chosen = app.get_subcommands();
    return Print(cli::HelpText(chosen.empty() ? app : *chosen.front()));
  } catch (const CLI::CallForVersion&) {
    return Print(std::string(cli::kVersionLine) + "\n");
  } catch (const CLI::ParseError& error) {
    return Finish(cli::TellBadUsage(app, error, argc, argv), true);
  }
  const auto all = app.get_subcommands({});
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i]->parsed()) continue;
    const int code = verbs[i]->Run();
    return Finish(code, verbs[i]->only_prints());
  }
  return cli::kBadInput;
}

}  // namespace

int main(int argc, char** argv) {
  HoldStandardDescriptors();
  cli::WatchStandardOutput();
  return Main(argc, argv);
}
