// run_restart: a group of one leader and eight workers on this machine, from a worker's kill to all nine running again.
#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "processes.h"
#include "runtime/supervisor.h"
#include "workloads.h"

namespace reprieve::bench {
namespace {

constexpr int kWorkers = 8;
constexpr int kProcesses = 1 + kWorkers;
constexpr int kRepeats = 9;

// Every process writes down when it runs. In the first attempt they then wait to be killed; in the second they exit.
std::string Program(const std::string& notes, bool second) {
  return Cat("date +%s.%N > ", notes, second ? "/again-" : "/first-", "$NAME; ", second ? "exit 0" : "exec sleep 1000");
}

double NoteIn(const std::filesystem::path& file) {
  double when = 0;
  std::ifstream(file) >> when;
  return when;
}

// From the kill to the start of the last process of the second attempt.
double TimeToAgain(const std::string& notes) {
  double last = 0;
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(notes)) {
    if (!entry.path().filename().string().starts_with("again-")) continue;
    last = std::max(last, NoteIn(entry.path()));
    ++found;
  }
  REPRIEVE_CHECK(found == kProcesses, "the whole group runs again");
  return last - NoteIn(notes + "/killed");
}

// One worker kills itself once all nine run; the failure policy restarts the group.
std::string Manifest(const std::string& notes) {
  const std::string again = Cat("if [ -e ", notes, "/killed ]; then ", Program(notes, true), "; fi");
  const std::string victim =
      Cat(again, "; date +%s.%N > ", notes, "/first-$NAME; while [ $(ls ", notes, " | grep -c first-) -lt ", kProcesses,
          " ]; do sleep 0.01; done; date +%s.%N > ", notes, "/killed; kill -9 $$");
  const std::string other = Cat(again, "; ", Program(notes, false));
  const auto job = [](std::string_view name, int pods, const std::string& program) {
    return Cat("  - name: ", name, "\n    template:\n      spec:\n        completions: ", pods,
               "\n        parallelism: ", pods,
               "\n        backoffLimit: 0\n        template:\n          spec:\n            restartPolicy: Never\n",
               "            containers:\n            - name: main\n              image: none\n",
               "              env: [{name: NAME, valueFrom: {fieldRef: {fieldPath: ",
               "\"metadata.labels['job-name']\"}}}]\n              command:\n              - sh\n              - -c\n",
               "              - |\n                NAME=$NAME-$JOB_COMPLETION_INDEX\n                ", program, "\n");
  };
  return Cat("apiVersion: jobset.x-k8s.io/v1alpha2\nkind: JobSet\nmetadata: {name: bench}\nspec:\n",
             "  failurePolicy: {maxRestarts: 1}\n  replicatedJobs:\n", job("leader", 1, other),
             job("victim", 1, victim), job("workers", kWorkers - 1, other));
}

// Nine such processes in the same sandboxes, killed and restarted by a loop that uses only the runtime.
double BareRestart(const Scratch& scratch) {
  const std::string notes = scratch / "bare-notes";
  std::filesystem::remove_all(notes);
  std::filesystem::create_directories(notes);
  std::mutex mutex;
  std::condition_variable changed;
  int exited = 0;
  runtime::RuntimeEvents events;
  events.exited = [&](const runtime::ContainerExit&) {
    const std::lock_guard lock(mutex);
    ++exited;
    changed.notify_one();
  };
  const std::unique_ptr<runtime::Supervisor> bare = StartBareRuntime(scratch / "bare", std::move(events));
  runtime::Supervisor& runtime = *bare;
  const auto start = [&](bool second) {
    std::vector<std::pair<runtime::SandboxId, runtime::ContainerId>> out;
    for (int i = 0; i < kProcesses; ++i) {
      runtime::PodSandboxSpec pod;
      pod.namespace_ = "default";
      pod.name = pod.hostname = Cat("bench-", i, second ? "-again" : "");
      pod.uid = pod.name;
      const auto sandbox = runtime.RunPodSandbox(std::move(pod));
      runtime::ContainerSpec container;
      container.name = "main";
      container.argv = {"/bin/sh", "-c", Program(notes, second)};
      container.environment = {"PATH=/usr/bin:/bin", Cat("NAME=", i)};
      container.termination_message_path = "/dev/termination-log";
      container.log_path = scratch / Cat("bare-logs/", i, second ? "/again.log" : "/first.log");
      out.emplace_back(*sandbox, *runtime.StartContainer(*sandbox, std::move(container)));
    }
    return out;
  };
  const auto wait_for_exits = [&](int count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return exited >= count; });
  };
  const auto first = start(false);
  const auto all_run = [&] {
    int found = 0;
    for (const auto& entry : std::filesystem::directory_iterator(notes)) {
      found += entry.path().filename().string().starts_with("first-") && NoteIn(entry.path()) > 0 ? 1 : 0;
    }
    return found == kProcesses;
  };
  while (!all_run()) Shell("sleep 0.01");
  Shell(Cat("date +%s.%N > ", notes, "/killed"));
  for (const auto& [sandbox, container] : first) runtime.StopContainer(container, std::chrono::milliseconds(0));
  wait_for_exits(kProcesses);
  for (const auto& [sandbox, container] : first) runtime.RemovePodSandbox(sandbox);
  const auto second = start(true);
  wait_for_exits(2 * kProcesses);
  for (const auto& [sandbox, container] : second) runtime.RemovePodSandbox(sandbox);
  return TimeToAgain(notes);
}

double GroupRestart(const Scratch& scratch, const std::string& reprieve) {
  const std::string notes = scratch / "notes";
  std::filesystem::remove_all(notes);
  std::filesystem::create_directories(notes);
  std::ofstream(scratch / "group.yaml") << Manifest(notes);
  const int code =
      Shell(Cat(reprieve, " run --state ", scratch / "state", " ", scratch / "group.yaml", " > ", scratch / "out.txt"));
  REPRIEVE_CHECK(code == 0, "the JobSet completes");
  return TimeToAgain(notes);
}

}  // namespace

std::vector<Figure> RunRestart(const std::string& self) {
  const Scratch scratch;
  // Alternately, so that other load on the machine affects both.
  std::vector<double> bare;
  std::vector<double> group;
  for (int i = 0; i < kRepeats; ++i) {
    bare.push_back(BareRestart(scratch) * 1e3);
    group.push_back(GroupRestart(scratch, ReprieveBeside(self)) * 1e3);
  }
  return {
      AtMost("run_restart", Median(std::move(group)), "ms", "bare loop, same sandboxes", Median(std::move(bare)), 1.5)};
}

}  // namespace reprieve::bench
