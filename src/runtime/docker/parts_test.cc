// The pieces that need no engine: frames, images, requests, the search for a socket.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "document/json.h"
#include "runtime/cgroup.h"
#include "runtime/docker/engine_socket.h"
#include "runtime/docker/image_config.h"
#include "runtime/docker/output_frames.h"
#include "runtime/docker/requests.h"
#include "runtime/docker/sandbox_image.h"
#include "runtime/docker/sweep.h"
#include "runtime/docker/testing.h"

namespace reprieve::runtime::docker {
namespace {

using Words = std::vector<std::string>;
using testing::Frame;

TEST(OutputFrames, AreJoinedWhereverTheyAreCut) {
  const std::string stream = Frame(1, "one\ntw") + Frame(2, "oops") + Frame(1, "") + Frame(1, "o\n");
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    std::string out;
    std::string err;
    OutputFrames frames([&](Stream which, std::string_view text) { (which == Stream::kStdout ? out : err) += text; });
    for (std::size_t at = 0; at < stream.size(); at += size) ASSERT_TRUE(frames.Put(stream.substr(at, size)));
    EXPECT_EQ(out, "one\ntwo\n") << size;
    EXPECT_EQ(err, "oops") << size;
  }
}

TEST(OutputFrames, WhatIsNoFrameIsRefused) {
  OutputFrames frames([](Stream, std::string_view) {});
  EXPECT_FALSE(frames.Put("404 page not found"));
}

TEST(Image, CommandAndArgsReplaceItsOwnAsInKubernetesTable) {
  ImageConfig image;
  image.entrypoint = {"/ep", "-v"};
  image.arguments = {"cmd"};
  EXPECT_EQ(ArgvOf({}, image), (Words{"/ep", "-v", "cmd"}));
  EXPECT_EQ(ArgvOf({.args = {"a"}}, image), (Words{"/ep", "-v", "a"}));
  EXPECT_EQ(ArgvOf({.command = {"c"}}, image), (Words{"c"}));
  EXPECT_EQ(ArgvOf({.command = {"c"}, .args = {"a"}}, image), (Words{"c", "a"}));
  EXPECT_EQ(ArgvOf({}, {}), Words{});
}

TEST(Image, RootIsFoundByNumberAndByName) {
  ImageConfig image;
  const auto why = [&](const std::string& user, std::optional<std::uint32_t> own = {}) {
    image.user = user;
    return WhyRootInImage(image, own).value_or("");
  };
  EXPECT_EQ(why(""), "container has runAsNonRoot and image will run as root");
  EXPECT_EQ(why("root:staff"), "container has runAsNonRoot and image will run as root");
  EXPECT_EQ(why("0"), "container has runAsNonRoot and image will run as root");
  EXPECT_EQ(why("app"),
            "container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root");
  EXPECT_EQ(why("1000:1000"), "");
  EXPECT_EQ(why("app", 1000), "");
  EXPECT_EQ(why("1000", 0), "container's runAsUser breaks non-root policy");
}

TEST(Image, StopSignalsAreNamedInEveryWay) {
  EXPECT_EQ(SignalNamed("SIGUSR1"), SIGUSR1);
  EXPECT_EQ(SignalNamed("TERM"), SIGTERM);
  EXPECT_EQ(SignalNamed("3"), 3);
  EXPECT_EQ(SignalNamed(""), std::nullopt);
  EXPECT_EQ(SignalNamed("SIGNONE"), std::nullopt);
}

document::Value BodyOf(const ContainerSpec& spec, const PodSandboxSpec& pod, const ImageConfig& image, bool podman) {
  return ContainerBody({spec, pod, image, "run", "abc", {}, podman}).value();
}

TEST(Requests, AContainersUserIsTheManifestsBeforeTheImages) {
  ImageConfig image;
  image.user = "app:staff";
  image.entrypoint = {"/ep"};
  ContainerSpec spec;
  spec.image = ImageUse{.name = "app"};
  const auto user = [&](std::optional<std::uint32_t> uid, std::optional<std::uint32_t> gid) {
    spec.uid = uid;
    spec.gid = gid;
    return BodyOf(spec, {}, image, false)["User"].AsText();
  };
  EXPECT_EQ(user({}, {}), "app:staff");
  EXPECT_EQ(user(1000, {}), "1000");
  EXPECT_EQ(user(1000, 2000), "1000:2000");
  EXPECT_EQ(user({}, 2000), "app:2000");
}

TEST(Requests, WhatTheManifestAsksForIsInTheBody) {
  ImageConfig image;
  image.entrypoint = {"/ep"};
  ContainerSpec spec;
  spec.name = "main";
  spec.attempt = 2;
  spec.image = ImageUse{.name = "app", .capabilities = Words{"CHOWN"}, .apparmor = "mine"};
  spec.environment = {"A=b"};
  spec.mounts = {{"/host:x", "/data", true}};
  spec.limits = {.memory_bytes = 64, .cpu_milli = 500, .pids = {}};
  spec.groups = {7};
  spec.privileges.no_new = true;
  spec.read_only_root = true;
  const document::Value body = BodyOf(spec, {.processes = ProcessView::kPod}, image, true);
  const document::Value& host = body["HostConfig"];
  EXPECT_EQ(document::WriteJson(host["Mounts"]),
            R"([{"Type":"bind","Source":"/host:x","Target":"/data","ReadOnly":true}])");
  EXPECT_EQ(host["Memory"].AsInt(), 64);
  EXPECT_EQ(host["NanoCpus"].AsInt(), 500'000'000);
  EXPECT_EQ(document::WriteJson(host["CapDrop"]), R"(["ALL"])");
  EXPECT_EQ(document::WriteJson(host["CapAdd"]), R"(["CHOWN"])");
  EXPECT_EQ(document::WriteJson(host["SecurityOpt"]), R"(["no-new-privileges","apparmor=mine"])");
  EXPECT_EQ(document::WriteJson(host["GroupAdd"]), R"(["7"])");
  EXPECT_TRUE(host["ReadonlyRootfs"].AsBool());
  EXPECT_EQ(host["PidMode"].AsText(), "container:abc");
  EXPECT_EQ(host["UTSMode"].AsText(), "container:abc");
  EXPECT_EQ(body["Labels"]["reprieve.dev/attempt"].AsText(), "2");
}

TEST(Requests, ASandboxIsOnTheMachinesNetworkOrOnTheRunsAtAnAddressOfItsOwn) {
  EXPECT_EQ(SandboxBody({{}, "run"})["HostConfig"]["NetworkMode"].AsText(), "host");
  const document::Value body = SandboxBody({{.address = "100.64.0.1", .engine_network = "ours"}, "run"});
  EXPECT_EQ(body["HostConfig"]["NetworkMode"].AsText(), "ours");
  EXPECT_EQ(document::WriteJson(body["NetworkingConfig"]),
            R"({"EndpointsConfig":{"ours":{"IPAMConfig":{"IPv4Address":"100.64.0.1"}}}})");
}

TEST(Requests, UnderPodmanAUserOtherThanRootIsGivenNoCapabilities) {
  ImageConfig image;
  image.entrypoint = {"/ep"};
  image.user = "app";
  ContainerSpec spec;
  spec.image = ImageUse{.name = "app", .capabilities = Words{"CHOWN", "NET_ADMIN"}};
  EXPECT_TRUE(BodyOf(spec, {}, image, true)["HostConfig"]["CapAdd"].IsNull());
  EXPECT_EQ(BodyOf(spec, {}, image, true)["HostConfig"]["CapDrop"].size(), 13U);
  EXPECT_EQ(BodyOf(spec, {}, image, false)["HostConfig"]["CapAdd"].size(), 2U);
  spec.uid = 0;
  EXPECT_EQ(BodyOf(spec, {}, image, true)["HostConfig"]["CapAdd"].size(), 2U);
}

TEST(Requests, ASeccompProfileThatCantBeReadIsSaid) {
  ImageConfig image;
  image.entrypoint = {"/ep"};
  ContainerSpec spec;
  spec.image = ImageUse{.name = "app", .seccomp = "/nonexistent/profile.json"};
  const auto body = ContainerBody({spec, {}, image, "run", "abc", {}, false});
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(body.error().message, "the seccomp profile /nonexistent/profile.json can't be read");
}

TEST(SandboxImage, IsAnArchiveOfWholeBlocks) {
  const std::string archive = SandboxImageArchive();
  EXPECT_EQ(archive.size() % 512, 0U);
  EXPECT_EQ(archive.substr(257, 5), "ustar");
  EXPECT_NE(archive.find(SandboxImageName()), std::string::npos);
}

TEST(EngineSocket, IsTheFirstThatSomebodyListensOn) {
  testing::FakeEngine engine;
  const auto found = FindEngineSocket({.usual = {engine.directory() + "/none", engine.path()}});
  EXPECT_EQ(found.path, engine.path());
  EXPECT_EQ(FindEngineSocket({.named = "unix://" + engine.path()}).path, engine.path());
  EXPECT_EQ(FindEngineSocket({.docker_host = "unix://" + engine.path()}).path, engine.path());
}

TEST(EngineSocket, WhyThereIsNoneIsSaidWithAdvice) {
  const auto none = FindEngineSocket({.usual = {"/nonexistent/docker.sock"}});
  EXPECT_FALSE(none.expected);
  EXPECT_EQ(none.why_none,
            "there is no container engine here: nobody listens on /nonexistent/docker.sock; start Docker or "
            "`podman system service`, or name a socket by --engine");
  const auto remote = FindEngineSocket({.docker_host = "tcp://10.0.0.1:2375"});
  EXPECT_TRUE(remote.expected);
  EXPECT_EQ(remote.why_none,
            "DOCKER_HOST is tcp://..., and containers must run on this machine itself; set it to unix://PATH, or name "
            "a socket by --engine PATH");
}

TEST(EngineSocket, OneWithoutPermissionIsSaidWithTheWayIn) {
  if (geteuid() == 0) GTEST_SKIP() << "root may connect to every socket";
  testing::FakeEngine engine;
  ASSERT_EQ(chmod(engine.path().c_str(), 0), 0);
  const auto found = FindEngineSocket({.usual = {engine.path()}});
  EXPECT_TRUE(found.expected);
  EXPECT_NE(found.why_none.find("join the group docker"), std::string::npos) << found.why_none;
}

TEST(Sweep, TellsDeadRunsFromLivingOnesAndFromStrangers) {
  EXPECT_FALSE(IsDeadRun(EngineName()));
  const std::string own = EngineName();
  const auto pieces = Split(own, '-');
  EXPECT_TRUE(IsDeadRun(Cat("reprieve-", pieces[1], "-", pieces[2], "-1")));
  EXPECT_FALSE(IsDeadRun(Cat("reprieve-otherns-", pieces[2], "-1")));
  EXPECT_FALSE(IsDeadRun("somebody else's"));
}

}  // namespace
}  // namespace reprieve::runtime::docker
