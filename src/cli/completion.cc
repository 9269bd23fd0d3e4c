// reprieve completion SHELL: completion for bash, zsh and fish, from one list of verbs and flags.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/verb.h"

namespace reprieve::cli {
namespace {

class Completion final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    app_ = &app;
    CLI::App* verb = app.add_subcommand("completion", "Print shell completion for bash, zsh or fish");
    verb->footer("Example:\n  reprieve completion bash > /etc/bash_completion.d/reprieve");
    verb->add_option("SHELL", shell_, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  }

  int Run() override {
    std::string verbs;
    std::string cases;
    std::string fish;
    for (const CLI::App* verb : app_->get_subcommands({})) {
      std::string flags;
      for (const CLI::Option* option : verb->get_options()) {
        for (const std::string& name : option->get_lnames()) {
          AppendTo(flags, " --", name);
          AppendTo(fish, "complete -c reprieve -n '__fish_seen_subcommand_from ", verb->get_name(), "' -l ", name,
                   "\n");
        }
      }
      AppendTo(verbs, verbs.empty() ? "" : " ", verb->get_name());
      AppendTo(cases, "    ", verb->get_name(), ") words='", Trim(flags), "' ;;\n");
      AppendTo(fish, "complete -c reprieve -n __fish_use_subcommand -a ", verb->get_name(), " -d '",
               verb->get_description(), "'\n");
    }
    const std::string bash = Cat("_reprieve() {\n  local words='", verbs, "'\n  case ${COMP_WORDS[1]} in\n", cases,
                                 "  esac\n  [ \"$COMP_CWORD\" -eq 1 ] && words='", verbs,
                                 "'\n  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n"
                                 "complete -o default -F _reprieve reprieve\n");
    if (shell_ == "bash") std::fputs(bash.c_str(), stdout);
    if (shell_ == "zsh") std::fputs(Cat("autoload -U +X bashcompinit && bashcompinit\n", bash).c_str(), stdout);
    if (shell_ == "fish") std::fputs(fish.c_str(), stdout);
    return kCompleted;
  }

 private:
  CLI::App* app_ = nullptr;
  std::string shell_;
};

}  // namespace

std::unique_ptr<Verb> MakeCompletion() {
  return std::make_unique<Completion>();
}

}  // namespace reprieve::cli
