#include "runtime/docker/engine_network.h"

#include <gtest/gtest.h>

#include "runtime/cgroup.h"
#include "runtime/docker/sweep.h"
#include "runtime/docker/testing.h"

namespace reprieve::runtime::docker {
namespace {

using testing::FakeEngine;

std::string WhyNot(FakeEngine& engine) {
  const auto client = EngineClient::Connect(engine.path()).value();
  const auto network = EngineNetwork::Open(*client);
  EXPECT_FALSE(network.ok());
  EXPECT_EQ(engine.count(), 0U);
  EXPECT_TRUE(engine.networks().empty());
  return network.ok() ? "" : network.error().message;
}

std::string Refusal(std::string_view message) {
  const std::string body = Cat(R"({"message":")", message, R"("})");
  return Cat("HTTP/1.1 500 X\r\nContent-Type: application/json\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
}

// The scripted engine has no network that this machine would be on.
TEST(EngineNetwork, OfAnotherMachineIsOfNoUseAndIsRemoved) {
  FakeEngine engine;
  EXPECT_NE(WhyNot(engine).find("are not this machine's"), std::string::npos);
}

TEST(EngineNetwork, WithoutWhatTheEngineNeedsIsSaidWithWhatThatIs) {
  FakeEngine engine(true);
  engine.script = [](const std::string&, const std::string& path) {
    return path.ends_with("/start") ? Refusal("iptables: no such file") : std::string();
  };
  EXPECT_EQ(WhyNot(engine), Cat("Podman 9.9 at ", engine.path(),
                                " starts no container on a network of its own: iptables: no such file; Podman needs "
                                "netavark or containernetworking-plugins for it, iptables, and the rights of root"));
}

TEST(EngineNetwork, TriesAnotherRangeWhereOneIsTaken) {
  FakeEngine engine;
  int refused = 0;
  engine.script = [&](const std::string&, const std::string& path) {
    return path == "/networks/create" && ++refused <= 3 ? Refusal("subnet is already used") : std::string();
  };
  EXPECT_NE(WhyNot(engine).find("are not this machine's"), std::string::npos);
  EXPECT_EQ(refused, 4);
}

TEST(EngineNetwork, IsNotMadeByAnEngineThatRefusesEveryRange) {
  FakeEngine engine;
  engine.script = [](const std::string&, const std::string& path) {
    return path == "/networks/create" ? Refusal("no bridge") : std::string();
  };
  EXPECT_NE(WhyNot(engine).find(" makes no network: no bridge; Docker needs iptables"), std::string::npos);
}

TEST(Sweep, RemovesNetworksOfDeadRunsAlone) {
  FakeEngine engine;
  const auto add = [&](const std::string& name, const std::string& run) {
    document::Value body = document::Value::MakeObject();
    body.Set("Name", document::Value::String(name));
    body.At("Labels").Set("reprieve.dev/run", document::Value::String(run));
    engine.AddNetwork(name, std::move(body));
  };
  const std::string own = EngineName();
  const auto pieces = Split(own, '-');
  add("living", own);
  add("dead", Cat("reprieve-", pieces[1], "-", pieces[2], "-1"));
  add("strange", "somebody's");
  const auto client = EngineClient::Connect(engine.path()).value();
  EXPECT_EQ(SweepDeadRuns(*client, true).removed, std::vector<std::string>{"network dead"});
  EXPECT_EQ(engine.networks().size(), 3U);
  const Swept swept = SweepDeadRuns(*client);
  EXPECT_EQ(swept.removed, std::vector<std::string>{"network dead"});
  EXPECT_EQ(Join(swept.failed, ";"), "");
  EXPECT_EQ(engine.networks().size(), 2U);
  EXPECT_FALSE(engine.networks().contains("dead"));
}

}  // namespace
}  // namespace reprieve::runtime::docker
