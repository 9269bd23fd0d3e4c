// run_hooks: pods with hooks, a group of their own and a projected volume, against a loop that does the same by hand.
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "kubelet/volume_files.h"
#include "kubelet/volume_ownership.h"
#include "processes.h"
#include "runtime/supervisor.h"
#include "workloads.h"

namespace reprieve::bench {
namespace {

constexpr int kPods = 500;
constexpr int kAtOnce = 16;
constexpr std::uint32_t kGroup = 2000;

// A sidecar that stays until the program beside it has ended: so both hooks run in every pod.
std::string Manifest() {
  return Cat(
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: '1', b: '2'}\n---\n"
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: v}\n---\n"
      "apiVersion: batch/v1\nkind: Job\nmetadata: {name: bench}\nspec:\n  completionMode: Indexed\n  completions: ",
      kPods, "\n  parallelism: ", kAtOnce,
      "\n  template:\n    spec:\n      restartPolicy: Never\n      securityContext: {fsGroup: ", kGroup,
      "}\n      volumes: [{name: p, projected: {sources: [{configMap: {name: c}}, {secret: {name: s}}]}}]\n"
      "      initContainers:\n      - name: side\n        image: none\n        restartPolicy: Always\n"
      "        command: [sleep, '1000']\n        volumeMounts: [{name: p, mountPath: /mnt}]\n"
      "        lifecycle: {postStart: {exec: {command: ['true']}}, preStop: {exec: {command: ['true']}}}\n"
      "      containers:\n      - {name: main, image: none, command: ['true'], volumeMounts: [{name: p, mountPath: "
      "/mnt}]}\n");
}

// The same with the runtime alone: no Job, no store, nobody who judges.
class BareLoop {
 public:
  explicit BareLoop(const Scratch& scratch) : scratch_(scratch) {
    runtime::RuntimeEvents events;
    events.started = [this](const runtime::ContainerStarted& started) {
      Note({Event::kStarted, Number(started.container)});
    };
    events.exited = [this](const runtime::ContainerExit& exit) { Note({Event::kExited, Number(exit.container)}); };
    events.exec_ended = [this](const runtime::ExecEnd& end) {
      REPRIEVE_CHECK(end.outcome == runtime::ExecOutcome::kExited, end.message);
      Note({Event::kHooked, static_cast<std::uint64_t>(end.exec)});
    };
    runtime_ = StartBareRuntime(scratch / "bare", std::move(events));
  }

  double Rate() {
    const double begin = Now();
    int begun = 0;
    while (ended_ < kPods) {
      while (begun < kPods && begun - ended_ < kAtOnce) Begin(begun++);
      std::vector<Event> events;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !events_.empty(); });
        events.swap(events_);
      }
      for (const Event& event : events) Handle(event);
    }
    return kPods / (Now() - begin);
  }

 private:
  struct Event {
    enum Kind : std::uint8_t { kStarted, kExited, kHooked };
    Kind kind = kStarted;
    std::uint64_t id = 0;
  };
  struct Pod {
    runtime::SandboxId sandbox{};
    std::string volume;
    runtime::ContainerId side{};
    bool main_ended = false;
  };

  static std::uint64_t Number(runtime::ContainerId id) { return static_cast<std::uint64_t>(id); }

  void Note(Event event) {
    const std::lock_guard lock(mutex_);
    events_.push_back(event);
    changed_.notify_one();
  }

  void Begin(int number) {
    Pod& pod = pods_[number];
    pod.volume = scratch_ / Cat("volumes/", number);
    std::filesystem::create_directories(pod.volume);
    const kubelet::VolumeFiles files = {{"a", {"1", 0644}}, {"b", {"2", 0644}}, {"k", {"v", 0644}}};
    REPRIEVE_CHECK(kubelet::WriteVolumeFiles(pod.volume, files).ok(), "the files are written");
    REPRIEVE_CHECK(kubelet::GiveToGroup(pod.volume, {.group = kGroup, .read_only = true}).ok(), "they are given away");
    runtime::PodSandboxSpec sandbox;
    sandbox.name = sandbox.hostname = Cat("bench-", number);
    pod.sandbox = runtime_->RunPodSandbox(std::move(sandbox)).value();
    pod.side = Start(number, "side", {"sleep", "1000"});
  }

  runtime::ContainerId Start(int number, const std::string& name, std::vector<std::string> argv) {
    const Pod& pod = pods_.at(number);
    runtime::ContainerSpec container;
    container.name = name;
    container.argv = std::move(argv);
    container.environment = {"PATH=/usr/bin:/bin"};
    container.mounts = {{pod.volume, "/mnt", true}};
    container.groups = {kGroup};
    container.termination_message_path = "/dev/termination-log";
    container.log_path = scratch_ / Cat("bare-logs/", number, "/", name, "/0.log");
    const runtime::ContainerId id = runtime_->StartContainer(pod.sandbox, std::move(container)).value();
    owners_[Number(id)] = number;
    return id;
  }

  void Hook(int number) {
    runtime::ExecSpec hook{.argv = {"true"},
                           .environment = {"PATH=/usr/bin:/bin"},
                           .groups = {kGroup},
                           .timeout = std::chrono::seconds(30)};
    owners_[static_cast<std::uint64_t>(runtime_->Exec(pods_.at(number).side, std::move(hook)).value())] = number;
  }

  void Handle(const Event& event) {
    const int number = owners_.at(event.id);
    Pod& pod = pods_.at(number);
    const bool is_side = event.id == Number(pod.side);
    switch (event.kind) {
      case Event::kStarted:
        if (is_side) Hook(number);
        return;
      case Event::kHooked:
        if (pod.main_ended) return runtime_->StopContainer(pod.side, std::chrono::seconds(30));
        Start(number, "main", {"true"});
        return;
      case Event::kExited:
        if (!is_side) {
          pod.main_ended = true;
          return Hook(number);
        }
        runtime_->RemovePodSandbox(pod.sandbox);
        std::filesystem::remove_all(pod.volume);
        pods_.erase(number);
        ++ended_;
    }
  }

  const Scratch& scratch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> events_;
  std::map<int, Pod> pods_;
  std::map<std::uint64_t, int> owners_;
  int ended_ = 0;
  std::unique_ptr<runtime::Supervisor> runtime_;
};

}  // namespace

std::vector<Figure> RunHooks(const std::string& self) {
  const Scratch scratch;
  std::ofstream(scratch / "hooks.yaml") << Manifest();
  const auto ours = [&] {
    const double begin = Now();
    const int code = Shell(Cat(ReprieveBeside(self), " run --state ", scratch / "state", " ", scratch / "hooks.yaml",
                               " > ", scratch / "out.txt"));
    REPRIEVE_CHECK(code == 0, "the Job of pods with hooks completes");
    return kPods / (Now() - begin);
  };
  const Rates rates = InTurns(ours, [&] { return BareLoop(scratch).Rate(); });
  return {AtLeast("run_hooks", rates.ours, "pods/s", "the same by hand", rates.others, 1 / 1.3)};
}

}  // namespace reprieve::bench
