#include "kube/leader.h"

#include <gtest/gtest.h>

#include "document/json.h"
#include "kube/testing.h"

namespace reprieve::kube {
namespace {

using document::ParseJson;
using document::Value;
using net::testing::Peer;
using net::testing::RunUntil;
using testing::AnswerStatus;
using testing::Asked;
using testing::FakeServer;

// One Lease as an API server keeps it.
class LeaseServer {
 public:
  LeaseServer()
      : server_([this](const Asked& asked, Peer& peer) {
          const std::scoped_lock lock(mutex_);
          if (broken_) return AnswerStatus(peer, 500, "InternalError", "broken");
          if (asked.method == "GET") {
            return lease_.IsNull() ? AnswerStatus(peer, 404, "NotFound", "no lease")
                                   : peer.Answer(document::WriteJson(lease_));
          }
          const Value body = *ParseJson(asked.body);
          const std::string version = body["metadata"]["resourceVersion"].AsText();
          if (asked.method == "PUT" && version != lease_["metadata"]["resourceVersion"].AsText()) {
            return AnswerStatus(peer, 409, "Conflict", "modified");
          }
          lease_ = body;
          Stamp();
          peer.Answer(document::WriteJson(lease_));
        }) {}

  std::string holder() {
    const std::scoped_lock lock(mutex_);
    return lease_["spec"]["holderIdentity"].AsText();
  }
  Value spec() {
    const std::scoped_lock lock(mutex_);
    return lease_["spec"];
  }
  // Somebody else writes it.
  void Hold(const std::string& who, int seconds) {
    const std::scoped_lock lock(mutex_);
    lease_.At("spec").Set("holderIdentity", Value::String(who));
    lease_.At("spec").Set("leaseDurationSeconds", Value::Int(seconds));
    Stamp();
  }
  void Break() {
    const std::scoped_lock lock(mutex_);
    broken_ = true;
  }
  FakeServer& server() { return server_; }

 private:
  void Stamp() { lease_.At("metadata").Set("resourceVersion", Value::String(std::to_string(++version_))); }

  std::mutex mutex_;
  Value lease_;
  int version_ = 0;
  bool broken_ = false;
  FakeServer server_;
};

// One who wants to lead.
struct Candidate {
  Candidate(net::Loop& loop, LeaseServer& server, const std::string& name)
      : rest(server.server().MakeRest(loop, clock)) {
    LeaderOptions options;
    options.name = "lease";
    options.namespace_ = "n";
    options.identity = name;
    options.lease_duration = Seconds(1);
    options.renew_deadline = std::chrono::milliseconds(400);
    options.retry_period = std::chrono::milliseconds(20);
    leader = std::make_unique<Leader>(
        *rest, options,
        Leader::Listener{[this] { ++begun; }, [this](const std::string& text) { why = text; },
                         [this](const std::string& who) { other = who; }, [](const std::string&) {}});
  }

  testing::SetClock clock;
  std::unique_ptr<Rest> rest;
  int begun = 0;
  std::string why;
  std::string other;
  std::unique_ptr<Leader> leader;
};

TEST(Leader, TheFirstLeadsAndTheSecondWaits) {
  net::Loop loop;
  LeaseServer server;
  Candidate first(loop, server, "first");
  Candidate second(loop, server, "second");
  first.leader->Start();
  ASSERT_TRUE(RunUntil(loop, [&] { return first.begun == 1; }));
  EXPECT_TRUE(first.leader->MayWrite());
  second.leader->Start();
  EXPECT_TRUE(RunUntil(loop, [&] { return second.other == "first"; }));
  EXPECT_FALSE(second.leader->MayWrite());
  EXPECT_EQ(server.spec()["leaseTransitions"].AsText(), "0");
}

TEST(Leader, WhoReleasesItHandsOverAtOnce) {
  net::Loop loop;
  LeaseServer server;
  Candidate first(loop, server, "first");
  Candidate second(loop, server, "second");
  first.leader->Start();
  ASSERT_TRUE(RunUntil(loop, [&] { return first.begun == 1; }));
  second.leader->Start();
  bool released = false;
  first.leader->Release([&] { released = true; });
  ASSERT_TRUE(RunUntil(loop, [&] { return released && second.begun == 1; }));
  EXPECT_FALSE(first.leader->MayWrite());
  EXPECT_TRUE(first.why.empty());
  EXPECT_EQ(server.holder(), "second");
  EXPECT_EQ(server.spec()["leaseTransitions"].AsText(), "1");
}

TEST(Leader, WhoCannotRenewStopsBeforeTheLeaseIsOver) {
  net::Loop loop;
  LeaseServer server;
  Candidate first(loop, server, "first");
  first.leader->Start();
  ASSERT_TRUE(RunUntil(loop, [&] { return first.begun == 1; }));
  server.Break();
  ASSERT_TRUE(RunUntil(loop, [&] { return !first.leader->MayWrite(); }));
  ASSERT_TRUE(RunUntil(loop, [&] { return !first.why.empty(); }));
  EXPECT_NE(first.why.find("could not be renewed"), std::string::npos) << first.why;
}

TEST(Leader, WhoseLeaseIsTakenStops) {
  net::Loop loop;
  LeaseServer server;
  Candidate first(loop, server, "first");
  first.leader->Start();
  ASSERT_TRUE(RunUntil(loop, [&] { return first.begun == 1; }));
  server.Hold("thief", 15);
  ASSERT_TRUE(RunUntil(loop, [&] { return !first.why.empty(); }));
  EXPECT_FALSE(first.leader->MayWrite());
  EXPECT_EQ(first.why, "the Lease is held by thief");
}

TEST(Leader, TheTimeOfDayHasNoSay) {
  net::Loop loop;
  LeaseServer server;
  Candidate first(loop, server, "first");
  Candidate second(loop, server, "second");
  first.leader->Start();
  ASSERT_TRUE(RunUntil(loop, [&] { return first.begun == 1; }));
  second.leader->Start();
  ASSERT_TRUE(RunUntil(loop, [&] { return second.other == "first"; }));
  // Whoever's clock jumps, the Lease is as good as before, and is renewed.
  for (testing::SetClock* clock : {&first.clock, &second.clock}) {
    clock->now += std::chrono::hours(24);
    first.clock.now += Seconds(1);
    EXPECT_TRUE(first.leader->MayWrite());
    const std::string renewed = server.spec()["renewTime"].AsText();
    ASSERT_TRUE(RunUntil(loop, [&] { return server.spec()["renewTime"].AsText() != renewed; }));
  }
  EXPECT_EQ(server.holder(), "first");
  EXPECT_EQ(second.begun, 0);
}

TEST(Leader, ALeaseThatNobodyRenewsIsTakenOnceItIsOver) {
  net::Loop loop;
  LeaseServer server;
  server.Hold("dead", 1);
  Candidate second(loop, server, "second");
  second.leader->Start();
  ASSERT_TRUE(RunUntil(loop, [&] { return second.other == "dead"; }));
  EXPECT_EQ(second.begun, 0);
  ASSERT_TRUE(RunUntil(loop, [&] { return second.begun == 1; }));
}

}  // namespace
}  // namespace reprieve::kube
