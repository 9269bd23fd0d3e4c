#include "node/local_world.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/text.h"
#include "node/runtime/cgroup.h"
#include "node/testing.h"

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

// Real processes, the real store, pods without a controller unless a test makes one.
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
        AppendTo(out, "\n", LogOf(pod, of.name));
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

TEST_F(LocalWorldTest, AProgramThatIsNotThereIsAStartError) {
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
  if (World().Describe().find("mounts") == std::string::npos) GTEST_SKIP() << "no mounts here";
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
  ASSERT_NE(Find("p"), nullptr);  // the finalizer holds it
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

TEST_F(LocalWorldTest, ADeletedPodThatFitsNowhereFailsAndGoes) {
  core::PodSpec spec = ASpec(kNever, {AContainer("main")});
  spec.containers.front().resources.requests = {{"cpu", "9000"}};
  Add("p", spec, {"hold"});
  WaitFor([&] { return Find("p")->status.FindCondition("PodScheduled") != nullptr; });
  EXPECT_EQ(Find("p")->status.FindCondition("PodScheduled")->reason, "Unschedulable");
  EXPECT_EQ(Find("p")->status.FindCondition("PodScheduled")->message, "0/1 nodes are available: 1 Insufficient cpu.");
  EXPECT_EQ(World().WhyNotRunnable(*Find("p")->spec, "ns").size(), 1U);
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

TEST_F(LocalWorldTest, AStateDirectoryThatFailsMakesPodsWaitAndIsSaidOnce) {
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
  EXPECT_EQ(std::count(notices_.begin(), notices_.end(), '\n'), 1) << notices_;
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

TEST_F(LocalWorldTest, NothingOfItIsLeftOnTheTmpfs) {
  const auto count = [] {
    std::size_t out = 0;
    for (const auto& entry : fs::directory_iterator("/dev/shm")) {
      out += entry.path().filename().string().starts_with(EngineName()) ? 1 : 0;
    }
    return out;
  };
  Add("p", ASpec(kNever, {AContainer("main")}));
  PhaseAtEnd("p");
  world_.reset();
  EXPECT_EQ(count(), 0U);
}

TEST(LocalClock, NeverGoesBack) {
  const LocalClock clock;
  Time last = clock.Now();
  for (int i = 0; i < 1000; ++i) {
    const Time now = clock.Now();
    EXPECT_GE(now, last);
    last = now;
  }
}

}  // namespace
}  // namespace reprieve::node
