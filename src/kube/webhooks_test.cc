#include "kube/webhooks.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "document/json.h"
#include "kube/decode.h"
#include "kube/manifests.h"
#include "kube/testing.h"

namespace reprieve::kube {
namespace {

using document::Value;
using net::testing::Peer;
using net::testing::RunUntil;
using testing::Asked;
using testing::FakeServer;

class WebhooksTest : public ::testing::Test {
 protected:
  ~WebhooksTest() override {
    webhooks_.reset();
    rest_.reset();
  }

  net::Response Ask(const std::string& path, const std::string& body) {
    std::optional<net::Response> out;
    webhooks_->Serve({.method = "POST", .target = path, .body = body},
                     [&](net::Response response) { out = std::move(response); });
    EXPECT_TRUE(RunUntil(loop_, [&] { return out.has_value(); }));
    return out.value_or(net::Response{});
  }
  static std::string Review(const std::string& object, const std::string& operation = "CREATE") {
    return Cat(R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","operation":")",
               operation, R"(","namespace":"default","object":)", object, "}}");
  }
  Value Response(const std::string& path, const std::string& body) {
    const net::Response response = Ask(path, body);
    EXPECT_EQ(response.status, 200) << response.body;
    return (*document::ParseJson(response.body))["response"];
  }

  net::Loop loop_;
  FakeServer server_{[](const Asked&, Peer& peer) { testing::AnswerStatus(peer, 404, "NotFound", "no claim"); }};
  std::unique_ptr<Rest> rest_ = server_.MakeRest(loop_);
  Decoder decoder_;
  LeaderPods leaders_;
  Cache<core::Node> nodes_{[this](document::JsonCursor& in) { return decoder_.Node(in); }, [] {}};
  std::unique_ptr<Webhooks> webhooks_ = std::make_unique<Webhooks>(*rest_, leaders_, nodes_, model::FeatureGates());
};

TEST_F(WebhooksTest, EveryPathThatTheConfigurationsNameIsServed) {
  ManifestOptions options;
  options.manage_jobs = true;
  int paths = 0;
  for (const Value& manifest : WebhookManifests(options)) {
    for (const Value& webhook : manifest["webhooks"].items()) {
      const std::string& path = webhook["clientConfig"]["service"]["path"].AsText();
      EXPECT_EQ(Ask(path, Review("{}", "DELETE")).status, 200) << path;
      EXPECT_EQ(Ask("/" + path, Review("{}", "DELETE")).status, 200) << path;  // a slash too many
      EXPECT_EQ(webhook["failurePolicy"].AsText(), "Fail");
      ++paths;
    }
  }
  EXPECT_EQ(paths, 5);
  EXPECT_EQ(Ask("/mutate", Review("{}")).status, 404);
}

TEST_F(WebhooksTest, AnAnswerHasTheUidAndCountsByItsCode) {
  const Value denied = Response("/mutate--v1-pod", Review(R"({"metadata":{}})"));
  EXPECT_EQ(denied["uid"].AsText(), "u");
  EXPECT_FALSE(denied["allowed"].AsBool());
  EXPECT_EQ(denied["status"]["code"].AsText(), "400");
  EXPECT_TRUE(Response("/mutate--v1-pod", Review(R"({"metadata":{},"spec":{}})"))["allowed"].AsBool());
  EXPECT_EQ(webhooks_->requests().at({"/mutate--v1-pod", 400}), 1U);
  EXPECT_EQ(webhooks_->requests().at({"/mutate--v1-pod", 200}), 1U);
}

TEST_F(WebhooksTest, ANamespaceThatIsNoneReachesNoPath) {
  std::string body = Review("{}");
  body.replace(body.find("default"), 7, "../../secrets");
  EXPECT_EQ(Ask("/mutate--v1-pod", body).status, 400);
}

TEST_F(WebhooksTest, ClaimsOfANewJobSetAreLookedUpAndNoneIsWell) {
  const std::string body =
      Review(R"({"metadata":{"name":"a"},"spec":{"volumeClaimPolicies":[{"templates":[{"metadata":{"name":"x"}}]}]}})");
  Response("/validate-jobset-x-k8s-io-v1alpha2-jobset", body);
  ASSERT_EQ(server_.count(), 1U);
  EXPECT_EQ(server_.asked()[0].target, "/api/v1/namespaces/default/persistentvolumeclaims/x-a");
}

}  // namespace
}  // namespace reprieve::kube
