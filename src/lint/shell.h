// A shell script as far as lint has to understand it: which commands it runs one after another, and how they are
// joined.
//
// Not a shell: what is inside if, for, while, case, functions and subshells is passed over, expansions stay as text.
// Pure; safe from any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprieve::lint {

struct ShellCommand {
  std::vector<std::string> words;  // without quotes and redirections; empty: a compound command or a function
  bool function = false;           // only defines one
};

// cmd | cmd | cmd
struct ShellPipeline {
  std::vector<ShellCommand> commands;
  bool after_and = false;  // && stands before it
  bool after_or = false;   // || stands before it
};

// pipeline && pipeline || pipeline, up to ; or & or the end of the line
struct ShellList {
  std::vector<ShellPipeline> pipelines;
  bool background = false;
};

struct ShellScript {
  std::vector<ShellList> lists;
  std::vector<ShellCommand> traps;               // wherever they stand
  std::map<std::string, std::string> functions;  // their bodies
};

[[nodiscard]] ShellScript ParseShell(std::string_view text);

// How a container starts a shell: sh -ec 'script'.
struct ShellCall {
  std::size_t script = 0;  // which of the arguments is the script
  std::string shell;       // bash
  bool errexit = false;
  bool pipefail = false;
};
// Nothing: the command is no shell with -c.
[[nodiscard]] std::optional<ShellCall> ReadShellCall(const std::vector<std::string>& arguments);

}  // namespace reprieve::lint
