// image_true, first_container: containers in images, beside the same requests to the same engine and nothing else.
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "container_engine.h"
#include "processes.h"
#include "runtime/docker/requests.h"
#include "runtime/docker/sandbox_image.h"
#include "workloads.h"

namespace reprieve::bench {
namespace {

namespace docker = runtime::docker;

constexpr int kPods = 500;
constexpr int kPodsInTurn = 50;
constexpr int kAtOnce = 8;
constexpr int kRepeats = 9;
constexpr int kIdle = 100;
constexpr double kIdleSeconds = 20;

std::string Manifest(int completions, int parallelism, const std::string& command, const std::string& rest = "") {
  return Cat(
      "apiVersion: batch/v1\nkind: Job\nmetadata: {name: bench}\nspec:\n  completionMode: Indexed\n  completions: ",
      completions, "\n  parallelism: ", parallelism,
      "\n  template:\n    spec:\n      restartPolicy: Never\n      terminationGracePeriodSeconds: 0\n", rest,
      "      containers:\n      - name: main\n        image: ", ContainerEngine::image(),
      "\n        imagePullPolicy: Never\n        command: ", command, "\n");
}

std::string Run(const std::string& self, const ContainerEngine& engine, const Scratch& scratch,
                const std::string& file) {
  return Cat(ReprieveBeside(self), " run --runtime docker --engine ", engine.socket(), " --state ", scratch / "state",
             " ", scratch / file);
}

// A pod's two containers, as a runtime asks for them.
class BarePod {
 public:
  BarePod(docker::EngineClient& engine, const std::string& name) : engine_(engine) {
    pod_.namespace_ = "default";
    pod_.name = pod_.hostname = name;
    pod_.images = true;
  }
  void Start(const std::vector<std::string>& command, const std::string& shared = {}) {
    sandbox_ = Create(docker::SandboxBody({pod_, "bench"}));
    Do("POST", Cat("/containers/", sandbox_, "/start"));
    runtime::ContainerSpec spec;
    spec.name = "main";
    spec.image = runtime::ImageUse{.name = ContainerEngine::image(), .command = command};
    std::vector<runtime::Mount> mounts;
    if (!shared.empty()) mounts.push_back({shared, "/shared"});
    const docker::ImageConfig image;
    auto body =
        docker::ContainerBody({spec, pod_, image, "bench", sandbox_, mounts, engine_.identity().is_podman(), {}});
    program_ = Create(std::move(body).value());
    Do("POST", Cat("/containers/", program_, "/start"));
  }
  void WaitAndRemove() {
    const docker::EngineReply ended = Do("POST", Cat("/containers/", program_, "/wait?condition=not-running"));
    REPRIEVE_CHECK(ended.body["StatusCode"].AsInt() == 0, "the program succeeds");
    Do("DELETE", Cat("/containers/", program_, "?force=true&v=true"));
    Do("DELETE", Cat("/containers/", sandbox_, "?force=true&v=true"));
  }

 private:
  docker::EngineReply Do(std::string method, std::string path, document::Value json = {}) {
    docker::EngineReply reply =
        engine_.Ask({.method = std::move(method), .path = std::move(path), .json = std::move(json)});
    REPRIEVE_CHECK(reply.ok(), reply.error);
    return reply;
  }
  std::string Create(document::Value body) {
    return Do("POST", "/containers/create", std::move(body)).body["Id"].AsText();
  }

  docker::EngineClient& engine_;
  runtime::PodSandboxSpec pod_;
  std::string sandbox_;
  std::string program_;
};

// Pods per second of a loop that keeps so many in flight.
double BareRate(ContainerEngine& engine, int pods, int at_once = kAtOnce) {
  std::atomic<int> next = 0;
  const double begin = Now();
  std::vector<std::thread> lanes;
  lanes.reserve(static_cast<std::size_t>(at_once));
  for (int lane = 0; lane < at_once; ++lane) {
    lanes.emplace_back([&] {
      for (int i = next++; i < pods; i = next++) {
        BarePod pod(engine.client(), Cat("bare-", i));
        pod.Start({"/bin/true"});
        pod.WaitAndRemove();
      }
    });
  }
  for (std::thread& lane : lanes) lane.join();
  return pods / (Now() - begin);
}

double OurRate(const std::string& self, const ContainerEngine& engine, const Scratch& scratch, int pods,
               int at_once = kAtOnce) {
  std::ofstream(scratch / "true.yaml") << Manifest(pods, at_once, "[/bin/true]");
  const double begin = Now();
  const int code = Shell(Cat(Run(self, engine, scratch, "true.yaml"), " > ", scratch / "out.txt"));
  REPRIEVE_CHECK(code == 0, "the Job completes");
  return pods / (Now() - begin);
}

// `podman run` in a new pod for each, on the machine's network as ours. It leaves each pod with its infra container,
// which runs on: their removal is no part of it, unless it is asked for with each.
double PodmanRate(const ContainerEngine& engine, const Scratch& scratch, int pods, bool removing) {
  const double begin = Now();
  const std::string removal = removing ? Cat(" && ", engine.podman(), " pod rm --force bench@") : "";
  const int code = Shell(Cat("seq ", pods, " | xargs -P", kAtOnce, " -I@ sh -c '", engine.podman(),
                             " run --rm --network host --pod new:bench@ ", ContainerEngine::image(), " /bin/true",
                             removal, "' > ", scratch / "podman.txt", " 2>&1"));
  const double rate = pods / (Now() - begin);
  REPRIEVE_CHECK(code == 0, "podman runs all of them");
  Shell(Cat(engine.podman(), " pod rm --all --force > /dev/null 2>&1"));
  return rate;
}

// The sandboxes' image, which `run` loads when it needs it first.
void LoadSandboxImage(docker::EngineClient& engine) {
  engine.Ask({.method = "POST", .path = "/images/load?quiet=1", .body = docker::SandboxImageArchive()});
}

// When the file was made, by the kernel's clock; 0: it is not there.
double MadeAt(const std::string& file) {
  struct stat found {};
  if (stat(file.c_str(), &found) != 0) return 0;
  return static_cast<double>(found.st_mtim.tv_sec) + static_cast<double>(found.st_mtim.tv_nsec) / 1e9;
}

double TimeOfDay() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Of a process that has so many containers which sleep: its share of a processor, in percent.
double IdleShare(const std::string& self, ContainerEngine& engine, const Scratch& scratch) {
  std::ofstream(scratch / "idle.yaml") << Manifest(kIdle, kIdle, "[/bin/sleep, '100000']");
  const pid_t run = Spawn(Cat("exec ", Run(self, engine, scratch, "idle.yaml")), scratch / "idle.txt");
  const auto running = [&] {
    const docker::EngineReply reply = engine.client().Ask({.path = "/containers/json"});
    std::size_t programs = 0;
    for (const document::Value& each : reply.body.items()) {
      programs += each["Labels"].Find(docker::kContainerLabel) != nullptr ? 1 : 0;
    }
    return programs;
  };
  const double deadline = Now() + 600;
  while (running() < kIdle) {
    REPRIEVE_CHECK(Now() < deadline, "all containers run");
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  std::this_thread::sleep_for(std::chrono::seconds(2));
  const double before = ProcessorTimeOf(run);
  std::this_thread::sleep_for(std::chrono::duration<double>(kIdleSeconds));
  const double used = ProcessorTimeOf(run) - before;
  kill(run, SIGINT);
  Await(run);
  return 100 * used / kIdleSeconds;
}

}  // namespace

std::vector<Figure> ImageTrue(const std::string& self) {
  const Scratch scratch;
  const auto engine = ContainerEngine::Start(scratch);
  if (!engine) return {};
  LoadSandboxImage(engine->client());
  // In pieces that take turns, as the speed of a machine changes within minutes.
  constexpr int kPieces = 5;
  const auto ours = [&] { return OurRate(self, *engine, scratch, kPods / kPieces); };
  const Rates bare = InTurns(ours, [&] { return BareRate(*engine, kPods / kPieces); });
  std::vector<Figure> out = {
      AtLeast("image_true", bare.ours, "pods/s", "a bare loop of the same two containers", bare.others, 0.8)};
  // An engine that has nothing else to do: what counts is how soon each end is known.
  const Rates in_turn = InTurns([&] { return OurRate(self, *engine, scratch, kPodsInTurn / kPieces, 1); },
                                [&] { return BareRate(*engine, kPodsInTurn / kPieces, 1); });
  out.push_back(AtLeast("image_true one by one", in_turn.ours, "pods/s", "a bare loop of the same two containers",
                        in_turn.others, 1));
  if (engine->podman().empty()) {
    std::fprintf(stderr, "image_true beside podman run: skipped, the engine is not ours\n");
    return out;
  }
  for (const bool removing : {false, true}) {
    const Rates podman = InTurns(ours, [&] { return PodmanRate(*engine, scratch, kPods / kPieces, removing); });
    out.push_back(AtLeast(
        "image_true beside podman", podman.ours, "pods/s",
        removing ? "podman run --rm --pod new:, podman pod rm" : "podman run --rm --pod new:", podman.others, 1));
  }
  return out;
}

std::vector<Figure> FirstContainer(const std::string& self) {
  const Scratch scratch;
  const auto engine = ContainerEngine::Start(scratch);
  if (!engine) return {};
  LoadSandboxImage(engine->client());
  const std::string shared = scratch / "shared";
  const std::string note = shared + "/note";
  std::filesystem::create_directories(shared);
  const std::string volume = Cat("      volumes: [{name: shared, hostPath: {path: ", shared, "}}]\n");
  std::ofstream(scratch / "first.yaml") << Manifest(1, 1,
                                                    "[/bin/touch, /shared/note]\n        volumeMounts: [{name: shared, "
                                                    "mountPath: /shared}]",
                                                    volume);
  std::vector<double> ours;
  std::vector<double> bare;
  for (int i = 0; i < kRepeats; ++i) {
    std::filesystem::remove(note);
    double begin = TimeOfDay();
    BarePod pod(engine->client(), Cat("first-", i));
    pod.Start({"/bin/touch", "/shared/note"}, shared);
    pod.WaitAndRemove();
    bare.push_back(1e3 * (MadeAt(note) - begin));
    std::filesystem::remove(note);
    begin = TimeOfDay();
    REPRIEVE_CHECK(Shell(Cat(Run(self, *engine, scratch, "first.yaml"), " > ", scratch / "out.txt")) == 0,
                   "the Job completes");
    ours.push_back(1e3 * (MadeAt(note) - begin));
  }
  std::vector<Figure> out = {AtMost("first_container", Median(std::move(ours)), "ms",
                                    "a bare loop of the same two containers", Median(std::move(bare)), 1.3)};
  out.push_back(AtMost(Cat("idle cost of ", kIdle, " containers"), IdleShare(self, *engine, scratch), "% of a core",
                       "the target", 1, 1));
  return out;
}

}  // namespace reprieve::bench
