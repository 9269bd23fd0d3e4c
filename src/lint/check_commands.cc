// RP023, RP024: scripts under a shell whose exit code is not the program's.
#include <algorithm>
#include <array>

#include "kubelet/restart.h"
#include "lint/checks.h"
#include "lint/shell.h"

namespace reprieve::lint {
namespace {

// Commands whose own failure is nothing that a policy is written for: builtins, small tools, preparations.
constexpr std::array kHelpers = std::to_array<std::string_view>(
    {".",       ":",        "[",          "alias", "apk",     "apt",    "apt-get",  "awk",    "basename", "cat",
     "cd",      "chmod",    "chown",      "clear", "command", "conda",  "cp",       "curl",   "cut",      "date",
     "declare", "df",       "dirname",    "du",    "echo",    "env",    "eval",     "exit",   "export",   "false",
     "find",    "free",     "git",        "grep",  "groups",  "gunzip", "gzip",     "head",   "hostname", "id",
     "install", "kill",     "let",        "ln",    "local",   "ls",     "mkdir",    "mktemp", "mount",    "mv",
     "nproc",   "nslookup", "nvidia-smi", "ping",  "pip",     "pip3",   "printenv", "printf", "ps",       "pwd",
     "read",    "readonly", "return",     "rm",    "rmdir",   "sed",    "seq",      "set",    "shift",    "shopt",
     "sleep",   "sort",     "source",     "stat",  "sync",    "sysctl", "tail",     "tar",    "tee",      "test",
     "touch",   "tr",       "trap",       "true",  "type",    "ulimit", "umask",    "uname",  "uniq",     "unset",
     "unzip",   "wait",     "wc",         "wget",  "which",   "whoami", "yum",      "yes",    "jq",       "base64",
     "xargs",   "envsubst"});

bool IsAssignment(std::string_view word) {
  const std::size_t equals = word.find('=');
  return equals != std::string_view::npos && equals > 0 &&
         std::all_of(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(equals),
                     [](char c) { return IsAlnum(c) || c == '_'; });
}

// The command's own name, after assignments and exec; empty: there is none.
std::string_view NameOf(const ShellCommand& command) {
  for (std::size_t i = 0; i < command.words.size(); ++i) {
    const std::string_view word = command.words[i];
    if (IsAssignment(word) || word == "exec") continue;
    if (word == "-a" && i > 0) {
      ++i;  // exec -a NAME
    } else {
      return word.substr(word.rfind('/') + 1);
    }
  }
  return {};
}

bool IsProgram(const ShellCommand& command) {
  const std::string_view name = NameOf(command);
  return !name.empty() && std::find(kHelpers.begin(), kHelpers.end(), name) == kHelpers.end();
}

const ShellCommand* ProgramOf(const ShellPipeline& pipeline) {
  const auto found = std::find_if(pipeline.commands.begin(), pipeline.commands.end(), IsProgram);
  return found == pipeline.commands.end() ? nullptr : &*found;
}

const ShellCommand* ProgramOf(const ShellList& list) {
  for (const ShellPipeline& pipeline : list.pipelines) {
    if (const ShellCommand* program = ProgramOf(pipeline)) return program;
  }
  return nullptr;
}

// Succeeds whatever happened before: true, :, echo, exit 0.
bool AlwaysSucceeds(const ShellPipeline& pipeline) {
  const ShellCommand& last = pipeline.commands.back();
  const std::string_view name = NameOf(last);
  if (name == "exit") return last.words.size() == 2 && last.words[1] == "0";
  return name == "true" || name == ":" || name == "echo" || name == "printf";
}

std::string Short(const ShellCommand& command) {
  std::string text = Join(command.words, " ");
  std::replace(text.begin(), text.end(), '\n', ' ');
  constexpr std::size_t kMost = 40;
  if (text.size() <= kMost) return text;
  std::size_t cut = kMost;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80) --cut;
  return text.substr(0, cut) + "...";
}

class ScriptCheck {
 public:
  ScriptCheck(std::string_view text, const ShellCall& call, std::string field, Findings& out)
      : text_(text), script_(ParseShell(text)), call_(call), field_(std::move(field)), out_(out) {
    ShellOptions options{call.errexit, call.pipefail};
    options_.reserve(script_.lists.size());
    for (const ShellList& list : script_.lists) {
      for (const ShellPipeline& pipeline : list.pipelines) {
        for (const ShellCommand& command : pipeline.commands) Set(command, options);
      }
      options_.push_back(options);
    }
  }

  void Run() {
    Traps();
    if (script_.lists.empty()) return;
    if (Pipelines()) return;
    if (LastList()) return;
    Sequence();
  }

 private:
  struct ShellOptions {
    bool errexit = false;
    bool pipefail = false;
  };

  // set -euo pipefail; set +e
  static void Set(const ShellCommand& command, ShellOptions& options) {
    if (NameOf(command) != "set") return;
    for (std::size_t i = 1; i < command.words.size(); ++i) {
      const std::string& word = command.words[i];
      if (word.size() < 2 || (word[0] != '-' && word[0] != '+') || word == "--") return;
      const bool on = word[0] == '-';
      if (word.find('e') != std::string::npos) options.errexit = on;
      if (word.find('o') == std::string::npos || i + 1 == command.words.size()) continue;
      const std::string& name = command.words[++i];
      if (name == "errexit") options.errexit = on;
      if (name == "pipefail") options.pipefail = on;
    }
  }

  void Hidden(const std::string& why, const std::string& change) {
    out_.Add(Code::kShellHidesExitCode, field_, why, change);
  }

  // Who looks at codes by hand knows what happens to them.
  bool LooksAtCodes() const {
    return text_.find("$?") != std::string_view::npos || text_.find("PIPESTATUS") != std::string_view::npos;
  }

  // program | tee log
  bool Pipelines() {
    if (LooksAtCodes()) return false;
    for (std::size_t i = 0; i < script_.lists.size(); ++i) {
      if (options_[i].pipefail) continue;
      for (const ShellPipeline& pipeline : script_.lists[i].pipelines) {
        const ShellCommand* program = ProgramOf(pipeline);
        if (program == nullptr || program == &pipeline.commands.back()) continue;
        const ShellCommand& last = pipeline.commands.back();
        Hidden(Cat("A pipeline ends with the exit code of its last command, here ",
                   NameOf(last).empty() ? "a compound one" : NameOf(last), ", so a failure of `", Short(*program),
                   "` is not seen and no rule matches it."),
               call_.shell == "bash"
                   ? std::string("Begin the script with set -o pipefail.")
                   : "Use bash and begin the script with set -o pipefail, or write to a file instead.");
        return true;
      }
    }
    return false;
  }

  // What the script ends with.
  bool LastList() {
    const ShellList& last = script_.lists.back();
    const ShellPipeline& end = last.pipelines.back();
    if (end.after_or && AlwaysSucceeds(end)) {
      for (std::size_t i = 0; i + 1 < last.pipelines.size(); ++i) {
        if (const ShellCommand* program = ProgramOf(last.pipelines[i])) {
          Hidden(Cat("`|| ", Short(end.commands.back()), "` turns every failure of `", Short(*program),
                     "` into success: the pod succeeds, and no rule is asked."),
                 Cat("Remove `|| ", Short(end.commands.back()), "`."));
          return true;
        }
      }
    }
    const ShellCommand& command = end.commands.back();
    if (NameOf(command) == "wait" && command.words.size() == 1) {
      for (const ShellList& list : script_.lists) {
        const ShellCommand* program = ProgramOf(list);
        if (!list.background || program == nullptr) continue;
        Hidden(Cat("`wait` without a process returns 0, so a failure of `", Short(*program),
                   " &` is not seen and no rule matches it."),
               "Write wait $! for each program, or run the last one in the foreground with exec.");
        return true;
      }
    }
    return false;
  }

  // program; echo done
  void Sequence() {
    if (LooksAtCodes()) return;
    const ShellList& last = script_.lists.back();
    for (std::size_t i = 0; i + 1 < script_.lists.size(); ++i) {
      const ShellList& list = script_.lists[i];
      const ShellCommand* program = ProgramOf(list);
      if (program == nullptr || list.background || options_[i].errexit) continue;
      const ShellPipeline& end = list.pipelines.back();
      // program || exit 3
      if (end.after_or && !AlwaysSucceeds(end)) continue;
      if (end.after_or) continue;  // on purpose
      const ShellCommand& ending = last.pipelines.back().commands.back();
      Hidden(Cat("The script ends with the exit code of its last command",
                 ending.words.empty() ? std::string() : Cat(", `", Short(ending), "`"), ", so a failure of `",
                 Short(*program), "` before it is not seen and no rule matches it."),
             "Begin the script with set -e, or join the commands by &&.");
      return;
    }
  }

  // RP024.
  void Traps() {
    for (const ShellCommand& trap : script_.traps) {
      if (trap.words.size() < 3) continue;
      const auto is_term = [](const std::string& word) { return word == "TERM" || word == "SIGTERM" || word == "15"; };
      if (std::none_of(trap.words.begin() + 2, trap.words.end(), is_term)) continue;
      const std::string& action = trap.words[1];
      if (action == "-") continue;
      if (action.empty()) {
        out_.Add(Code::kTrapHidesSigterm, field_,
                 "trap '' TERM makes the script and its programs ignore SIGTERM: a pod that is drained or preempted is "
                 "killed at the end of its grace period and exits 137, as if it were out of memory.",
                 "Remove the trap, or let it pass the signal on: trap 'kill -TERM $pid' TERM.");
        continue;
      }
      const auto function = script_.functions.find(action);
      const bool is_name =
          action.find_first_of(" ;\t\n") == std::string::npos && action != "exit" && action != ":" && action != "true";
      if (is_name && function == script_.functions.end()) continue;
      const std::string& body = function != script_.functions.end() ? function->second : action;
      if (ExitsWithZero(body) && EndsWithWait()) {
        out_.Add(
            Code::kTrapHidesSigterm, field_,
            "The trap for SIGTERM exits 0: a pod that is drained or preempted succeeds, and its work counts as done.",
            "Exit with 143 in the trap, as a program that SIGTERM ends does.");
      } else if (ExitsWithZero(body)) {
        out_.Add(
            Code::kTrapHidesSigterm, field_,
            "The shell runs the trap for SIGTERM only after the program in the foreground has ended, so a pod that "
            "is drained or preempted is killed at the end of its grace period, or exits 0 with its work half done.",
            "Run the program with exec, or in the background: wait for it, and kill -TERM $pid in the trap.");
      } else if (!EndsWithWait() && !HasWord(body, "exit") && !HasWord(body, "kill") && !HasWord(body, "return")) {
        out_.Add(Code::kTrapHidesSigterm, field_,
                 "The trap for SIGTERM neither ends the script nor passes the signal on: a pod that is drained or "
                 "preempted runs on until it is killed, and exits 137, as if it were out of memory.",
                 "Run the program with exec, or in the background: wait for it, and kill -TERM $pid in the trap.");
      }
    }
  }

  // The signal ends a wait, and the script with it, by 143.
  bool EndsWithWait() const {
    return !script_.lists.empty() && NameOf(script_.lists.back().pipelines.back().commands.back()) == "wait";
  }

  static bool HasWord(std::string_view text, std::string_view word) {
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
      const bool begins = at == 0 || !(IsAlnum(text[at - 1]) || text[at - 1] == '_' || text[at - 1] == '-');
      const std::size_t end = at + word.size();
      if (begins && (end == text.size() || !(IsAlnum(text[end]) || text[end] == '_'))) return true;
    }
    return false;
  }

  static bool ExitsWithZero(std::string_view text) {
    const std::size_t at = text.rfind("exit 0");
    if (at == std::string_view::npos) return false;
    const std::size_t end = at + std::string_view("exit 0").size();
    return end == text.size() || !IsDigit(text[end]);
  }

  std::string_view text_;
  ShellScript script_;
  ShellCall call_;
  std::vector<ShellOptions> options_;  // while each list of the script runs
  std::string field_;
  Findings& out_;
};

}  // namespace

void CheckCommands(const JobSubject& job, Findings& out) {
  const core::PodSpec& pod = job.pod();
  for (std::size_t c = 0; c < kubelet::ContainerCount(pod); ++c) {
    if (kubelet::IsSidecar(pod, c)) continue;
    const core::Container& container = kubelet::ContainerAt(pod, c);
    if (container.command.empty()) continue;
    std::vector<std::string> arguments = container.command;
    arguments.insert(arguments.end(), container.args.begin(), container.args.end());
    const auto call = ReadShellCall(arguments);
    if (!call) continue;
    const bool init = kubelet::IsInit(pod, c);
    const bool in_args = call->script >= container.command.size();
    const std::string field =
        Cat("spec.template.spec.", init ? "initContainers[" : "containers[", init ? c : c - pod.init_containers.size(),
            in_args ? "].args[" : "].command[", in_args ? call->script - container.command.size() : call->script, "]");
    ScriptCheck(arguments[call->script], *call, job.Field(field), out).Run();
  }
}

}  // namespace reprieve::lint
