#include "kube/reflector.h"

#include <gtest/gtest.h>

#include "kube/cache.h"
#include "kube/decode.h"
#include "kube/testing.h"

namespace reprieve::kube {
namespace {

using net::testing::Peer;
using net::testing::RunUntil;
using testing::AnswerStatus;
using testing::Asked;
using testing::FakeServer;

std::string JobText(const std::string& name, int version) {
  return Cat(R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":")", name, R"(","namespace":"n","uid":"uid-)",
             name, R"(","resourceVersion":")", version, R"("},"spec":{"template":{"spec":{"containers":[]}}}})");
}
std::string Event(const std::string& type, const std::string& object) {
  return Cat(R"({"type":")", type, R"(","object":)", object, "}\n");
}
std::string Bookmark(int version, bool end_of_list) {
  return Event("BOOKMARK", Cat(R"({"kind":"Job","metadata":{"resourceVersion":")", version, R"(")",
                               end_of_list ? R"(,"annotations":{"k8s.io/initial-events-end":"true"})" : "", "}}"));
}
void Stream(Peer& peer) {
  peer.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}
void Chunk(Peer& peer, const std::string& text) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx", text.size());
  peer.Write(Cat(size, "\r\n", text, "\r\n"));
}
void End(Peer& peer) {
  peer.Write("0\r\n\r\n");
}
bool Has(const Asked& asked, std::string_view text) {
  return asked.target.find(text) != std::string::npos;
}

class ReflectorTest : public ::testing::Test {
 protected:
  void Start(FakeServer::Handler handler, ReflectorOptions options = {}) {
    server_ = std::make_unique<FakeServer>(std::move(handler));
    rest_ = server_->MakeRest(loop_);
    options.path = "/apis/batch/v1/jobs";
    options.first_wait = Nanoseconds(1'000'000);
    options.longest_wait = Nanoseconds(4'000'000);
    reflector_ = std::make_unique<Reflector>(*rest_, cache_, options);
    reflector_->Start();
  }
  std::string Known() const {
    std::string out;
    for (const char* name : {"a", "b", "c", "d"}) {
      const batch::Job* job = cache_.Find(meta::ObjectKey{SharedString("n"), SharedString(name)});
      if (job != nullptr) AppendTo(out, name, job->metadata.resource_version, " ");
    }
    return out;
  }
  bool AwaitKnown(const std::string& wanted) {
    return RunUntil(loop_, [&] { return Known() == wanted; });
  }
  ~ReflectorTest() override {
    reflector_.reset();
    rest_.reset();
  }

  net::Loop loop_;
  Decoder decoder_;
  Cache<batch::Job> cache_{[this](document::JsonCursor& in) { return decoder_.Job(in); }, [] {}};
  std::unique_ptr<FakeServer> server_;
  std::unique_ptr<Rest> rest_;
  std::unique_ptr<Reflector> reflector_;
};

TEST_F(ReflectorTest, EverythingComesInOneStreamAndChangesFollowInIt) {
  Start([](const Asked&, Peer& peer) {
    Stream(peer);
    // In pieces that end anywhere.
    const std::string text = Event("ADDED", JobText("a", 5)) + Event("ADDED", JobText("b", 3)) + Bookmark(9, true) +
                             Event("MODIFIED", JobText("a", 10)) + Event("DELETED", JobText("b", 11)) +
                             Event("ADDED", JobText("c", 12));
    for (std::size_t at = 0; at < text.size(); at += 37) Chunk(peer, text.substr(at, 37));
    peer.AwaitEnd();
  });
  EXPECT_TRUE(AwaitKnown("a10 c12 ")) << Known();
  EXPECT_TRUE(reflector_->synced());
  EXPECT_EQ(cache_.version(), 12U);
  EXPECT_TRUE(Has(server_->asked()[0], "sendInitialEvents=true&resourceVersionMatch=NotOlderThan"));
  EXPECT_NE(server_->asked()[0].head.find("Accept-Encoding: identity"), std::string::npos);
  EXPECT_EQ(server_->asked()[0].head.find("gzip"), std::string::npos);
}

TEST_F(ReflectorTest, WhereThereIsNoWatchListItIsListedPageByPage) {
  Start([](const Asked& asked, Peer& peer) {
    if (Has(asked, "sendInitialEvents")) return AnswerStatus(peer, 422, "Invalid", "no such thing");
    if (Has(asked, "watch=1")) {
      Stream(peer);
      Chunk(peer, Event("ADDED", JobText("c", 8)));
      return peer.AwaitEnd();
    }
    if (Has(asked, "continue=")) {
      return peer.Answer(
          Cat(R"({"kind":"JobList","metadata":{"resourceVersion":"7"},"items":[)", JobText("b", 2), "]}"));
    }
    peer.Answer(Cat(R"({"kind":"JobList","metadata":{"resourceVersion":"7","continue":"x/y="},"items":[)",
                    JobText("a", 1), "]}"));
  });
  EXPECT_TRUE(AwaitKnown("a1 b2 c8 ")) << Known();
  const auto asked = server_->asked();
  EXPECT_TRUE(Has(asked[2], "continue=x%2Fy%3D")) << asked[2].target;
  EXPECT_TRUE(Has(asked[3], "resourceVersion=7")) << asked[3].target;
}

TEST_F(ReflectorTest, AWatchThatEndsGoesOnWhereItWas) {
  std::atomic<int> watches = 0;
  Start([&](const Asked& asked, Peer& peer) {
    Stream(peer);
    if (watches++ == 0) {
      Chunk(peer, Event("ADDED", JobText("a", 5)) + Bookmark(6, true) + Bookmark(20, false));
      return End(peer);
    }
    EXPECT_TRUE(Has(asked, "&resourceVersion=20")) << asked.target;
    Chunk(peer, Event("ADDED", JobText("b", 21)));
    peer.AwaitEnd();
  });
  EXPECT_TRUE(AwaitKnown("a5 b21 ")) << Known();
  EXPECT_EQ(reflector_->counters().lists, 1U);
}

TEST_F(ReflectorTest, AForgottenVersionIsListedAnewAndWhatIsGoneIsDeleted) {
  std::atomic<int> lists = 0;
  Start([&](const Asked& asked, Peer& peer) {
    Stream(peer);
    if (Has(asked, "sendInitialEvents")) {
      if (lists++ == 0) {
        Chunk(peer, Event("ADDED", JobText("a", 5)) + Event("ADDED", JobText("b", 6)) + Bookmark(6, true));
        return End(peer);
      }
      Chunk(peer, Event("ADDED", JobText("b", 6)) + Event("ADDED", JobText("c", 30)) + Bookmark(31, true));
      return peer.AwaitEnd();
    }
    Chunk(peer, Event("ERROR", R"({"kind":"Status","code":410,"message":"too old resource version"})"));
    End(peer);
  });
  EXPECT_TRUE(AwaitKnown("b6 c30 ")) << Known();
  EXPECT_EQ(reflector_->counters().expired, 1U);
}

TEST_F(ReflectorTest, AnErrorEventEndsTheWatchThoughTheServerLeavesItOpen) {
  std::atomic<int> watches = 0;
  Start([&](const Asked&, Peer& peer) {
    Stream(peer);
    if (watches++ == 0) {
      Chunk(peer, Event("ADDED", JobText("a", 5)) + Bookmark(6, true) +
                      Event("ERROR", R"({"kind":"Status","code":410,"message":"too old resource version"})"));
    } else {
      Chunk(peer, Event("ADDED", JobText("b", 7)) + Bookmark(8, true));
    }
    peer.AwaitEnd();
  });
  EXPECT_TRUE(AwaitKnown("b7 ")) << Known();
  EXPECT_EQ(reflector_->counters().expired, 1U);
}

TEST_F(ReflectorTest, AWatchThatFallsSilentIsOpenedAgainWhereItWas) {
  std::atomic<int> watches = 0;
  ReflectorOptions options;
  options.longest_silence = std::chrono::milliseconds(80);
  Start(
      [&](const Asked& asked, Peer& peer) {
        Stream(peer);
        if (watches++ == 0) {
          Chunk(peer, Event("ADDED", JobText("a", 5)) + Bookmark(6, true));
          return peer.AwaitEnd();
        }
        EXPECT_TRUE(Has(asked, "&resourceVersion=6")) << asked.target;
        Chunk(peer, Event("ADDED", JobText("b", 7)));
        peer.AwaitEnd();
      },
      options);
  EXPECT_TRUE(AwaitKnown("a5 b7 ")) << Known();
  EXPECT_GE(reflector_->counters().stalled, 1U);
}

TEST_F(ReflectorTest, EventsThatComeTwiceOrLateChangeNothing) {
  Start([](const Asked&, Peer& peer) {
    Stream(peer);
    Chunk(peer, Event("ADDED", JobText("a", 5)) + Bookmark(6, true) + Event("MODIFIED", JobText("a", 9)) +
                    Event("MODIFIED", JobText("a", 8)) + Event("MODIFIED", JobText("a", 9)) +
                    Event("DELETED", JobText("d", 7)) + Event("ADDED", JobText("b", 10)));
    peer.AwaitEnd();
  });
  EXPECT_TRUE(AwaitKnown("a9 b10 ")) << Known();
}

TEST_F(ReflectorTest, FailuresAreToldOnceAndTriedAgain) {
  std::atomic<int> asked_so_far = 0;
  std::vector<std::string> told;
  ReflectorOptions options;
  options.problem = [&](const std::string& text) { told.push_back(text); };
  Start(
      [&](const Asked&, Peer& peer) {
        if (asked_so_far++ < 3) return AnswerStatus(peer, 403, "Forbidden", "jobs is forbidden");
        Stream(peer);
        Chunk(peer, Event("ADDED", JobText("a", 5)) + Bookmark(6, true));
        peer.AwaitEnd();
      },
      options);
  EXPECT_TRUE(RunUntil(loop_, [&] { return reflector_->synced(); }));
  const std::vector<std::string> wanted = {"/apis/batch/v1/jobs: jobs is forbidden",
                                           "/apis/batch/v1/jobs: works again"};
  EXPECT_EQ(told, wanted);
}

TEST_F(ReflectorTest, AnEventThatIsNoJsonEndsTheWatchNotTheProcess) {
  std::atomic<int> watches = 0;
  Start([&](const Asked&, Peer& peer) {
    Stream(peer);
    if (watches++ == 0) {
      Chunk(peer, Event("ADDED", JobText("a", 5)) + "{\"type\":\n");
      return peer.AwaitEnd();
    }
    Chunk(peer, Event("ADDED", JobText("a", 5)) + Bookmark(6, true));
    peer.AwaitEnd();
  });
  EXPECT_TRUE(RunUntil(loop_, [&] { return reflector_->synced(); }));
}

}  // namespace
}  // namespace reprieve::kube
