// reprieve clean: old logs, and volumes of runs that were killed, are removed from a state folder.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <optional>
#include <system_error>

#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/human_size.h"
#include "cli/verb.h"
#include "cli/verb_options.h"
#include "node/state_cleanup.h"
#include "runtime/docker/engine_socket.h"
#include "runtime/docker/sweep.h"

namespace reprieve::cli {
namespace {

using node::CleanedFolder;

// 7d, 12h, 1d12h, 90s.
std::optional<Nanoseconds> ParseAge(std::string_view text) {
  const std::size_t unit = text.find('d');
  if (unit == std::string_view::npos) return ParseDuration(text);
  constexpr std::int64_t kMostDays = 36500;
  const auto days = ParseInt64(text.substr(0, unit));
  if (!days || *days < 0 || *days > kMostDays) return std::nullopt;
  const std::string_view rest = text.substr(unit + 1);
  const auto more = rest.empty() ? Nanoseconds(0) : ParseDuration(rest);
  if (!more) return std::nullopt;
  return std::chrono::hours(24 * *days) + *more;
}

std::string CheckAge(const std::string& text) {
  return ParseAge(text) ? std::string() : std::string("expected an age such as 12h or 7d");
}

class CleanVerb final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    VerbOptions verb(app, "clean", "Remove old logs and journals, and volumes of runs that were killed");
    verb.Footer(
        "Examples:\n"
        "  reprieve clean\n"
        "  reprieve clean --older-than 12h --state /var/lib/reprieve --dry-run\n\n"
        "What a run that is still going on holds stays, and so do claims (DIR/claims):\n"
        "they are your data. Containers and networks that killed runs have left in\n"
        "Docker or Podman are removed whatever their age.\n\n"
        "Exit code 0: all that is old is removed; 2: bad input; 3: something could not\n"
        "be removed.");
    verb.Add("--older-than", age_, "Only what was last written so long ago (default 7d)").Value("AGE").Check(CheckAge);
    state_option_ = verb.Add("--state", state_, "The state folder of `run` (default ./reprieve-state)").Value("DIR");
    verb.Add("--engine", engine_, "The unix socket of the container engine (default: DOCKER_HOST, or the usual ones)")
        .Value("SOCKET");
    verb.AddFlag("--dry-run", dry_run_, "Say what would be removed, and remove nothing");
  }

  int Run() override {
    const bool swept = SweepEngine();
    const int folders = CleanFolders();
    return folders == kCompleted && !swept ? kCannotRun : folders;
  }

  bool only_prints() const override { return dry_run_; }

 private:
  // False: something could not be removed, or an engine that was named does not answer.
  bool SweepEngine() const {
    const auto search = runtime::docker::FindEngineSocket(runtime::docker::SocketOptionsOfEnvironment(engine_));
    if (search.path.empty()) return engine_.empty() || TellEngineFailure(search.why_none);
    const auto engine = runtime::docker::EngineClient::Connect(search.path);
    if (!engine.ok()) return engine_.empty() || TellEngineFailure(engine.error().message);
    const runtime::docker::Swept swept = runtime::docker::SweepDeadRuns(**engine, dry_run_);
    for (const std::string& name : swept.removed) {
      std::printf("%s  %s of %s\n", dry_run_ ? "would remove" : "removed", name.c_str(),
                  (*engine)->identity().Describe().c_str());
    }
    for (const std::string& why : swept.failed) TellEngineFailure(why);
    return swept.failed.empty();
  }

  static bool TellEngineFailure(const std::string& why) {
    std::fprintf(stderr, "reprieve: %s\n", why.c_str());
    return false;
  }

  int CleanFolders() const {
    std::error_code failed;
    if (!std::filesystem::is_directory(state_, failed)) return TellNoFolder();
    node::CleanupOptions options;
    options.state_directory = state_;
    options.now = std::chrono::system_clock::now();
    options.older_than = *ParseAge(age_);
    options.dry_run = dry_run_;
    return TellCleanup(node::CleanStateFolder(options));
  }

  // Where nothing has run there is nothing to do; a folder that was named is wrong.
  int TellNoFolder() const {
    if (!state_option_.given()) {
      std::printf("There is no folder %s here: nothing to remove.\n", state_.c_str());
      return kCompleted;
    }
    std::fprintf(stderr, "reprieve: --state %s: %s\n", state_.empty() ? "\"\"" : state_.c_str(),
                 state_.empty() ? "the name is empty; name the state folder" : "there is no such folder");
    return kBadInput;
  }

  int TellCleanup(const node::Cleanup& cleanup) const {
    bool failed = false;
    for (const CleanedFolder& folder : cleanup.folders) {
      if (folder.error.empty()) {
        std::printf("%s  %s  %s, %s old\n", dry_run_ ? "would remove" : "removed", folder.path.c_str(),
                    HumanSize(folder.bytes).c_str(), HumanDuration(folder.age).c_str());
      } else {
        std::fprintf(stderr, "reprieve: %s could not be removed: %s\n", folder.path.c_str(), folder.error.c_str());
        failed = true;
      }
    }
    for (const std::string& path : cleanup.left_out) {
      std::fprintf(stderr, "Warning: %s stays: it is not what a run leaves there\n", path.c_str());
    }
    std::printf("%s\n", Total(cleanup).c_str());
    if (cleanup.living_runs > 0) {
      std::printf("%zu %s %s: what %s stays.\n", cleanup.living_runs,
                  cleanup.living_runs == 1 ? "run uses" : "runs use", state_.c_str(),
                  cleanup.living_runs == 1 ? "it holds" : "they hold");
    }
    return failed ? kCannotRun : kCompleted;
  }

  // Removed 3 log folders (24.1 MiB) and 1 volume folder (1.2 GiB) from reprieve-state; 2 folders are younger than 7d.
  std::string Total(const node::Cleanup& cleanup) const {
    std::vector<std::string> parts;
    AddPart(cleanup, CleanedFolder::Kind::kLogs, "log folder", parts);
    AddPart(cleanup, CleanedFolder::Kind::kVolumes, "volume folder", parts);
    AddPart(cleanup, CleanedFolder::Kind::kJournal, "journal file", parts);
    std::string out = parts.empty()
                          ? Cat("There is nothing to remove from ", state_)
                          : Cat(dry_run_ ? "Would remove " : "Removed ", Join(parts, " and "), " from ", state_);
    if (cleanup.younger > 0) {
      AppendTo(out, "; ", cleanup.younger, cleanup.younger == 1 ? " folder is" : " folders are", " younger than ", age_,
               cleanup.living_runs > 0 ? ", or than a run that lives" : "");
    }
    return out + ".";
  }

  static void AddPart(const node::Cleanup& cleanup, CleanedFolder::Kind kind, std::string_view what,
                      std::vector<std::string>& parts) {
    std::size_t count = 0;
    std::int64_t bytes = 0;
    for (const CleanedFolder& folder : cleanup.folders) {
      if (folder.kind != kind || !folder.error.empty()) continue;
      ++count;
      bytes += folder.bytes;
    }
    if (count > 0) parts.push_back(Cat(count, " ", what, count == 1 ? " (" : "s (", HumanSize(bytes), ")"));
  }

  std::string age_ = "7d";
  std::string state_ = "reprieve-state";
  std::string engine_;
  VerbOption state_option_;
  bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Verb> MakeClean() {
  return std::make_unique<CleanVerb>();
}

}  // namespace reprieve::cli
