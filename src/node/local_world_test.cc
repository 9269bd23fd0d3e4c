#include "node/local_world.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/text.h"
#include "model/testing.h"
#include "runtime/capabilities.h"
#include "runtime/cgroup.h"

namespace reprieve::node {
namespace {

namespace fs = std::filesystem;
using core::PodPhase;
using core::RestartPolicy;
using testing::AContainer;
using testing::ASidecar;
using testing::ASpec;
using testing::Shared;

constexpr auto kNever = RestartPolicy::kNever;

core::Container Shell(std::string name, std::string script) {
  return AContainer(std::move(name), {"/bin/sh", "-c", std::move(script)});
}

// Real processes and the real store; pods have no controller unless a test creates one.
class LocalWorldTest : public ::testing::Test {
 protected:
  LocalWorldTest() {
    std::string pattern = ::testing::TempDir() + "worldXXXXXX";
    directory_ = mkdtemp(pattern.data());
    options_.state_directory = directory_ + "/state";
    options_.seed = 1;
    options_.notice = [this](const std::string& text) { notices_ += text + "\n"; };
  }
  ~LocalWorldTest() override {
    world_.reset();
    fs::remove_all(directory_);
  }

  LocalWorld& World() {
    if (!world_) {
      auto opened = LocalWorld::Open(options_);
      EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.error().message);
      world_ = std::move(*opened);
    }
    return *world_;
  }
  void Add(const std::string& name, core::PodSpec spec, const std::vector<std::string>& finalizers = {}) {
    core::Pod pod;
    pod.metadata.name = name;
    pod.metadata.namespace_ = "ns";
    for (const std::string& finalizer : finalizers) pod.metadata.finalizers.Add(finalizer);
    pod.spec = Shared(std::move(spec));
    ASSERT_TRUE(World().store().AddPod(std::move(pod)).ok());
  }
  const core::Pod* Find(const std::string& name) { return World().store().FindPod({"ns", name}); }
  void WaitFor(const std::function<bool()>& condition) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    std::jthread alarm([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        world_->Wake();
      }
    });
    World().RunUntil([&] { return condition() || std::chrono::steady_clock::now() > limit; });
    EXPECT_TRUE(condition());
  }
  PodPhase PhaseAtEnd(const std::string& name) {
    WaitFor([&] { return Find(name) == nullptr || Find(name)->IsTerminal(); });
    return Find(name) == nullptr ? PodPhase::kUnknown : Find(name)->status.phase;
  }
  std::string LogOf(const std::string& pod, const std::string& container, int attempt = 0) {
    std::ifstream file(World().machine().LogPath({"ns", pod}, container, attempt));
    std::string out;
    for (std::string line; std::getline(file, line);) {
      const std::size_t tag = line.find(" F ");
      out += (tag == std::string::npos ? line : line.substr(tag + 3)) + "\n";
    }
    return out;
  }
  const core::ContainerStatus& Main(const std::string& pod) { return Find(pod)->status.container_statuses.front(); }

  // What became of each container, for the messages of failed expectations.
  std::string Story(const std::string& pod) {
    std::string out;
    const core::PodStatus& status = Find(pod)->status;
    for (const auto* statuses : {&status.init_container_statuses, &status.container_statuses}) {
      for (const core::ContainerStatus& of : *statuses) {
        AppendTo(out, of.name, ": ", model::ToValue(of.state).members().front().key);
        if (const auto& end = of.state.terminated)
          AppendTo(out, " ", end->exit_code, " ", end->reason, " ", end->message);
        AppendTo(out, "\n", LogOf(pod, of.name.str()));
      }
    }
    return out;
  }

  std::string directory_;
  LocalWorldOptions options_;
  std::string notices_;
  std::unique_ptr<LocalWorld> world_;
};

TEST_F(LocalWorldTest, APodRunsAndItsOutputIsKept) {
  core::PodSpec spec = ASpec(kNever, {Shell("main", "echo $GREETING $0; hostname; exit 3")});
  core::EnvVar greeting;
  greeting.name = "GREETING";
  greeting.value = "hello";
  spec.containers.front().env = {greeting};
  spec.containers.front().args = {"$(GREETING)-world"};
  Add("p", spec);
  EXPECT_EQ(PhaseAtEnd("p"), PodPhase::kFailed);
  EXPECT_EQ(Find("p")->node_name, "n1");
  EXPECT_EQ(Main("p").state.terminated->exit_code, 3);
  EXPECT_EQ(Main("p").state.terminated->reason, "Error");
  EXPECT_TRUE(LogOf("p", "main").starts_with("hello hello-world\n"));
  EXPECT_EQ(Find("p")->status.pod_ip, "127.0.0.1");
  EXPECT_EQ(World().machine().running(), 0U);
}

TEST_F(LocalWorldTest, AMissingProgramIsAStartError) {
  Add("p", ASpec(kNever, {AContainer("main", {"/does/not/exist"})}));
  EXPECT_EQ(PhaseAtEnd("p"), PodPhase::kFailed);
  EXPECT_EQ(Main("p").state.terminated->exit_code, 128);
  EXPECT_EQ(Main("p").state.terminated->reason, "StartError");
}

TEST_F(LocalWorldTest, InitContainersVolumesAndSidecarsWorkTogether) {
  core::Container init = Shell("init", "echo from-init > /scratch-volume/file");
  core::Container side = ASidecar("side", {"/bin/sh", "-c", "trap 'exit 0' TERM; echo up; sleep 60 & wait"});
  core::Container main = Shell("main", "cat /scratch-volume/file");
  core::VolumeMount mount;
  mount.name = "work";
  mount.mount_path = "/scratch-volume";
  init.volume_mounts = main.volume_mounts = {mount};
  core::PodSpec spec = ASpec(kNever, {main}, {init, side});
  core::Volume volume;
  volume.name = "work";
  volume.empty_dir.emplace();
  spec.volumes = {volume};
  const auto machine = runtime::ProbeCapabilities();  // right or not: src/runtime/machine_allows_test.cc
  if (!machine.ok() || !machine->own_mounts()) GTEST_SKIP() << "this machine allows no mounts of a container's own";
  Add("p", spec);
  EXPECT_EQ(PhaseAtEnd("p"), PodPhase::kSucceeded) << Story("p");
  EXPECT_EQ(LogOf("p", "main"), "from-init\n");
}

TEST_F(LocalWorldTest, ADeletedPodThatIgnoresSigtermIsKilledAndRemoved) {
  core::PodSpec spec = ASpec(kNever, {Shell("main", "trap '' TERM; echo up; while :; do sleep 0.1; done")});
  spec.termination_grace_period_seconds = 1;
  Add("p", spec, {"hold"});
  WaitFor([&] { return !LogOf("p", "main").empty(); });
  const world::PodReference pod = world::ReferenceTo(*Find("p"));
  World().store().DeletePod(pod);
  EXPECT_EQ(PhaseAtEnd("p"), PodPhase::kFailed);
  EXPECT_EQ(Main("p").state.terminated->exit_code, 137);
  WaitFor([&] { return World().machine().running() == 0; });
  ASSERT_NE(Find("p"), nullptr);  // kept by its finalizer
  World().store().RemovePodFinalizer(pod, "hold");
  EXPECT_EQ(Find("p"), nullptr);
}

TEST_F(LocalWorldTest, APodThatVanishesFromTheStoreIsKilledAtOnce) {
  Add("p", ASpec(kNever, {Shell("main", "trap '' TERM; echo up; while :; do sleep 0.1; done")}));
  WaitFor([&] { return !LogOf("p", "main").empty(); });
  World().store().RemovePod(world::ReferenceTo(*Find("p")));
  EXPECT_EQ(Find("p"), nullptr);
  WaitFor([&] { return World().machine().running() == 0; });
}

TEST_F(LocalWorldTest, ADeletedPodThatFitsNowhereFailsAndIsRemoved) {
  core::PodSpec spec = ASpec(kNever, {AContainer("main")});
  spec.containers.front().resources.requests = {{"cpu", "9000"}};
  Add("p", spec, {"hold"});
  WaitFor([&] { return Find("p")->status.FindCondition("PodScheduled") != nullptr; });
  EXPECT_EQ(Find("p")->status.FindCondition("PodScheduled")->reason, "Unschedulable");
  EXPECT_EQ(Find("p")->status.FindCondition("PodScheduled")->message, "0/1 nodes are available: 1 Insufficient cpu.");
  const world::PodReference pod = world::ReferenceTo(*Find("p"));
  World().store().DeletePod(pod);
  EXPECT_EQ(PhaseAtEnd("p"), PodPhase::kFailed);
  World().store().RemovePodFinalizer(pod, "hold");
  EXPECT_EQ(Find("p"), nullptr);
}

TEST_F(LocalWorldTest, PodsShareTheMachineAndWaitForTheirTurn) {
  options_.nodes.capacity = {{"cpu", "1"}};
  core::PodSpec spec = ASpec(kNever, {Shell("main", "sleep 0.05")});
  spec.containers.front().resources.requests = {{"cpu", "600m"}};
  for (int i = 0; i < 4; ++i) Add(Cat("p", i), spec);
  std::size_t most = 0;
  WaitFor([&] {
    most = std::max(most, World().machine().running());
    return Find("p3")->IsTerminal();
  });
  EXPECT_EQ(most, 1U);
  EXPECT_EQ(Find("p3")->status.FindCondition("PodScheduled")->status, "True");
}

TEST_F(LocalWorldTest, AtTheEndEveryProcessIsGone) {
  for (int i = 0; i < 5; ++i) {
    Add(Cat("p", i),
        ASpec(RestartPolicy::kAlways, {Shell("main", "trap '' TERM; echo up; while :; do sleep 0.1; done")}));
  }
  WaitFor([&] {
    for (int i = 0; i < 5; ++i) {
      if (LogOf(Cat("p", i), "main").empty()) return false;
    }
    return true;
  });
  int asked = 0;
  std::thread impatient([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    world_->Wake();
  });
  World().End(std::chrono::seconds(30), [&] { return ++asked > 1; });
  impatient.join();
  EXPECT_EQ(World().machine().running(), 0U);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Find(Cat("p", i))->status.phase, PodPhase::kFailed);
}

TEST_F(LocalWorldTest, AVolumeThatCanNotBeMadeHasItsPodsWaitAndTheirStatusSayWhy) {
  core::PodSpec spec = ASpec(kNever, {AContainer("main")});
  core::Volume volume;
  volume.name = "data";
  volume.host_path.emplace().path = "/proc/no/such/place";
  spec.volumes = {volume};
  Add("p", spec);
  Add("q", spec);
  Add("fine", ASpec(kNever, {AContainer("main")}));
  EXPECT_EQ(PhaseAtEnd("fine"), PodPhase::kSucceeded);
  WaitFor([&] {
    return !Find("q")->status.container_statuses.empty() && Main("q").state.waiting->reason != "ContainerCreating";
  });
  EXPECT_EQ(Main("p").state.waiting->reason, "CreateContainerConfigError");
  EXPECT_EQ(Find("p")->status.phase, PodPhase::kPending);
  EXPECT_NE(Main("p").state.waiting->message.view().find("/proc/no/such/place"), std::string::npos);
}

TEST_F(LocalWorldTest, OutputIsShownAsItComes) {
  std::string shown;
  options_.output = [&](const PodOutput& output) {
    AppendTo(shown, output.pod.name, "/", output.container, ": ", output.text, "\n");
  };
  Add("p", ASpec(kNever, {Shell("main", "echo one; echo two")}));
  PhaseAtEnd("p");
  EXPECT_EQ(shown, "p/main: one\np/main: two\n");
}

TEST_F(LocalWorldTest, AJobRunsToItsEndWhateverItsPodsDo) {
  batch::Job job;
  job.metadata.name = "job";
  job.metadata.namespace_ = "ns";
  job.metadata.uid = World().store().NewUid();
  auto spec = std::make_shared<batch::JobSpec>();
  spec->completions = 20;
  spec->parallelism = 7;
  spec->backoff_limit = 0;
  spec->completion_mode = batch::CompletionMode::kIndexed;
  spec->pod_template.metadata.labels.Set(batch::kControllerUid, job.metadata.uid);
  spec->selector.emplace().match_labels.emplace(batch::kControllerUid, job.metadata.uid);
  spec->pod_template.spec = Shared(ASpec(kNever, {Shell("main", "exec test $JOB_COMPLETION_INDEX -lt 20")}));
  job.spec = spec;
  const batch::Job& stored = World().store().AddJob(std::move(job));
  WaitFor([&] { return stored.status.IsFinished(); });
  EXPECT_EQ(stored.status.succeeded, 20);
  EXPECT_EQ(stored.status.completed_indexes, "0-19");
  WaitFor([&] { return World().machine().running() == 0; });
}

// Nothing listens on it yet.
std::uint16_t FreePort() {
  const runtime::Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size);
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

core::Probe Command(std::string script, std::int32_t failures = 1) {
  core::Probe out;
  out.exec.emplace().command = {"/bin/sh", "-c", std::move(script)};
  out.period_seconds = 1;
  out.timeout_seconds = 10;
  out.failure_threshold = failures;
  return out;
}

TEST_F(LocalWorldTest, AReadinessCommandSeesTheContainerAndDecidesWhetherThePodIsReady) {
  core::Container main = Shell("main", "trap 'exit 0' TERM; echo up; while :; do sleep 0.1; done");
  core::EnvVar file;
  file.name = "FILE";
  file.value = directory_ + "/ready";
  main.env = {file};
  main.readiness_probe = Command("test -e $FILE && test -e $(FILE)", 2);
  Add("p", ASpec(kNever, {main}));
  WaitFor([&] { return Find("p")->status.phase == PodPhase::kRunning; });
  EXPECT_FALSE(Find("p")->IsReady());
  EXPECT_EQ(Main("p").started, true);
  std::ofstream(file.value) << "yes";
  WaitFor([&] { return Find("p")->IsReady(); });
  EXPECT_TRUE(Main("p").ready);
  fs::remove(file.value);
  WaitFor([&] { return !Find("p")->IsReady(); });
  EXPECT_EQ(Main("p").restart_count, 0);
  EXPECT_EQ(notices_, "");
}

TEST_F(LocalWorldTest, AFailedLivenessProbeRestartsTheContainerAndSaysSo) {
  core::Container main = Shell("main", "trap 'exit 0' TERM; echo up; while :; do sleep 0.1; done");
  main.liveness_probe = Command("exit 3", 2);
  Add("p", ASpec(RestartPolicy::kOnFailure, {main}));
  WaitFor([&] { return !Find("p")->status.container_statuses.empty() && Main("p").restart_count > 0; });
  EXPECT_EQ(Main("p").LastTermination()->exit_code, 0);
  EXPECT_EQ(
      notices_,
      "pod p: container main failed its liveness probe 2 times in a row (its command exited 3); it is restarted\n");
}

TEST_F(LocalWorldTest, AStartupProbeHoldsBackWhatComesAfterItsSidecar) {
  const std::string door = directory_ + "/door";
  core::Container side = ASidecar("side", {"/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"});
  side.startup_probe = Command("test -e " + door, 100);
  Add("p", ASpec(kNever, {Shell("main", "test -e " + door)}, {side}));
  WaitFor([&] {
    const auto& statuses = Find("p")->status.init_container_statuses;
    return !statuses.empty() && statuses.front().state.running;
  });
  EXPECT_EQ(Find("p")->status.init_container_statuses.front().started, false);
  EXPECT_EQ(Find("p")->status.phase, PodPhase::kPending);
  std::ofstream(door) << "open";
  EXPECT_EQ(PhaseAtEnd("p"), PodPhase::kSucceeded) << Story("p");
}

TEST_F(LocalWorldTest, AProbeThatCannotBeTriedIsReportedOnceAndStopsNothing) {
  core::Container main = Shell("main", "sleep 3.5");
  main.liveness_probe = Command("true");
  main.liveness_probe->exec->command = {"no-such-program"};
  Add("p", ASpec(kNever, {main}));
  EXPECT_EQ(PhaseAtEnd("p"), PodPhase::kSucceeded);
  EXPECT_EQ(notices_,
            "pod p: the liveness probe of container main cannot be tried and is ignored: "
            "no-such-program: executable file not found in $PATH\n");
}

TEST_F(LocalWorldTest, AWebServerIsReadyWhenItAnswersAndStoppedWhenItIsStuck) {
  // It writes its port to a file, and answers 200 until the file `stuck` exists.
  const std::string script =
      "import http.server, os, sys\n"
      "class Handler(http.server.BaseHTTPRequestHandler):\n"
      "  def do_GET(self):\n"
      "    if os.path.exists(sys.argv[1] + '/stuck'): import time; time.sleep(60)\n"
      "    self.send_response(200 if self.path == '/healthz' else 404); self.end_headers()\n"
      "http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[2])), Handler).serve_forever()\n";
  const std::uint16_t port = FreePort();
  core::Container main = AContainer("main", {"python3", "-c", script, directory_, Cat(port)});
  main.ports.emplace_back().name = "web";
  main.ports.back().container_port = port;
  core::Probe get;
  get.http_get.emplace().path = "/healthz";
  get.http_get->port = core::Value::String("web");
  get.period_seconds = 1;
  get.timeout_seconds = 2;
  get.failure_threshold = 1;
  main.readiness_probe = get;
  core::Probe connect;
  connect.tcp_socket.emplace().port = core::Value::Int(port);
  connect.period_seconds = 1;
  connect.failure_threshold = 20;
  main.startup_probe = connect;
  main.liveness_probe = get;
  Add("p", ASpec(kNever, {main}));
  WaitFor([&] { return Find("p")->IsReady(); });
  EXPECT_EQ(Main("p").started, true);
  std::ofstream(directory_ + "/stuck") << "now";
  EXPECT_EQ(PhaseAtEnd("p"), PodPhase::kFailed);
  EXPECT_EQ(Main("p").state.terminated->exit_code, 143);
  EXPECT_EQ(notices_, Cat("pod p: container main failed its liveness probe (GET http://127.0.0.1:", port,
                          "/healthz: no answer within 2s); it is stopped\n"));
}

TEST_F(LocalWorldTest, NothingOfItIsLeftOnTheTmpfs) {
  const auto count = [] {
    std::size_t out = 0;
    for (const auto& entry : fs::directory_iterator("/dev/shm")) {
      out += entry.path().filename().string().starts_with(runtime::EngineName()) ? 1 : 0;
    }
    return out;
  };
  Add("p", ASpec(kNever, {AContainer("main")}));
  PhaseAtEnd("p");
  world_.reset();
  EXPECT_EQ(count(), 0U);
}

TEST(LocalClock, NeverGoesBack) {
  const world::LocalClock clock;
  Time last = clock.Now();
  for (int i = 0; i < 1000; ++i) {
    const Time now = clock.Now();
    EXPECT_GE(now, last);
    last = now;
  }
}

}  // namespace
}  // namespace reprieve::node
