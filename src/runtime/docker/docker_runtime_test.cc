#include "runtime/docker/docker_runtime.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "runtime/docker/testing.h"
#include "runtime/file.h"

namespace reprieve::runtime::docker {
namespace {

using std::chrono::milliseconds;
using testing::FakeEngine;

constexpr std::string_view kNotFound = "exec: \"/none\": stat /none: no such file or directory";

std::string Answer(int status, const std::string& body) {
  return Cat("HTTP/1.1 ", status, " X\r\nContent-Type: application/json\r\nContent-Length: ", body.size(), "\r\n\r\n",
             body);
}

std::string Refusal(int status, std::string_view message) {
  return Answer(status, Cat(R"({"message":)", document::WriteJson(document::Value::String(std::string(message))), "}"));
}

class Docker : public ::testing::Test {
 protected:
  void TearDown() override {
    if (runtime_) {
      EXPECT_EQ(Join(runtime_->End(), "\n"), "");
    }
    EXPECT_EQ(engine_->count(), 0U);
    runtime_.reset();
    client_.reset();
  }

  void Begin() {
    client_ = std::move(EngineClient::Connect(engine_->path())).value();
    DockerRuntimeOptions options;
    options.state_directory = engine_->directory() + "/state";
    options.kill_patience = kill_patience_;
    options.output_patience = milliseconds(200);
    RuntimeEvents events;
    events.exited = [this](ContainerExit exit) { Note([&] { exits_[exit.container] = std::move(exit); }); };
    events.refused = [this](ContainerRefused refused) { Note([&] { refused_.push_back(std::move(refused)); }); };
    events.started = [this](const ContainerStarted& started) { Note([&] { started_.push_back(started.container); }); };
    events.exec_ended = [this](ExecEnd end) { Note([&] { exec_ends_.push_back(std::move(end)); }); };
    events.notice = [this](const std::string& text) { Note([&] { notices_ += text + "\n"; }); };
    events.line = [this](ContainerId, Stream stream, std::string_view line) {
      Note([&] { AppendTo(output_, stream == Stream::kStdout ? "out " : "err ", line, "\n"); });
    };
    runtime_ = std::move(DockerRuntime::Start(*client_, std::move(options), std::move(events))).value();
  }

  ContainerSpec Spec() const {
    ContainerSpec spec;
    spec.name = "main";
    spec.image = ImageUse{.name = "app:1"};
    spec.log_path = engine_->directory() + "/log";
    return spec;
  }
  ContainerId Start(ContainerSpec spec) {
    if (!runtime_) Begin();
    pod_ = runtime_->RunPodSandbox({.namespace_ = "default", .name = "train", .uid = "u", .images = true}).value();
    return runtime_->StartContainer(pod_, std::move(spec)).value();
  }
  ContainerExit ExitOf(ContainerId id) {
    EXPECT_TRUE(Await([&] { return exits_.contains(id); })) << "the container has not ended";
    const std::lock_guard lock(mutex_);
    return exits_[id];
  }
  ContainerExit Run(ContainerSpec spec) { return ExitOf(Start(std::move(spec))); }
  bool Await(const std::function<bool()>& holds) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), holds);
  }

  // What the engine's script may use: it is asked after the test itself has ended, too, until the engine has.
  std::atomic<int> count_ = 0;
  std::atomic<int> pings_ = 0;
  std::atomic<bool> go_ = false;
  std::string first_;

  std::unique_ptr<FakeEngine> engine_ = std::make_unique<FakeEngine>();
  std::unique_ptr<EngineClient> client_;
  std::unique_ptr<DockerRuntime> runtime_;
  milliseconds kill_patience_{15000};
  SandboxId pod_{};
  std::map<ContainerId, ContainerExit> exits_;
  std::vector<ContainerRefused> refused_;
  std::vector<ContainerId> started_;
  std::vector<ExecEnd> exec_ends_;
  std::string notices_;
  std::string output_;

 private:
  void Note(const std::function<void()>& change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
};

class Podman : public Docker {
 protected:
  Podman() { engine_ = std::make_unique<FakeEngine>(true); }
};

TEST_F(Docker, AProgramsOutputAndExitCodeComeFromStreamsThatWereOpenedBeforeItsStart) {
  engine_->started = [&](const std::string& id) {
    engine_->With(id, [](FakeEngine::Box& box) {
      EXPECT_TRUE(box.output_asked);
      EXPECT_TRUE(box.wait_asked);
    });
    engine_->Say(id, 1, "one\ntw");
    engine_->Say(id, 2, "oops\n");
    engine_->Say(id, 1, "o\nend");
    engine_->Exit(id, 7);
  };
  const ContainerExit exit = Run(Spec());
  EXPECT_EQ(exit.exit_code, 7);
  EXPECT_EQ(exit.reason, ExitReason::kError);
  EXPECT_EQ(exit.sandbox, pod_);
  EXPECT_LE(exit.started_at, exit.finished_at);
  EXPECT_EQ(output_, "out one\nerr oops\nout two\nout end\n");
  const std::string log = ReadFile(engine_->directory() + "/log");
  EXPECT_NE(log.find(" stdout F two\n"), std::string::npos) << log;
  EXPECT_NE(log.find(" stdout P end\n"), std::string::npos) << log;
  EXPECT_EQ(started_.size(), 1U);
}

TEST_F(Docker, TheContainerJoinsItsSandboxAndCarriesOurLabels) {
  engine_->started = [&](const std::string& id) {
    engine_->With(id, [](FakeEngine::Box& box) {
      EXPECT_EQ(box.body["HostConfig"]["NetworkMode"].AsText(), "container:box1");
      EXPECT_EQ(box.body["HostConfig"]["IpcMode"].AsText(), "container:box1");
      EXPECT_EQ(box.body["Labels"]["reprieve.dev/pod"].AsText(), "default/train");
      EXPECT_EQ(box.body["Labels"]["reprieve.dev/container"].AsText(), "main");
      EXPECT_EQ(box.body["Labels"]["reprieve.dev/attempt"].AsText(), "0");
      EXPECT_EQ(document::WriteJson(box.body["Entrypoint"]), R"(["/app","serve"])");
    });
    engine_->Exit(id, 0);
  };
  EXPECT_EQ(Run(Spec()).reason, ExitReason::kCompleted);
}

TEST_F(Docker, AStartThatFailsIsFinalAndToldAsAClusterDoes) {
  engine_->script = [](const std::string&, const std::string& path) {
    return path.find("box2/start") != std::string::npos ? Refusal(400, kNotFound) : std::string();
  };
  const ContainerExit exit = Run(Spec());
  EXPECT_EQ(exit.exit_code, 128);
  EXPECT_EQ(exit.reason, ExitReason::kStartError);
  EXPECT_EQ(exit.message, kNotFound);
  EXPECT_TRUE(started_.empty());
}

TEST_F(Podman, WhatCantBeAttachedToSaysWhyWhenItIsStarted) {
  engine_->script = [](const std::string&, const std::string& path) {
    if (path.find("/attach") != std::string::npos) return Refusal(409, "preparing for attach");
    return path.find("box2/start") != std::string::npos ? Refusal(500, kNotFound) : std::string();
  };
  EXPECT_EQ(Run(Spec()).message, kNotFound);
}

TEST_F(Docker, AnEndThatIsToldBeforeTheStartIsAnsweredIsAnEnd) {
  engine_->script = [&](const std::string&, const std::string& path) -> std::string {
    if (path.find("box2/start") == std::string::npos) return {};
    engine_->Exit("box2", 5);
    EXPECT_TRUE(engine_->Eventually([] { return true; }));
    std::this_thread::sleep_for(milliseconds(50));  // the end is to come first
    return "HTTP/1.1 204 X\r\n\r\n";
  };
  EXPECT_EQ(Run(Spec()).exit_code, 5);
  EXPECT_EQ(started_.size(), 1U);
}

TEST_F(Docker, WhatTheKernelHasKilledForMemoryIsTold) {
  engine_->started = [&](const std::string& id) {
    engine_->With(id, [](FakeEngine::Box& box) { box.oom = true; });
    engine_->Exit(id, 137);
  };
  ContainerSpec spec = Spec();
  spec.limits.memory_bytes = 1 << 26;
  EXPECT_EQ(Run(std::move(spec)).reason, ExitReason::kOomKilled);
}

TEST_F(Docker, AContainerThatCantBeMadeIsRefusedAndAnotherMayTakeItsPlace) {
  engine_->script = [&](const std::string&, const std::string& path) {
    return path.starts_with("/containers/create") && ++count_ == 2 ? Refusal(409, "name in use") : std::string();
  };
  engine_->started = [&](const std::string& id) { engine_->Exit(id, 0); };
  Start(Spec());
  ASSERT_TRUE(Await([&] { return !refused_.empty(); }));
  EXPECT_EQ(refused_[0].reason, "CreateContainerError");
  EXPECT_EQ(refused_[0].message, "name in use");
  EXPECT_EQ(ExitOf(runtime_->StartContainer(pod_, Spec()).value()).exit_code, 0);
}

TEST_F(Docker, LimitsOfThePodBoundEachContainer) {
  Begin();
  PodSandboxSpec pod{.namespace_ = "default", .name = "train", .uid = "u", .images = true};
  pod.limits = {.memory_bytes = 1 << 26, .cpu_milli = 500, .pids = {}};
  const SandboxId sandbox = runtime_->RunPodSandbox(pod).value();
  ContainerSpec spec = Spec();
  spec.limits.memory_bytes = 1 << 27;
  ASSERT_TRUE(runtime_->StartContainer(sandbox, spec).ok());
  engine_->With(engine_->Await(), [](FakeEngine::Box& box) {
    EXPECT_EQ(box.body["HostConfig"]["Memory"].AsInt(), 1 << 26);
    EXPECT_EQ(box.body["HostConfig"]["NanoCpus"].AsInt(), 500'000'000);
  });
  EXPECT_EQ(notices_, "");
  ASSERT_TRUE(runtime_->StartContainer(sandbox, Spec()).ok());
  EXPECT_TRUE(Await([&] { return notices_.find("not all together") != std::string::npos; }));
}

TEST_F(Docker, NeitherACommandNorAnEntrypointIsRefused) {
  engine_->image = *document::ParseJson(R"({"Id":"sha256:1","Config":{}})");
  Start(Spec());
  ASSERT_TRUE(Await([&] { return !refused_.empty(); }));
  EXPECT_EQ(refused_[0].message, "no command specified");
}

TEST_F(Docker, AnImageOfRootIsRefusedWhereThePodMustNotRunAsRoot) {
  ContainerSpec spec = Spec();
  spec.image->never_root = true;
  Start(std::move(spec));
  ASSERT_TRUE(Await([&] { return !refused_.empty(); }));
  EXPECT_EQ(refused_[0].reason, "CreateContainerConfigError");
  EXPECT_EQ(refused_[0].message,
            "container has runAsNonRoot and image will run as root (pod: \"train_default(u)\", container: main)");
}

TEST_F(Docker, AStopIsTheImagesSignalAndAfterTheGraceAKill) {
  engine_->image.At("Config").Set("StopSignal", document::Value::String("SIGQUIT"));
  const ContainerId id = Start(Spec());
  const std::string box = engine_->Await();
  runtime_->StopContainer(id, milliseconds(50));
  EXPECT_EQ(ExitOf(id).exit_code, 137);
  engine_->With(box, [](FakeEngine::Box& each) { EXPECT_EQ(each.signals, (std::vector<std::string>{"3", "KILL"})); });
}

TEST_F(Docker, WhatDoesNotEndThoughItWasKilledIsGivenUpAndSaid) {
  engine_->stubborn = true;
  kill_patience_ = milliseconds(100);
  const ContainerId id = Start(Spec());
  engine_->Await();
  runtime_->StopContainer(id, milliseconds(0));
  EXPECT_EQ(ExitOf(id).exit_code, 137);
  EXPECT_NE(notices_.find("was killed and does not end"), std::string::npos) << notices_;
}

TEST_F(Docker, AContainerThatIsStoppedBeforeItWasMadeNeverRuns) {
  engine_->script = [&](const std::string&, const std::string& path) {
    while (path.starts_with("/images/app") && !go_) std::this_thread::yield();
    return std::string();
  };
  const ContainerId id = Start(Spec());
  runtime_->StopContainer(id, milliseconds(1000));
  client_->RunInLoop([] {});
  go_ = true;
  EXPECT_EQ(ExitOf(id).exit_code, 137);
  EXPECT_TRUE(started_.empty());
}

TEST_F(Podman, AContainerThatOutlivesTheConnectionIsFoundAgainAndLosesNoByte) {
  const ContainerId id = Start(Spec());
  const std::string box = engine_->Await();
  engine_->Say(box, 1, "before\nhal");
  ASSERT_TRUE(Await([&] { return output_ == "out before\n"; }));
  engine_->Go();
  engine_->Say(box, 1, "f\n");
  ASSERT_TRUE(Await([&] { return notices_.find("does not answer") != std::string::npos; }));
  engine_->ComeBack();
  ASSERT_TRUE(Await([&] { return output_ == "out before\nout half\n"; }));
  engine_->Say(box, 1, "after\n");
  engine_->Exit(box, 9);
  EXPECT_EQ(ExitOf(id).exit_code, 9);
  EXPECT_EQ(output_, "out before\nout half\nout after\n");
  EXPECT_NE(notices_.find("answers again"), std::string::npos) << notices_;
}

TEST_F(Podman, AnExitWhileTheEngineIsAwayIsTheProgramsOwn) {
  const ContainerId id = Start(Spec());
  const std::string box = engine_->Await();
  engine_->Go();
  engine_->Say(box, 1, "last words\n");
  engine_->Exit(box, 3);
  engine_->ComeBack();
  const ContainerExit exit = ExitOf(id);
  EXPECT_EQ(exit.exit_code, 3);
  EXPECT_FALSE(exit.engine_lost);
  EXPECT_LE(exit.started_at, exit.finished_at);
  EXPECT_EQ(output_, "out last words\n");
}

TEST_F(Docker, WhatTheEngineEndedWhileItWasRestartedIsNoExitOfTheProgram) {
  const ContainerId id = Start(Spec());
  const std::string box = engine_->Await();
  engine_->Go();
  engine_->Exit(box, 137);
  engine_->ComeBack();
  EXPECT_TRUE(ExitOf(id).engine_lost);
}

TEST_F(Podman, AContainerThatTheEngineHasForgottenIsLost) {
  const ContainerId id = Start(Spec());
  const std::string box = engine_->Await();
  engine_->Go();
  engine_->With(box, [](FakeEngine::Box& each) { each.removed = true; });
  engine_->ComeBack();
  EXPECT_TRUE(ExitOf(id).engine_lost);
}

TEST_F(Podman, AWaitThatKnowsNothingOfTheContainerIsNoExit) {
  engine_->script = [&](const std::string&, const std::string& path) -> std::string {
    if (path.find("/wait") == std::string::npos || ++count_ > 1) return {};
    const std::string body = R"({"StatusCode":0,"Error":{"Message":"no such container"}})";
    return Cat("HTTP/1.1 200 OK\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
  };
  engine_->started = [&](const std::string& id) { engine_->Exit(id, 4); };
  EXPECT_EQ(Run(Spec()).exit_code, 4);
}

TEST_F(Docker, AnEngineThatIsGoneWhenAContainerIsToBeMadeRefusesIt) {
  Begin();
  engine_->Go();
  Start(Spec());
  ASSERT_TRUE(Await([&] { return !refused_.empty(); }));
  EXPECT_EQ(refused_[0].reason, "CreatePodSandboxError");
  engine_->ComeBack();
  engine_->started = [&](const std::string& id) { engine_->Exit(id, 0); };
  EXPECT_EQ(ExitOf(runtime_->StartContainer(pod_, Spec()).value()).exit_code, 0);
}

TEST_F(Docker, AStartThatIsNeverAnsweredIsLookedFor) {
  engine_->script = [&](const std::string&, const std::string& path) -> std::string {
    if (path.find("box2/start") == std::string::npos || ++count_ > 1) return {};
    return "cut";
  };
  engine_->started = [&](const std::string& id) { engine_->Exit(id, 6); };
  EXPECT_EQ(Run(Spec()).exit_code, 6);
  EXPECT_EQ(count_, 2);
}

TEST_F(Docker, AnExecHasItsOwnExitCode) {
  const ContainerId id = Start(Spec());
  const std::string box = engine_->Await();
  ASSERT_TRUE(Await([&] { return !started_.empty(); }));
  ASSERT_TRUE(runtime_->Exec(id, {.argv = {"check"}}).ok());
  ASSERT_TRUE(Await([&] { return !exec_ends_.empty(); }));
  EXPECT_EQ(exec_ends_[0].outcome, ExecOutcome::kExited);
  EXPECT_EQ(exec_ends_[0].exit_code, 3);
  engine_->Exit(box, 0);
  ExitOf(id);
}

TEST_F(Docker, AnExecInWhatDoesNotRunIsNotStarted) {
  Begin();
  ASSERT_TRUE(runtime_->Exec(ContainerId{DockerRuntime::kFirstId + 99}, {.argv = {"check"}}).ok());
  ASSERT_TRUE(Await([&] { return !exec_ends_.empty(); }));
  EXPECT_EQ(exec_ends_[0].outcome, ExecOutcome::kNotStarted);
}

TEST_F(Docker, TheEndRemovesWhatRunsAndTellsItsExit) {
  const ContainerId id = Start(Spec());
  engine_->Await();
  EXPECT_EQ(Join(runtime_->End(), "\n"), "");
  EXPECT_EQ(ExitOf(id).exit_code, 137);
}

TEST_F(Docker, TheEndOfARunWhoseEngineIsGoneIsBoundedAndSaysWhatIsLeft) {
  kill_patience_ = milliseconds(100);
  const ContainerId id = Start(Spec());
  engine_->Await();
  ASSERT_TRUE(Await([&] { return !started_.empty(); }));
  engine_->Go();
  EXPECT_NE(Join(runtime_->End(), "\n").find("container box"), std::string::npos);
  EXPECT_EQ(ExitOf(id).exit_code, 137);
  runtime_.reset();
  engine_->ComeBack();
  engine_->With("box1", [](FakeEngine::Box& box) { box.removed = true; });
  engine_->With("box2", [](FakeEngine::Box& box) { box.removed = true; });
}

TEST_F(Docker, AnEngineThatIsAwayWhileTheLastIsRemovedIsAskedAgain) {
  engine_->script = [&](const std::string& method, const std::string& path) -> std::string {
    const bool removes = method == "DELETE" || path.starts_with("/containers/json");
    return removes && ++count_ <= 12 ? "cut" : std::string();
  };
  const ContainerId id = Start(Spec());
  engine_->Await();
  EXPECT_EQ(Join(runtime_->End(), "\n"), "");
  EXPECT_EQ(ExitOf(id).exit_code, 137);
  EXPECT_EQ(engine_->count(), 0U);
}

class Addresses : public Docker {
 protected:
  // A container in a pod of its own at an address that all of them have.
  std::pair<SandboxId, ContainerId> StartAtTheAddress(const std::string& name) {
    const SandboxId pod = runtime_
                              ->RunPodSandbox({.namespace_ = "default",
                                               .name = name,
                                               .address = "10.128.0.1",
                                               .engine_network = "ours",
                                               .images = true})
                              .value();
    return {pod, runtime_->StartContainer(pod, Spec()).value()};
  }
  std::size_t Asked(const std::string& request) {
    const std::vector<std::string> all = engine_->asked();
    return static_cast<std::size_t>(std::count(all.begin(), all.end(), request));
  }
};

TEST_F(Addresses, APodThatStillRunsIsCutOffByItsSuccessor) {
  Begin();
  StartAtTheAddress("old");
  ASSERT_TRUE(Await([&] { return started_.size() == 1; }));
  EXPECT_EQ(Asked("POST /networks/ours/disconnect"), 0U);
  StartAtTheAddress("new");
  ASSERT_TRUE(Await([&] { return started_.size() == 2; }));
  EXPECT_EQ(Asked("POST /networks/ours/disconnect"), 1U);
}

TEST_F(Addresses, OfAPodThatIsBeingRemovedIsWaitedFor) {
  Begin();
  const auto [old_pod, old_container] = StartAtTheAddress("old");
  ASSERT_TRUE(Await([&] { return started_.size() == 1; }));
  runtime_->RemovePodSandbox(old_pod);
  StartAtTheAddress("new");
  StartAtTheAddress("newer");
  ASSERT_TRUE(Await([&] { return started_.size() == 3; }));
  const std::vector<std::string> asked = engine_->asked();
  const auto sandbox_removed = std::find(asked.begin(), asked.end(), "DELETE /containers/box1");
  ASSERT_NE(sandbox_removed, asked.end());
  EXPECT_EQ(std::count(asked.begin(), sandbox_removed, "POST /containers/create"), 2);
  // The newest cuts off the one before it.
  EXPECT_EQ(Asked("POST /networks/ours/disconnect"), 1U);
}

// The OCI runtime goes on with a start whose engine is killed, and refuses the next one.
TEST_F(Docker, AStartThatSucceedsWithoutItsEngineIsNoStartError) {
  engine_->script = [&](const std::string&, const std::string& path) -> std::string {
    if (path != "/containers/box2/start") return {};
    if (++count_ == 1) return "cut";
    engine_->With("box2", [](FakeEngine::Box& box) { box.state = "running"; });
    return Refusal(500, "runc start failed: exit status 1");
  };
  const ContainerId id = Start(Spec());
  ASSERT_TRUE(Await([&] { return !started_.empty(); }));
  EXPECT_EQ(count_, 2);
  engine_->Exit("box2", 4);
  EXPECT_EQ(ExitOf(id).exit_code, 4);
  EXPECT_EQ(ExitOf(id).reason, ExitReason::kError);
}

// To who waits Podman tells an end up to 250 ms late, but not to who asks after it.
TEST_F(Podman, TheEndIsAskedForOnceTheOutputHasEnded) {
  engine_->sleepy = true;
  engine_->started = [&](const std::string& id) { engine_->Exit(id, 3); };
  const ContainerExit exit = Run(Spec());
  EXPECT_EQ(exit.exit_code, 3);
  EXPECT_EQ(exit.reason, ExitReason::kError);
  EXPECT_FALSE(exit.engine_lost);
}

TEST_F(Podman, AProgramThatClosesItsOutputGoesOnAndIsWaitedFor) {
  engine_->started = [&](const std::string& id) { engine_->With(id, [](FakeEngine::Box& box) { box.closed = true; }); };
  engine_->script = [&](const std::string&, const std::string& path) -> std::string {
    if (path != "/containers/box2/json") return {};
    if (++count_ == 3) engine_->Exit("box2", 5);
    return Answer(200, R"({"State":{"Status":"running","Running":true}})");
  };
  EXPECT_EQ(Run(Spec()).exit_code, 5);
  EXPECT_EQ(count_, 3);
}

// Podman 4.3 never learns of such a start, and would run what has ended a second time.
TEST_F(Docker, AStartThatPodmanNeverLearnsOfIsADisruption) {
  engine_->script = [&](const std::string&, const std::string& path) -> std::string {
    if (path != "/containers/box2/start") return {};
    engine_->With("box2", [](FakeEngine::Box& box) { box.process = getpid(); });
    return ++count_ == 1 ? "cut" : Refusal(500, "runc start failed: exit status 1");
  };
  const ContainerId id = Start(Spec());
  EXPECT_TRUE(ExitOf(id).engine_lost);
  EXPECT_EQ(ExitOf(id).reason, ExitReason::kError);
  EXPECT_EQ(count_, 2);
  EXPECT_NE(notices_.find("can't tell its exit code"), std::string::npos) << notices_;
}

TEST_F(Docker, WhatEndedAfterAStartThatWasCutIsNotStartedAgain) {
  const pid_t ended = fork();
  if (ended == 0) _exit(0);
  waitpid(ended, nullptr, 0);
  engine_->script = [this, ended](const std::string&, const std::string& path) -> std::string {
    if (path != "/containers/box2/start") return {};
    engine_->With("box2", [&](FakeEngine::Box& box) { box.process = ended; });
    ++count_;
    return "cut";
  };
  const ContainerId id = Start(Spec());
  EXPECT_TRUE(ExitOf(id).engine_lost);
  EXPECT_EQ(count_, 1);
}

TEST_F(Docker, AStartThatIsRefusedAfterACutOneIsAStartError) {
  engine_->script = [&](const std::string&, const std::string& path) -> std::string {
    if (path != "/containers/box2/start") return {};
    return ++count_ == 1 ? "cut" : Refusal(500, "no such program");
  };
  const ContainerId id = Start(Spec());
  EXPECT_EQ(ExitOf(id).reason, ExitReason::kStartError);
  EXPECT_EQ(ExitOf(id).message, "no such program");
  EXPECT_EQ(count_, 2);
}

TEST_F(Docker, AStartThatIsRefusedByAnEngineThatShutsDownIsTriedAgain) {
  engine_->script = [this, away = engine_->path() + ".away"](const std::string&,
                                                             const std::string& path) -> std::string {
    // It answers twice more before it has gone.
    if (path == "/_ping" && count_ == 2 && ++pings_ == 3) rename(away.c_str(), engine_->path().c_str());
    if (!path.ends_with("/start") || ++count_ != 2) return {};
    rename(engine_->path().c_str(), away.c_str());
    return Refusal(500, "grpc: the client connection is closing: context canceled");
  };
  const ContainerId id = Start(Spec());
  const std::string box = engine_->Await();
  ASSERT_TRUE(Await([&] { return started_.size() == 1; }));
  EXPECT_EQ(count_, 3);
  engine_->Exit(box, 0);
  EXPECT_EQ(ExitOf(id).reason, ExitReason::kCompleted);
}

// Podman keeps the name of what it was making when it was killed, and neither lists nor serves that.
TEST_F(Docker, ASandboxWhoseCreationWasNeverAnsweredIsMadeAgainByAnotherName) {
  engine_->script = [&](const std::string&, const std::string& path) -> std::string {
    if (!path.starts_with("/containers/create")) return {};
    if (first_.empty()) {
      first_ = path;
      return "cut";
    }
    return path == first_ ? Refusal(500, "that name is already in use") : std::string();
  };
  Start(Spec());
  ASSERT_TRUE(Await([&] { return refused_.size() == 1; }));
  EXPECT_EQ(refused_[0].reason, "CreatePodSandboxError");
  ASSERT_TRUE(runtime_->StartContainer(pod_, Spec()).ok());
  engine_->Await();
  const std::vector<std::string> asked = engine_->asked();
  EXPECT_NE(std::find(asked.begin(), asked.end(), Cat("DELETE /containers/", first_.substr(first_.find('=') + 1))),
            asked.end());
}

TEST_F(Docker, AContainerWhoseCreationWasNeverAnsweredIsRemovedInTheEnd) {
  engine_->script = [&](const std::string&, const std::string& path) -> std::string {
    if (!path.starts_with("/containers/create") || ++count_ != 2) return {};
    return "cut";
  };
  Start(Spec());
  ASSERT_TRUE(Await([&] { return !refused_.empty(); }));
  EXPECT_EQ(refused_[0].reason, "CreateContainerError");
}

}  // namespace
}  // namespace reprieve::runtime::docker
