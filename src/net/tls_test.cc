// Who is taken for the server, and who is not. Certificates are made by OpenSSL.
#include <gtest/gtest.h>

#include "base/text.h"
#include "net/client.h"
#include "net/testing.h"
#include "net/testing_identity.h"

namespace reprieve::net {
namespace {

using testing::Identity;
using testing::Peer;
using testing::RunUntil;
using testing::ScriptedServer;

class TlsTest : public ::testing::Test {
 protected:
  ~TlsTest() override { SSL_CTX_free(context_); }

  void Serve(const Identity& identity) {
    SSL_CTX_use_certificate(context_, identity.certificate);
    SSL_CTX_use_PrivateKey(context_, identity.key);
    server_ = std::make_unique<ScriptedServer>(
        [](Peer& peer, int) {
          while (!peer.ReadRequest().empty()) peer.Answer("ok");
        },
        context_);
  }
  Reply Ask(const TlsOptions& tls) {
    Loop loop;
    ClientOptions options;
    options.url = *ParseUrl(Cat("https://127.0.0.1:", server_->port()));
    options.tls = tls;
    const auto client = Client::Make(loop, options);
    EXPECT_TRUE(client.ok());
    std::optional<Reply> out;
    (*client)->Send({}, [&](Reply reply) { out = std::move(reply); });
    EXPECT_TRUE(RunUntil(loop, [&] { return out.has_value(); }));
    return out ? std::move(*out) : Reply{Failure{}, {}};
  }

  SSL_CTX* context_ = SSL_CTX_new(TLS_server_method());
  std::unique_ptr<ScriptedServer> server_;
};

TEST_F(TlsTest, AServerWhoseCertificateIsGivenIsTrusted) {
  const Identity identity("IP:127.0.0.1");
  Serve(identity);
  const Reply reply = Ask({.authorities = identity.CertificatePem()});
  ASSERT_TRUE(reply.ok()) << reply.failure->message;
  EXPECT_EQ(reply.response.body, "ok");
}

TEST_F(TlsTest, AServerOfAnotherAuthorityIsNotTrusted) {
  const Identity identity("IP:127.0.0.1");
  const Identity other("IP:127.0.0.1");
  Serve(identity);
  const Reply reply = Ask({.authorities = other.CertificatePem()});
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.failure->kind, Failure::Kind::kTls);
  EXPECT_NE(reply.failure->message.find("is not trusted for 127.0.0.1: "), std::string::npos) << reply.failure->message;
  EXPECT_FALSE(reply.failure->sent);
}

TEST_F(TlsTest, ACertificateForAnotherNameIsNotTrusted) {
  const Identity identity("DNS:elsewhere.example");
  Serve(identity);
  EXPECT_FALSE(Ask({.authorities = identity.CertificatePem()}).ok());
  EXPECT_TRUE(Ask({.authorities = identity.CertificatePem(), .server_name = "elsewhere.example"}).ok());
}

TEST_F(TlsTest, AnExpiredCertificateIsNotTrusted) {
  const Identity identity("IP:127.0.0.1", -60);
  Serve(identity);
  const Reply reply = Ask({.authorities = identity.CertificatePem()});
  ASSERT_FALSE(reply.ok());
  EXPECT_NE(reply.failure->message.find("expired"), std::string::npos) << reply.failure->message;
}

TEST_F(TlsTest, OnlyWhoAskedForItTakesAnyCertificate) {
  const Identity identity("DNS:elsewhere.example", -60);
  Serve(identity);
  EXPECT_TRUE(Ask({.insecure = true}).ok());
  EXPECT_FALSE(Ask({}).ok());
}

TEST_F(TlsTest, ClientsShowTheirCertificate) {
  const Identity identity("IP:127.0.0.1");
  const Identity client("DNS:me");
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     [](int, X509_STORE_CTX*) { return 1; });
  Serve(identity);
  const std::string trusted = identity.CertificatePem();
  EXPECT_TRUE(Ask({.authorities = trusted, .certificate = client.CertificatePem(), .key = client.KeyPem()}).ok());
  EXPECT_FALSE(Ask({.authorities = trusted}).ok());
}

TEST_F(TlsTest, TlsOlderThan12IsNotSpoken) {
  const Identity identity("IP:127.0.0.1");
  SSL_CTX_set_security_level(context_, 0);
  SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context_, TLS1_1_VERSION);
  Serve(identity);
  const Reply reply = Ask({.authorities = identity.CertificatePem()});
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.failure->kind, Failure::Kind::kTls);
}

TEST_F(TlsTest, WhatIsNoCertificateIsToldAtOnce) {
  Loop loop;
  ClientOptions options;
  options.url = *ParseUrl("https://127.0.0.1:1");
  options.tls.authorities = "-----BEGIN NONSENSE-----";
  const auto client = Client::Make(loop, options);
  ASSERT_FALSE(client.ok());
  EXPECT_NE(client.error().message.find("certificate authority"), std::string::npos);
}

}  // namespace
}  // namespace reprieve::net
