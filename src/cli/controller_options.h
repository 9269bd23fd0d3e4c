// What `reprieve controller` is asked for, by flags and by upstream's configuration file; a flag wins over the file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/controller_config.h"
#include "kube/cluster_world.h"
#include "kube/webhook_certificates.h"
#include "net/server.h"

namespace reprieve::cli {

class VerbOptions;

struct ControllerOptions {
  kube::AccessOptions access;
  kube::RestOptions rest{.user_agent = "reprieve-controller"};
  std::string namespace_;
  std::string gates;
  bool verdict_events = true;
  bool shadow = false;
  std::string backoff = "10s";

  bool elect = true;
  std::string lease_namespace;  // empty: the pod's
  kube::LeaderOptions lease;    // name and times

  std::string listen = ":8081";
  std::string metrics_listen = "off";  // over TLS
  std::string metrics_folder;
  bool has_metrics = true;
  std::string readiness = "/readyz", liveness = "/healthz";

  bool webhooks = false;
  std::string webhook_listen = ":9443";
  std::string webhook_folder;
  std::string webhook_service = kube::kWebhookService, webhook_secret = kube::kWebhookSecret;
  bool only_tls13 = false;

  std::string config;
  std::vector<std::string> without_effect;  // of the file
};

// Declares the flags. `options` outlives the parsing.
void DeclareControllerOptions(VerbOptions& verb, ControllerOptions& options);
// Reads the file of --config, if there is one. Exit code 0: it is read.
[[nodiscard]] Refusal UseControllerConfig(const VerbOptions& verb, ControllerOptions& options);

// ADDRESS:PORT or :PORT; empty address: all. Nothing: it is neither.
[[nodiscard]] std::optional<net::ServerOptions> ParseListen(const std::string& text);

}  // namespace reprieve::cli
