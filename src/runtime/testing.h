// For the tests of this folder: a runtime with a temporary directory, and one-line containers.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.h"
#include "runtime/cgroup.h"
#include "runtime/file.h"
#include "runtime/supervisor.h"

namespace reprieve::runtime {

inline std::string ReadAll(const std::string& path) {
  return ReadFile(path);
}

inline ContainerSpec Argv(std::vector<std::string> argv) {
  ContainerSpec spec;
  spec.name = "main";
  spec.argv = std::move(argv);
  spec.environment = {"PATH=/usr/bin:/bin"};
  return spec;
}
inline ContainerSpec Shell(std::string script) {
  return Argv({"sh", "-c", std::move(script)});
}

inline bool Eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 1000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

// A mark by which to find processes: so many seconds to sleep, as no other test program on this machine asks for.
inline std::string Mark(int which) {
  return Cat(1'000'000'000 + 10 * std::int64_t{getpid()} + which);
}

// How many processes of this machine have `word` as an argument.
inline int CountProcesses(const std::string& word) {
  int count = 0;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", failed)) {
    const std::string line = ReadAll(entry.path() / "cmdline");
    for (const std::string_view argument : Split(line, '\0')) count += argument == word ? 1 : 0;
  }
  return count;
}

// Whether `name` is the EngineName of the process, dead or alive: that of another test program's engine is not.
inline bool IsEngineOf(pid_t process, const std::string& name) {
  const auto pieces = Split(name, '-');
  return pieces.size() >= 4 && pieces[0] == "reprieve" && pieces[2] == Cat(process);
}

// Cgroups of the engine of that process, or those in them whose name begins with `prefix`.
inline int CountCgroupsOf(pid_t process, const std::string& prefix = {}) {
  EXPECT_TRUE(IsEngineOf(getpid(), EngineName())) << "names of engines have changed: nothing would be found";
  int count = 0;
  std::error_code failed;
  const auto options = std::filesystem::directory_options::skip_permission_denied;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("/sys/fs/cgroup", options, failed)) {
    const std::filesystem::path& path = entry.path();
    if (!entry.is_directory(failed)) continue;
    const bool inner = IsEngineOf(process, path.parent_path().filename());
    const bool counts =
        prefix.empty() ? IsEngineOf(process, path.filename()) : inner && path.filename().string().starts_with(prefix);
    if (counts) ++count;
  }
  return count;
}

class TestRuntime {
 public:
  explicit TestRuntime(ProbeOptions probe = {}, std::string state = {}, SupervisorOptions options = {}) {
    if (state.empty()) {
      std::string pattern = "/tmp/runtime-test-XXXXXX";
      directory_ = std::filesystem::canonical(mkdtemp(pattern.data()));
      state = Path("state");
    } else {
      directory_ = state + "-files";
      std::filesystem::create_directories(directory_);
    }
    RuntimeEvents events;
    events.exited = [this](ContainerExit exit) {
      const std::lock_guard lock(mutex_);
      ++exits_seen_;
      exits_[exit.container] = std::move(exit);
      changed_.notify_all();
    };
    events.exec_ended = [this](ExecEnd end) {
      const std::lock_guard lock(mutex_);
      exec_ends_[end.exec] = std::move(end);
      changed_.notify_all();
    };
    events.line = [this](ContainerId id, Stream, std::string_view line) {
      const std::lock_guard lock(mutex_);
      output_[id].append(line).push_back('\n');
      lines_.emplace_back(line);
      changed_.notify_all();
    };
    events.started = [this](const ContainerStarted& started) {
      const std::lock_guard lock(mutex_);
      started_.push_back(started.container);
    };
    events.notice = [this](const std::string& text) {
      const std::lock_guard lock(mutex_);
      notices_ += text + "\n";
      changed_.notify_all();
    };
    options.state_directory = state;
    options.probe = probe;
    runtime_ = std::move(Supervisor::Start(options, std::move(events))).value();
  }
  ~TestRuntime() {
    EXPECT_EQ(End(), "");
    std::filesystem::remove_all(directory_);
  }

  Supervisor* operator->() { return runtime_.get(); }
  // What is left then, a line each.
  std::string End() {
    if (!runtime_) return {};
    const std::string left = Join(runtime_->End(), "\n");
    runtime_.reset();
    return left;
  }

  std::string Path(const std::string& name) const { return name.empty() ? directory_ : Cat(directory_, "/", name); }
  void Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(Path(name)).parent_path());
    std::ofstream(Path(name)) << text;
  }

  SandboxId Pod(PodSandboxSpec spec = {.name = "pod", .hostname = "pod-0"}) {
    return runtime_->RunPodSandbox(std::move(spec)).value();
  }
  ContainerId Begin(SandboxId pod, ContainerSpec spec) {
    return runtime_->StartContainer(pod, std::move(spec)).value();
  }
  ContainerId Begin(PodSandboxSpec pod, ContainerSpec spec) { return Begin(Pod(std::move(pod)), std::move(spec)); }
  ContainerId Begin(ContainerSpec spec) { return Begin(Pod(), std::move(spec)); }

  ContainerExit ExitOf(ContainerId id) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return exits_.contains(id); })) {
      ADD_FAILURE() << "the container has not ended";
      return {};
    }
    return exits_[id];
  }
  ExecEnd EndOf(ExecId id) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return exec_ends_.contains(id); })) {
      ADD_FAILURE() << "the process has not ended";
    }
    return exec_ends_[id];
  }
  ExecEnd RunBeside(ContainerId container, ExecSpec spec) {
    return EndOf(runtime_->Exec(container, std::move(spec)).value());
  }
  // A shell beside the container's own process.
  ExecEnd RunBeside(ContainerId container, const std::string& script,
                    std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
    return RunBeside(container,
                     {.argv = {"sh", "-c", script}, .environment = {"PATH=/usr/bin:/bin"}, .timeout = timeout});
  }
  ContainerExit Run(ContainerSpec spec) { return ExitOf(Begin(std::move(spec))); }
  ContainerExit Run(const std::string& script) { return Run(Shell(script)); }
  ContainerExit Run(PodSandboxSpec pod, ContainerSpec spec) { return ExitOf(Begin(std::move(pod), std::move(spec))); }

  // What it printed, both streams, each line ended by a newline.
  std::string OutputOf(PodSandboxSpec pod, ContainerSpec spec) {
    const ContainerId id = Begin(std::move(pod), std::move(spec));
    const ContainerExit exit = ExitOf(id);
    EXPECT_EQ(exit.message, "");
    const std::lock_guard lock(mutex_);
    return output_[id];
  }
  std::string OutputOf(ContainerSpec spec) { return OutputOf({.name = "pod", .hostname = "pod-0"}, std::move(spec)); }
  std::string LogOf(ContainerSpec spec) {
    spec.log_path = Path("logs/pod/main/0.log");
    ExitOf(Begin(std::move(spec)));
    return ReadAll(Path("logs/pod/main/0.log"));
  }

  void AwaitLine(const std::string& line) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      return std::find(lines_.begin(), lines_.end(), line) != lines_.end();
    })) << line;
  }
  std::string AwaitNotice() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [&] { return !notices_.empty(); }));
    return notices_;
  }
  int starts_of(ContainerId id) {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(std::count(started_.begin(), started_.end(), id));
  }
  int exits_seen() {
    const std::lock_guard lock(mutex_);
    return exits_seen_;
  }

 private:
  std::string directory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<ContainerId, ContainerExit> exits_;
  std::map<ExecId, ExecEnd> exec_ends_;
  std::map<ContainerId, std::string> output_;
  std::vector<std::string> lines_;
  std::vector<ContainerId> started_;
  std::string notices_;
  int exits_seen_ = 0;
  std::unique_ptr<Supervisor> runtime_;
};

}  // namespace reprieve::runtime
