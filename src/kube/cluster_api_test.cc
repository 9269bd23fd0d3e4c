#include "kube/cluster_api.h"

#include <gtest/gtest.h>

#include "document/json.h"
#include "kube/decode.h"
#include "kube/testing.h"

namespace reprieve::kube {
namespace {

using document::ParseJson;
using net::testing::Peer;
using net::testing::RunUntil;
using testing::AnswerStatus;
using testing::Asked;
using testing::FakeServer;
using world::WriteCode;
using world::WriteResult;

class ClusterApiTest : public ::testing::Test {
 protected:
  void Serve(FakeServer::Handler handler) {
    server_ = std::make_unique<FakeServer>(std::move(handler));
    rest_ = server_->MakeRest(loop_);
    recorder_ = std::make_unique<Recorder>(*rest_, "test");
    api_ = std::make_unique<ClusterApi>(
        *rest_, KnownObjects{jobs_, jobsets_, pods_}, *recorder_, [this] { return leads_; }, [] {});
  }
  void ServeOk() {
    Serve([](const Asked&, Peer& peer) {
      peer.Answer(R"({"kind":"PartialObjectMetadata","metadata":{"name":"made","resourceVersion":"77"}})");
    });
  }
  WriteResult Submit(world::Request request) {
    std::optional<WriteResult> out;
    api_->Submit(std::move(request), [&](const WriteResult& result) { out = result; });
    EXPECT_TRUE(RunUntil(loop_, [&] { return out.has_value(); }));
    return out.value_or(WriteResult{});
  }
  // The one request that was made.
  Asked Sent() {
    EXPECT_EQ(server_->count(), 1U);
    return server_->asked().empty() ? Asked{} : server_->asked()[0];
  }
  void Know(const char* job) { testing::Change(jobs_, job); }
  ~ClusterApiTest() override {
    api_.reset();
    recorder_.reset();
    rest_.reset();
  }

  net::Loop loop_;
  Decoder decoder_;
  Cache<batch::Job> jobs_{[this](document::JsonCursor& in) { return decoder_.Job(in); }, [] {}};
  Cache<jobset::JobSet> jobsets_{[this](document::JsonCursor& in) { return decoder_.JobSet(in); }, [] {}};
  Cache<core::Pod> pods_{[this](document::JsonCursor& in) { return decoder_.Pod(in); }, [] {}};
  std::unique_ptr<FakeServer> server_;
  std::unique_ptr<Rest> rest_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<ClusterApi> api_;
  bool leads_ = true;
};

const world::PodReference kPod{"n", "p", "uid-p", kNoSlot};

TEST_F(ClusterApiTest, AFinalizerIsTakenFromThePodOfThatUidAlone) {
  ServeOk();
  const WriteResult result = Submit(world::RemovePodFinalizer{kPod, batch::kTrackingFinalizer});
  EXPECT_EQ(result.code, WriteCode::kOk);
  EXPECT_EQ(result.version, 77U);
  const Asked sent = Sent();
  EXPECT_EQ(sent.method, "PATCH");
  EXPECT_EQ(sent.target, "/api/v1/namespaces/n/pods/p");
  EXPECT_NE(sent.head.find("Content-Type: application/strategic-merge-patch+json"), std::string::npos) << sent.head;
  EXPECT_EQ(
      sent.body,
      R"({"metadata":{"uid":"uid-p","$deleteFromPrimitiveList/finalizers":["batch.kubernetes.io/job-tracking"]}})");
}

// Another of that name may have been made since, by somebody else.
TEST_F(ClusterApiTest, AResizeIsOfTheJobThatWasLookedAt) {
  ServeOk();
  Know(R"({"metadata":{"name":"j","namespace":"n","uid":"later","resourceVersion":"9"},
           "spec":{"template":{"spec":{"containers":[]}}}})");
  Submit(world::ResizeJob{{"n", "j"}, "u", 3, 3});
  const Asked sent = Sent();
  EXPECT_EQ(sent.method + sent.target, "PATCH/apis/batch/v1/namespaces/n/jobs/j");
  EXPECT_EQ(sent.body, R"({"metadata":{"uid":"u"},"spec":{"parallelism":3,"completions":3}})");
}

TEST_F(ClusterApiTest, ADeletionNamesTheUid) {
  ServeOk();
  Submit(world::DeletePod{kPod, true});
  const Asked sent = Sent();
  EXPECT_EQ(sent.method, "DELETE");
  EXPECT_EQ((*ParseJson(sent.body))["preconditions"]["uid"].AsText(), "uid-p");
  EXPECT_EQ((*ParseJson(sent.body))["gracePeriodSeconds"].AsText(), "0");
}

TEST_F(ClusterApiTest, AStatusIsWrittenWithTheMetadataThatIsStored) {
  ServeOk();
  Know(R"({"metadata":{"name":"j","namespace":"n","uid":"u","resourceVersion":"9","labels":{"team":"a"},
           "annotations":{"k":"v"},"managedFields":[{"manager":"m"}]},"spec":{"template":{"spec":{"containers":[]}}}})");
  auto status = std::make_unique<batch::JobStatus>();
  status->active = 2;
  Submit(world::UpdateJobStatus{{"n", "j"}, "u", 8, std::move(status)});
  const Asked sent = Sent();
  EXPECT_EQ(sent.method + sent.target, "PUT/apis/batch/v1/namespaces/n/jobs/j/status");
  const document::Value body = *ParseJson(sent.body);
  EXPECT_EQ(body["metadata"]["labels"]["team"].AsText(), "a");
  EXPECT_EQ(body["metadata"]["annotations"]["k"].AsText(), "v");
  EXPECT_EQ(body["metadata"]["resourceVersion"].AsText(), "8");
  EXPECT_EQ(body["status"]["active"].AsText(), "2");
  EXPECT_TRUE(body["metadata"]["managedFields"].IsNull());
}

TEST_F(ClusterApiTest, AStatusOfAnObjectThatIsGoneIsNotSent) {
  ServeOk();
  EXPECT_EQ(Submit(world::UpdateJobStatus{{"n", "j"}, "u", 8, std::make_unique<batch::JobStatus>()}).code,
            WriteCode::kNotFound);
  EXPECT_EQ(server_->count(), 0U);
}

TEST_F(ClusterApiTest, WhoDoesNotLeadWritesNothing) {
  ServeOk();
  leads_ = false;
  EXPECT_EQ(Submit(world::DeletePod{kPod}).code, WriteCode::kUnavailable);
  EXPECT_EQ(server_->count(), 0U);
}

TEST_F(ClusterApiTest, AMissingRightIsToldOnceAndAQuotaIsNot) {
  Serve([this](const Asked&, Peer& peer) {
    AnswerStatus(peer, 403, "Forbidden",
                 server_->count() < 3 ? R"(jobs.batch \"a\" is forbidden: User \"u\" cannot delete resource \"jobs\")"
                                      : R"(jobs.batch \"a\" is forbidden: exceeded quota: all)");
  });
  std::vector<std::string> told;
  MissingRights rights(rest_->clock(), [&](const std::string& text) { told.push_back(text); });
  api_->set_rights(&rights);
  const world::DeleteJob request{{"n", "a"}, meta::Uid("u1"), world::Propagation::kBackground};
  EXPECT_EQ(Submit(request).code, WriteCode::kForbidden);
  EXPECT_EQ(Submit(request).code, WriteCode::kForbidden);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].find("cannot delete resource \"jobs\""), std::string::npos) << told[0];
  Submit(request);
  EXPECT_EQ(told.size(), 1U);
}

TEST_F(ClusterApiTest, ThrottledRequestsAreSentAgainWhenTheServerSays) {
  std::atomic<int> so_far = 0;
  Serve([&](const Asked&, Peer& peer) {
    if (so_far++ < 2) return AnswerStatus(peer, 429, "TooManyRequests", "slow down", "Retry-After: 0\r\n");
    peer.Answer(R"({"metadata":{"resourceVersion":"5"}})");
  });
  EXPECT_EQ(Submit(world::DeletePod{kPod}).code, WriteCode::kOk);
  EXPECT_EQ(server_->count(), 3U);
}

TEST_F(ClusterApiTest, WhatWaitedUntilItDoesNotLeadAnyMoreIsNotSent) {
  Serve(
      [](const Asked&, Peer& peer) { AnswerStatus(peer, 429, "TooManyRequests", "slow down", "Retry-After: 1\r\n"); });
  std::optional<WriteResult> out;
  api_->Submit(world::DeletePod{kPod}, [&](const WriteResult& result) { out = result; });
  ASSERT_TRUE(RunUntil(loop_, [&] { return server_->count() == 1; }));
  leads_ = false;
  ASSERT_TRUE(RunUntil(loop_, [&] { return out.has_value(); }));
  EXPECT_EQ(out->code, WriteCode::kUnavailable);
  EXPECT_EQ(server_->count(), 1U);
}

Outcome Refused(int status, std::string_view body) {
  Outcome out;
  out.status = status;
  ReadStatus(std::string(body), out);
  return out;
}

TEST(ResultOf, AnswersAreWhatTheEngineKnows) {
  const auto code = [](int status, std::string_view method = "PUT", std::string_view body = "{}") {
    return ResultOf(Refused(status, body), method).code;
  };
  EXPECT_EQ(code(404), WriteCode::kNotFound);
  EXPECT_EQ(code(409), WriteCode::kConflict);
  EXPECT_EQ(code(409, "POST", R"({"kind":"Status","reason":"AlreadyExists","message":"m"})"),
            WriteCode::kAlreadyExists);
  EXPECT_EQ(
      code(
          409, "DELETE",
          R"({"kind":"Status","reason":"Conflict","message":"Precondition failed: UID in precondition: a, UID in object meta: b"})"),
      WriteCode::kNotFound);
  EXPECT_EQ(code(422), WriteCode::kForbidden);
  EXPECT_EQ(code(422, "POST"), WriteCode::kForbidden);
  EXPECT_EQ(code(422, "PATCH"), WriteCode::kForbidden);
  EXPECT_EQ(code(422, "PATCH", R"({"kind":"Status","message":"m","details":{"causes":[{"field":"metadata.uid"}]}})"),
            WriteCode::kNotFound);
  EXPECT_EQ(code(403), WriteCode::kForbidden);
  EXPECT_EQ(
      code(403, "POST", R"({"kind":"Status","message":"m","details":{"causes":[{"reason":"NamespaceTerminating"}]}})"),
      WriteCode::kTerminating);
  EXPECT_EQ(code(400), WriteCode::kForbidden);
  for (const int status : {0, 429, 500, 503, 504}) EXPECT_EQ(code(status), WriteCode::kUnavailable) << status;
}

TEST(ResultOf, TheServersWordsAreKept) {
  EXPECT_EQ(ResultOf(Refused(403, R"({"kind":"Status","message":"exceeded quota: q"})"), "POST").message,
            "exceeded quota: q");
  EXPECT_EQ(ResultOf(Refused(502, "<html>\nBad Gateway"), "POST").message,
            "the server answers 502: <html> Bad Gateway");
}

}  // namespace
}  // namespace reprieve::kube
