#include "cli/controller_config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace reprieve::cli {
namespace {

class ControllerConfigTest : public ::testing::Test {
 protected:
  ControllerConfigTest() { std::filesystem::create_directories(folder_); }
  ~ControllerConfigTest() override { std::filesystem::remove_all(folder_); }

  // The errors as LINE PATH: MESSAGE.
  std::vector<std::string> Read(const std::string& body) {
    const std::string path = folder_ + "/config.yaml";
    std::ofstream(path) << "apiVersion: config.jobset.x-k8s.io/v1alpha1\nkind: Configuration\n" << body;
    config_ = {};
    const Refusal refusal = ReadControllerConfig(path, config_);
    std::vector<std::string> out;
    for (const Diagnostic& error : refusal.errors) {
      out.push_back(
          Cat(error.mark.line, " ", error.subject, ": ", error.message, error.advice.empty() ? "" : " ", error.advice));
    }
    EXPECT_EQ(refusal.exit_code == kCompleted, out.empty() && refusal.message.empty());
    return out;
  }

  const std::string folder_ = ::testing::TempDir() + "controller_config_test";
  ControllerConfig config_;
};

using Texts = std::vector<std::string>;

TEST_F(ControllerConfigTest, EveryFieldOfUpstreamsIsTaken) {
  EXPECT_EQ(Read(R"(webhook: {port: 9444, host: 127.0.0.1, certDir: /certs}
leaderElection: {leaderElect: true, leaseDuration: 30s, renewDeadline: 20s, retryPeriod: 4s, resourceLock: leases,
  resourceName: lock, resourceNamespace: ns}
metrics: {bindAddress: ":8443", certDir: /m}
health: {healthProbeBindAddress: ":8082", readinessEndpointName: ready, livenessEndpointName: alive}
tls: {minVersion: VersionTLS13, cipherSuites: [TLS_X]}
internalCertManagement: {enable: false, webhookServiceName: s, webhookSecretName: k}
clientConnection: {qps: 500.5, burst: 7}
featureGates: {RestartJob: true, TLSOptions: true}
)"),
            Texts());
  EXPECT_EQ(config_.webhook_port, 9444);
  EXPECT_EQ(config_.lease_duration, Seconds(30));
  EXPECT_EQ(config_.lease_name, "lock");
  EXPECT_EQ(config_.metrics_address, ":8443");
  EXPECT_EQ(config_.readiness_name, "ready");
  EXPECT_TRUE(config_.only_tls13);
  EXPECT_EQ(config_.own_certificates, false);
  EXPECT_EQ(config_.qps, 500.5);
  EXPECT_EQ(config_.burst, 7);
  EXPECT_EQ(config_.feature_gates, "RestartJob=true");
  ASSERT_EQ(config_.without_effect.size(), 1U);
  EXPECT_NE(config_.without_effect[0].find("tls.cipherSuites"), std::string::npos);
}

TEST_F(ControllerConfigTest, WhatIsUnknownOrWrongIsSaidWithItsLineAllAtOnce) {
  EXPECT_EQ(
      Read("webhook:\n  prot: 1\nleaderElection:\n  leaderElect: \"yes\"\n  resourceLock: endpoints\nmanager: {}\n"
           "clientConnection: {qps: many}\ntls: {minVersion: VersionTLS10}\n"),
      Texts({"4 webhook.prot: there is no such field Did you mean webhook.port?",
             "6 leaderElection.leaderElect: expected true or false",
             "7 leaderElection.resourceLock: expected leases, the only lock there is",
             "8 manager: there is no such field", "9 clientConnection.qps: expected a number of requests a second",
             "10 tls.minVersion: expected VersionTLS12 or VersionTLS13"}));
}

TEST_F(ControllerConfigTest, FieldsThatAreThereTwiceAndGatesThatNobodyKnowsAreRefused) {
  EXPECT_EQ(Read("webhook: {port: 1}\nwebhook: {port: 2}\n"),
            Texts({"4 webhook: this field is here twice; only one can count Remove one of them."}));
  EXPECT_EQ(Read("featureGates: {Nonsense: true}\n").size(), 1U);
}

TEST_F(ControllerConfigTest, ALeaseMustBeRenewableInTime) {
  EXPECT_EQ(Read("leaderElection: {leaseDuration: 10s}\n"),
            Texts({"3 leaderElection.renewDeadline: must be less than leaseDuration"}));
}

}  // namespace
}  // namespace reprieve::cli
