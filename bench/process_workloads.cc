// run_true, first_process, help: the binary as a user starts it.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <optional>

#include "base/check.h"
#include "base/text.h"
#include "processes.h"
#include "runtime/supervisor.h"
#include "workloads.h"

namespace reprieve::bench {
namespace {

constexpr int kPods = 10'000;
constexpr int kAtOnce = 16;
constexpr double kFirstProcessTargetMs = 12;
constexpr double kHelpTargetMs = 5;
constexpr int kRepeats = 15;

std::string Manifest(int completions, const std::string& command) {
  return Cat(
      "apiVersion: batch/v1\nkind: Job\nmetadata: {name: bench}\nspec:\n  completionMode: Indexed\n  completions: ",
      completions, "\n  parallelism: ", kAtOnce,
      "\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - {name: main, image: none, "
      "command: ",
      command, "}\n");
}

// The same sandbox, log and termination file for each /bin/true, with only the runtime: no Job, no store.
double BareRate(const Scratch& scratch) {
  std::mutex mutex;
  std::condition_variable changed;
  int running = 0;
  std::vector<runtime::SandboxId> over;
  runtime::RuntimeEvents events;
  events.exited = [&](const runtime::ContainerExit& exit) {
    REPRIEVE_CHECK(exit.exit_code == 0, exit.message);
    const std::lock_guard lock(mutex);
    --running;
    over.push_back(exit.sandbox);
    changed.notify_one();
  };
  const std::unique_ptr<runtime::Supervisor> bare = StartBareRuntime(scratch / "bare", std::move(events));
  runtime::Supervisor& runtime = *bare;
  const double begin = Now();
  for (int i = 0; i < kPods || running > 0; ++i) {
    std::vector<runtime::SandboxId> ended;
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return running < (i < kPods ? kAtOnce : 1); });
      ended.swap(over);
      if (i < kPods) ++running;
    }
    for (const runtime::SandboxId sandbox : ended) runtime.RemovePodSandbox(sandbox);
    if (i >= kPods) break;
    runtime::PodSandboxSpec pod;
    pod.namespace_ = "default";
    pod.name = pod.hostname = Cat("bench-", i);
    pod.uid = Cat(i);
    const auto sandbox = runtime.RunPodSandbox(std::move(pod));
    runtime::ContainerSpec container;
    container.name = "main";
    container.argv = {"/bin/true"};
    container.environment = {"PATH=/usr/bin:/bin"};
    container.termination_message_path = "/dev/termination-log";
    container.log_path = scratch / Cat("bare-logs/", i, "/main/0.log");
    const auto made = runtime.StartContainer(*sandbox, std::move(container));
    REPRIEVE_CHECK(made.ok(), "the container is taken");
  }
  return kPods / (Now() - begin);
}

// The same programs run by GNU parallel, the usual tool for this; nullopt if it is not installed.
std::optional<Figure> BesideGnuParallel(const std::string& self, const Scratch& scratch) {
  constexpr int kPrograms = 5'000;
  if (Shell("parallel --version > /dev/null 2>&1") != 0) {
    std::fprintf(stderr, "run_true beside GNU parallel: skipped, parallel is not installed\n");
    return std::nullopt;
  }
  std::ofstream(scratch / "parallel.yaml") << Manifest(kPrograms, "[/bin/true]");
  const auto ours = [&] {
    const double begin = Now();
    const int code = Shell(Cat(ReprieveBeside(self), " run --state ", scratch / "state", " ", scratch / "parallel.yaml",
                               " > ", scratch / "out.txt"));
    REPRIEVE_CHECK(code == 0, "the Job of 5,000 completes");
    return kPrograms / (Now() - begin);
  };
  const auto theirs = [&] {
    const double begin = Now();
    Shell(Cat("seq ", kPrograms, " | parallel --will-cite -N0 -j", kAtOnce, " /bin/true"));
    return kPrograms / (Now() - begin);
  };
  const Rates rates = InTurns(ours, theirs);
  return AtLeast("run_true beside parallel", rates.ours, "programs/s", "GNU parallel -j16", rates.others, 3);
}

}  // namespace

std::vector<Figure> RunTrue(const std::string& self) {
  const Scratch scratch;
  std::ofstream(scratch / "true.yaml") << Manifest(kPods, "[/bin/true]");
  const double bare = BareRate(scratch);
  const double begin = Now();
  const int code = Shell(Cat(ReprieveBeside(self), " run --state ", scratch / "state", " ", scratch / "true.yaml",
                             " > ", scratch / "out.txt"));
  const double rate = kPods / (Now() - begin);
  REPRIEVE_CHECK(code == 0, "the Job of 10,000 completes");
  std::vector<Figure> out = {AtLeast("run_true", rate, "pods/s", "bare loop, same sandbox", bare, 0.8)};
  if (auto beside = BesideGnuParallel(self, scratch)) out.push_back(std::move(*beside));
  return out;
}

std::vector<Figure> FirstProcess(const std::string& self) {
  const Scratch scratch;
  // The pod first prints the time.
  std::ofstream(scratch / "first.yaml") << Manifest(1, Cat("[sh, -c, 'date +%s.%N > ", scratch / "when", "']"));
  std::vector<double> times;
  for (int i = 0; i < kRepeats; ++i) {
    const double begin = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    const int code = Shell(Cat(ReprieveBeside(self), " run --state ", scratch / "state", " ", scratch / "first.yaml",
                               " > ", scratch / "out.txt"));
    REPRIEVE_CHECK(code == 0, "the Job completes");
    double when = 0;
    std::ifstream(scratch / "when") >> when;
    times.push_back((when - begin) * 1e3);
  }
  return {AtMost("first_process", Median(std::move(times)), "ms (with sh and date)", "the target",
                 kFirstProcessTargetMs, 1)};
}

std::vector<Figure> Help(const std::string& self) {
  std::vector<double> times;
  for (int i = 0; i < kRepeats; ++i) {
    const double begin = Now();
    REPRIEVE_CHECK(Shell(Cat(ReprieveBeside(self), " --help > /dev/null")) == 0, "--help works");
    times.push_back((Now() - begin) * 1e3);
  }
  return {AtMost("help", Median(std::move(times)), "ms (with its shell)", "the target", kHelpTargetMs, 1)};
}

}  // namespace reprieve::bench
