#include "kube/credentials.h"

#include <gtest/gtest.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "kube/testing.h"
#include "net/testing_identity.h"

namespace reprieve::kube {
namespace {

using net::testing::Peer;
using net::testing::RunUntil;
using testing::AnswerStatus;
using testing::Asked;
using testing::FakeServer;

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() {
    std::string made = ::testing::TempDir() + "/credentials-XXXXXX";
    folder_ = mkdtemp(made.data());
  }
  ~CredentialsTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  // Takes one token, and answers 401 to any other.
  void Serve(std::string good) {
    server_ = std::make_unique<FakeServer>([good = std::move(good)](const Asked& asked, Peer& peer) {
      if (asked.head.find(Cat("Bearer ", good, "\r\n")) != std::string::npos) return peer.Answer("{}");
      AnswerStatus(peer, 401, "Unauthorized", "Unauthorized");
    });
  }
  // The status of the answer to one request.
  int Ask(Rest& rest) {
    int status = -1;
    rest.Send({.path = "/x"}, [&](const Outcome& outcome) { status = outcome.status; });
    EXPECT_TRUE(RunUntil(loop_, [&] { return status >= 0; }));
    return status;
  }
  // How often a plugin has run that prints a token of that number, and that it expires then.
  std::size_t Runs() const {
    std::ifstream runs(folder_ + "/runs");
    return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(runs), {}, '\n'));
  }
  Access Plugin(const std::string& expires) {
    Access access;
    access.exec.emplace();
    access.exec->api_version = "client.authentication.k8s.io/v1";
    access.exec->command = "/bin/sh";
    access.exec->arguments = {
        "-c", Cat("echo >> ", folder_, "/runs; n=$(wc -l < ", folder_, "/runs); ",
                  R"(echo "{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",)",
                  R"(\"status\":{\"token\":\"t$n\",\"expirationTimestamp\":\")", expires, R"(\"}}")")};
    return access;
  }

  std::string folder_;
  net::Loop loop_;
  testing::SetClock clock_;
  std::unique_ptr<FakeServer> server_;
};

TEST_F(CredentialsTest, ATokenThatEndsInTheMiddleIsReadAgainAndTheRequestRepeatedOnce) {
  Serve("second");
  Access access;
  access.token_file = Write("token", "first\n");
  const auto rest = server_->MakeRest(loop_, clock_, access);
  EXPECT_EQ(Ask(*rest), 401);
  EXPECT_EQ(server_->count(), 2U);
  Write("token", "second\n");
  EXPECT_EQ(Ask(*rest), 200);
  // The file is not read for each request.
  Write("token", "third\n");
  EXPECT_EQ(Ask(*rest), 200);
}

TEST_F(CredentialsTest, AWatchThatIsRefusedHasTheTokenReadAgain) {
  Serve("second");
  Access access;
  access.token_file = Write("token", "first");
  const auto rest = server_->MakeRest(loop_, clock_, access);
  int status = -1;
  const auto watch = [&] {
    status = -1;
    const auto stream = rest->Open(
        {.path = "/x?watch=1"}, Seconds(10), [](std::string_view) {},
        [&](const Outcome& outcome) { status = outcome.status; });
    EXPECT_TRUE(RunUntil(loop_, [&] { return status >= 0; }));
  };
  watch();
  EXPECT_EQ(status, 401);
  Write("token", "second");
  watch();
  EXPECT_EQ(status, 200);
}

TEST_F(CredentialsTest, ACertificateThatEndsInTheMiddleIsReadAgainAtOnce) {
  const net::testing::Identity first("IP:127.0.0.1");
  const net::testing::Identity second("IP:127.0.0.1");
  std::atomic<bool> ended = true;
  server_ = std::make_unique<FakeServer>([&](const Asked&, Peer& peer) {
    ended ? AnswerStatus(peer, 401, "Unauthorized", "x509: certificate has expired") : peer.Answer("{}");
  });
  Access access;
  access.certificate_file = Write("tls.crt", first.CertificatePem());
  access.key_file = Write("tls.key", first.KeyPem());
  access.tls.certificate = first.CertificatePem();
  access.tls.key = first.KeyPem();
  const auto rest = server_->MakeRest(loop_, clock_, access);
  // There is nothing else to ask with.
  EXPECT_EQ(Ask(*rest), 401);
  EXPECT_EQ(server_->count(), 1U);
  // Half of a pair is none.
  Write("tls.crt", second.CertificatePem());
  EXPECT_EQ(Ask(*rest), 401);
  EXPECT_EQ(server_->count(), 2U);
  Write("tls.key", second.KeyPem());
  EXPECT_EQ(Ask(*rest), 401);
  EXPECT_EQ(server_->count(), 4U);
  ended = false;
  EXPECT_EQ(Ask(*rest), 200);
}

TEST_F(CredentialsTest, APluginIsAskedAgainWhenWhatItGaveExpires) {
  server_ = std::make_unique<FakeServer>([](const Asked&, Peer& peer) { peer.Answer("{}"); });
  const auto rest = server_->MakeRest(loop_, clock_, Plugin("2026-11-30T01:00:00Z"));
  EXPECT_EQ(Ask(*rest), 200);
  clock_.now += Seconds(3580);
  EXPECT_EQ(Ask(*rest), 200);
  EXPECT_EQ(Runs(), 1U);
  clock_.now += Seconds(15);
  EXPECT_EQ(Ask(*rest), 200);
  EXPECT_EQ(Runs(), 2U);
}

// By a clock that is a day ahead everything that a plugin gives has expired already.
TEST_F(CredentialsTest, APluginIsNotAskedForEachRequestWhereTheClockIsWrong) {
  server_ = std::make_unique<FakeServer>([](const Asked&, Peer& peer) { peer.Answer("{}"); });
  const auto rest = server_->MakeRest(loop_, clock_, Plugin("2026-11-30T01:00:00Z"));
  EXPECT_EQ(Ask(*rest), 200);
  clock_.now += std::chrono::hours(24);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Ask(*rest), 200);
  EXPECT_EQ(Runs(), 2U);
}

TEST_F(CredentialsTest, WhatAPluginGaveIsAskedForAgainWhenItIsRefused) {
  Serve("t2");
  const auto rest = server_->MakeRest(loop_, clock_, Plugin("2026-11-30T01:00:00Z"));
  EXPECT_EQ(Ask(*rest), 200);
  EXPECT_EQ(Runs(), 2U);
  EXPECT_EQ(server_->count(), 2U);
}

}  // namespace
}  // namespace reprieve::kube
