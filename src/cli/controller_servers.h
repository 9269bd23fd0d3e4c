// What `reprieve controller` serves: probes and metrics, metrics over TLS, webhooks.
//
// Thread rules: the loop's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/controller_metrics.h"
#include "cli/controller_options.h"
#include "kube/webhooks.h"

namespace reprieve::cli {

class ControllerServers {
 public:
  struct Surroundings {
    net::Loop& loop;
    kube::Rest& rest;
    const kube::ClusterWorld& world;
    const VerdictCounts& verdicts;
    std::string namespace_;  // where this process is installed
    std::function<bool()> ending;
    std::function<void(kube::Level, const std::string&)> log;
  };

  // An error: nobody can listen there, or there is no certificate for it.
  static Result<std::unique_ptr<ControllerServers>> Start(const ControllerOptions& options, Surroundings around);
  ControllerServers(const ControllerServers&) = delete;
  ControllerServers& operator=(const ControllerServers&) = delete;

 private:
  ControllerServers(const ControllerOptions& options, Surroundings around);
  Status Listen();
  Status ListenForMetrics();
  Status ListenForWebhooks();
  net::Response Probe(const net::Request& request) const;
  std::string WhyNotReady() const;
  std::string Metrics() const;

  const ControllerOptions& options_;
  const Surroundings around_;
  std::unique_ptr<net::Server> probes_;
  std::unique_ptr<net::Server> metrics_;
  std::unique_ptr<kube::WebhookCertificates> metrics_files_;  // they are kept fresh by others
  std::unique_ptr<kube::Webhooks> webhooks_;
  std::unique_ptr<net::Server> webhook_server_;
  std::unique_ptr<kube::WebhookCertificates> certificates_;
};

}  // namespace reprieve::cli
