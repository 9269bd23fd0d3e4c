// WebhookCertificates: the certificate of the webhook server, and how the API server comes to trust it.
//
// As upstream's rotator: authority and certificate are in one Secret (ca.crt, ca.key, tls.crt, tls.key), which all
// replicas share and upstream's controller too; whoever finds that they are missing or will expire within 90 days makes
// new ones. The authority, which lives ten years, is written as caBundle into the webhook configurations. Everything is
// looked at again each minute.
//
// Or the certificate comes from a folder (tls.crt, tls.key), which somebody else keeps fresh, and the configurations
// with it; changed files are read within ten seconds.
//
// Source: spec/jobset.md 5.2. No key is in a log. Thread rules: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kube/rest.h"
#include "net/certificate.h"
#include "net/loop.h"

namespace reprieve::kube {

inline constexpr const char* kWebhookService = "jobset-webhook-service";
inline constexpr const char* kWebhookSecret = "jobset-webhook-server-cert";
inline constexpr const char* kMutatingConfiguration = "jobset-mutating-webhook-configuration";
inline constexpr const char* kValidatingConfiguration = "jobset-validating-webhook-configuration";

struct WebhookCertificateOptions {
  std::string namespace_{};  // of Secret and Service
  std::string service = kWebhookService;
  std::string secret = kWebhookSecret;
  std::string folder{};  // if not empty: from there
  Nanoseconds period = Seconds(60);
  Nanoseconds retry = Seconds(5);
};

class WebhookCertificates {
 public:
  struct Listener {
    // Called whenever there is another one.
    std::function<Status(const net::Identity&)> use;
    std::function<void(const std::string&)> tell;
    std::function<void(const std::string&)> trouble;  // each once in a row
  };

  WebhookCertificates(Rest& rest, WebhookCertificateOptions options, Listener listener);
  WebhookCertificates(const WebhookCertificates&) = delete;
  WebhookCertificates& operator=(const WebhookCertificates&) = delete;
  ~WebhookCertificates() { *alive_ = false; }

  void Start() { Look(); }
  // A certificate is in use, and the configurations have been looked at: whoever waits for this can create JobSets
  // then.
  bool ready() const { return !used_.certificate.empty() && looked_; }

 private:
  void Look();
  void ReadFolder();
  void GotSecret(const Outcome& outcome);
  // Makes what is not good any more; true if that is anything.
  Result<bool> Renew(net::Identity& authority, net::Identity& server) const;
  void WriteSecret(const net::Identity& authority, const net::Identity& server);
  void Use(const net::Identity& server);
  // Of the configurations from that position on.
  void TrustIn(std::size_t position);
  void GotConfiguration(std::size_t position, const Outcome& outcome);
  void Again(bool failed);
  void Trouble(const std::string& why);
  std::string DnsName() const { return options_.service + "." + options_.namespace_ + ".svc"; }
  std::string SecretPath(bool with_name) const;

  Rest& rest_;
  const WebhookCertificateOptions options_;
  const Listener listener_;
  net::Timer timer_;
  net::Identity used_;
  std::string bundle_;          // the authority that the configurations shall name
  std::string secret_version_;  // empty: there is no Secret
  document::Value secret_;
  bool failed_ = false;  // something of this round
  bool looked_ = false;  // at the configurations, whatever became of it
  std::string told_trouble_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace reprieve::kube
