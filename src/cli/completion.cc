// reprieve completion SHELL: completion for bash, zsh and fish, made from the verbs and flags as they are declared.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/option_values.h"
#include "cli/verb.h"

namespace reprieve::cli {
namespace {

struct Flag {
  std::vector<std::string> names;  // with their dashes
  std::string description;
  std::vector<std::string> values;  // those that there are; empty: any, or none
  bool takes_value = false;
};

struct VerbWords {
  std::string name;
  std::string description;
  std::vector<Flag> flags;
  std::vector<std::string> words;  // what may stand without a flag; empty: files
};

Flag FlagOf(const CLI::Option& option) {
  Flag out;
  for (const std::string& name : option.get_lnames()) out.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) out.names.push_back("-" + name);
  out.description = option.get_description();
  out.values = ValuesOf(option);
  out.takes_value = option.get_items_expected_max() > 0;
  return out;
}

std::vector<VerbWords> WordsOf(const CLI::App& app) {
  std::vector<VerbWords> out;
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands({})) {
    VerbWords& words = out.emplace_back();
    words.name = verb->get_name();
    words.description = verb->get_description();
    names.push_back(words.name);
    for (const CLI::Option* option : verb->get_options()) {
      if (option->get_positional()) {
        words.words = ValuesOf(*option);
      } else {
        words.flags.push_back(FlagOf(*option));
      }
    }
  }
  for (VerbWords& words : out) {
    if (words.name == "help") words.words = names;
  }
  return out;
}

std::string NamesOf(const std::vector<VerbWords>& verbs) {
  std::vector<std::string> out;
  out.reserve(verbs.size());
  for (const VerbWords& verb : verbs) out.push_back(verb.name);
  return Join(out, " ");
}

// One line of the case on "VERB WORD-BEFORE": what that flag may be given.
std::string BashValues(const VerbWords& verb, const Flag& flag) {
  std::vector<std::string> patterns;
  for (const std::string& name : flag.names) patterns.push_back(Cat("'", verb.name, " ", name, "'"));
  return Cat("    ", Join(patterns, " | "), ") words='", Join(flag.values, " "), "' ;;\n");
}

std::string BashWords(const VerbWords& verb) {
  std::vector<std::string> flags;
  for (const Flag& flag : verb.flags) flags.insert(flags.end(), flag.names.begin(), flag.names.end());
  return Cat("      ", verb.name, ") words='", Join(verb.words, " "), "'; flags='", Join(flags, " "), "' ;;\n");
}

std::string Bash(const std::vector<VerbWords>& verbs) {
  std::string values;
  std::string words;
  for (const VerbWords& verb : verbs) {
    for (const Flag& flag : verb.flags) {
      if (flag.takes_value) values += BashValues(verb, flag);
    }
    words += BashWords(verb);
  }
  // Without a match of ours the shell's own completion of files comes next (-o default).
  return Cat(
      "_reprieve() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words='' flags=''\n"
      "  if [ \"$word\" = '=' ]; then word=''; elif [ \"$before\" = '=' ]; then before=${COMP_WORDS[COMP_CWORD-2]}; "
      "fi\n"
      "  case \"${COMP_WORDS[1]} $before\" in\n",
      values, "    *) case ${COMP_WORDS[1]} in\n", words,
      "    esac ;;\n"
      "  esac\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then words='",
      NamesOf(verbs),
      "'; flags='--help --version'; fi\n"
      "  case $word in -*) words=$flags ;; esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
      "}\n"
      "complete -o default -F _reprieve reprieve\n");
}

std::string FishQuoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

// With the dashes of each name told as fish has them: -l output -s o.
std::string FishFlag(const VerbWords& verb, const Flag& flag) {
  std::string out = Cat("complete -c reprieve -n '__fish_seen_subcommand_from ", verb.name, "'");
  for (const std::string& name : flag.names) {
    const bool is_long = name.starts_with("--");
    AppendTo(out, is_long ? " -l " : " -s ", name.substr(is_long ? 2 : 1));
  }
  if (!flag.values.empty()) AppendTo(out, " -x -a ", FishQuoted(Join(flag.values, " ")));
  if (flag.values.empty() && flag.takes_value) out += " -r";
  return Cat(out, " -d ", FishQuoted(flag.description), "\n");
}

std::string Fish(const std::vector<VerbWords>& verbs) {
  std::string out;
  for (const VerbWords& verb : verbs) {
    AppendTo(out, "complete -c reprieve -n __fish_use_subcommand -f -a ", verb.name, " -d ",
             FishQuoted(verb.description), "\n");
    for (const Flag& flag : verb.flags) out += FishFlag(verb, flag);
    if (verb.words.empty()) continue;
    AppendTo(out, "complete -c reprieve -n '__fish_seen_subcommand_from ", verb.name, "' -f -a ",
             FishQuoted(Join(verb.words, " ")), "\n");
  }
  return out;
}

class CompletionVerb final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    app_ = &app;
    CLI::App* verb = app.add_subcommand("completion", "Print shell completion for bash, zsh or fish");
    verb->footer(
        "Examples:\n"
        "  reprieve completion bash > /etc/bash_completion.d/reprieve\n"
        "  reprieve completion zsh >> ~/.zshrc\n"
        "  reprieve completion fish > ~/.config/fish/completions/reprieve.fish");
    verb->add_option("SHELL", shell_, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  }

  int Run() override {
    const std::vector<VerbWords> verbs = WordsOf(*app_);
    // zsh understands bash's completion once it is told to; that needs compinit, which most have called already.
    const std::string zsh =
        "(( $+functions[compdef] )) || { autoload -U +X compinit && compinit; }\n"
        "autoload -U +X bashcompinit && bashcompinit\n";
    const std::string script = shell_ == "fish" ? Fish(verbs) : shell_ == "zsh" ? zsh + Bash(verbs) : Bash(verbs);
    std::fputs(script.c_str(), stdout);
    return kCompleted;
  }

 private:
  CLI::App* app_ = nullptr;
  std::string shell_;
};

}  // namespace

std::unique_ptr<Verb> MakeCompletion() {
  return std::make_unique<CompletionVerb>();
}

}  // namespace reprieve::cli
