#include "cli/controller_options.h"

#include "base/text.h"
#include "cli/common_options.h"
#include "cli/duration_option.h"
#include "cli/verb_options.h"

namespace reprieve::cli {
namespace {

std::string CheckListen(const std::string& text) {
  return text == "off" || ParseListen(text)
             ? std::string()
             : std::string("expected an address such as :8081 or 127.0.0.1:8081, or off");
}

// controller-runtime's 0 is our off.
std::string AddressOf(const std::string& text) {
  return text == "0" || text.empty() ? "off" : text;
}

}  // namespace

void DeclareControllerOptions(VerbOptions& verb, ControllerOptions& options) {
  verb.Add("--kubeconfig", options.access.kubeconfig,
           "How to reach the cluster (default: $KUBECONFIG, the pod's ServiceAccount, ~/.kube/config)")
      .Value("FILE");
  verb.Add("--context", options.access.context, "A context of the kubeconfig (default: its current one)").Value("NAME");
  verb.Add("-n,--namespace", options.namespace_, "Only this namespace, by a Role alone (default: all)").Value("NAME");
  verb.AddFlag("--shadow", options.shadow,
               "Beside the cluster's own controllers: write nothing, and report what would be decided otherwise");
  verb.Add("--config", options.config, "The configuration file of upstream's JobSet controller; flags win")
      .Value("FILE");
  verb.AddFlag("--leader-elect", options.elect,
               "Work only while it holds the Lease, as upstream's controller does (default true)");
  verb.Add("--leader-elect-namespace", options.lease_namespace,
           "Where the Lease is (default: the pod's namespace, else jobset-system)")
      .Value("NAME");
  verb.Add("--qps,--kube-api-qps", options.rest.qps, "Requests a second at most (default 0: no limit)")
      .Value("N")
      .NotNegative();
  verb.Add("--burst,--kube-api-burst", options.rest.burst, "Requests at once under --qps (default: as --qps)")
      .Value("N")
      .NotNegative();
  verb.Add("--backoff", options.backoff,
           "What Jobs wait after their first failure, doubling; 10s as upstream, less to rehearse")
      .Value("DURATION")
      .Check(CheckDuration);
  verb.Add("--listen,--health-probe-bind-address", options.listen,
           "Where /healthz, /readyz and /metrics are, without TLS (default :8081)")
      .Value("ADDRESS")
      .Check(CheckListen);
  verb.Add("--metrics-bind-address", options.metrics_listen, "Where /metrics is over TLS, too (default off)")
      .Value("ADDRESS")
      .Check(CheckListen);
  verb.AddFlag("--webhooks", options.webhooks, "Serve the admission webhooks (default: with --config)");
  verb.Add("--webhook-listen", options.webhook_listen, "Where (default :9443)").Value("ADDRESS").Check(CheckListen);
  verb.Add("--cert-dir", options.webhook_folder,
           "Their certificate, tls.crt and tls.key, which others keep fresh (default: a Secret of its own)")
      .Value("DIR");
  verb.AddFlag("--verdict-events", options.verdict_events, "Record each verdict as an Event, Judged (default true)");
  AddFeatureGates(verb, options.gates);
}

Refusal UseControllerConfig(const VerbOptions& verb, ControllerOptions& options) {
  Refusal out{kCompleted, {}, {}};
  if (options.config.empty()) return out;
  ControllerConfig config;
  out = ReadControllerConfig(options.config, config);
  if (out.exit_code != kCompleted) return out;
  const auto use = [&](const char* flag, auto& option, const auto& value) {
    if (!verb.given(flag)) option = value;
  };
  const auto set = [](auto& option, const auto& value) {
    if (!value.empty()) option = value;
  };
  if (config.leader_elect) use("--leader-elect", options.elect, *config.leader_elect);
  set(options.lease.name, config.lease_name);
  if (!config.lease_namespace.empty()) use("--leader-elect-namespace", options.lease_namespace, config.lease_namespace);
  options.lease.lease_duration = config.lease_duration.value_or(options.lease.lease_duration);
  options.lease.renew_deadline = config.renew_deadline.value_or(options.lease.renew_deadline);
  options.lease.retry_period = config.retry_period.value_or(options.lease.retry_period);
  if (config.qps) use("--qps", options.rest.qps, *config.qps);
  if (config.burst) use("--burst", options.rest.burst, *config.burst);
  if (config.health_address) use("--listen", options.listen, AddressOf(*config.health_address));
  if (config.metrics_address) {
    use("--metrics-bind-address", options.metrics_listen, AddressOf(*config.metrics_address));
    // Off means off, on the other address as well.
    options.has_metrics = *config.metrics_address != "0" || verb.given("--metrics-bind-address");
  }
  set(options.metrics_folder, config.metrics_folder);
  if (!config.readiness_name.empty()) options.readiness = "/" + config.readiness_name;
  if (!config.liveness_name.empty()) options.liveness = "/" + config.liveness_name;
  options.only_tls13 = config.only_tls13;
  // Upstream's always serves them.
  use("--webhooks", options.webhooks, true);
  if (config.webhook_port || !config.webhook_host.empty()) {
    use("--webhook-listen", options.webhook_listen, Cat(config.webhook_host, ":", config.webhook_port.value_or(9443)));
  }
  set(options.webhook_service, config.webhook_service);
  set(options.webhook_secret, config.webhook_secret);
  if (config.own_certificates == false) {
    // Where controller-runtime looks for them.
    use("--cert-dir", options.webhook_folder,
        config.webhook_folder.empty() ? std::string("/tmp/k8s-webhook-server/serving-certs") : config.webhook_folder);
  } else if (!config.webhook_folder.empty()) {
    config.without_effect.emplace_back(
        "webhook.certDir has no effect while internalCertManagement is enabled: the certificate is that of the Secret");
  }
  if (!config.feature_gates.empty()) use("--feature-gates", options.gates, config.feature_gates);
  options.without_effect = std::move(config.without_effect);
  for (const std::string* address : {&options.listen, &options.metrics_listen, &options.webhook_listen}) {
    if (const std::string wrong = CheckListen(*address); !wrong.empty()) {
      return BadInput(Error{Cat(options.config, ": ", *address, ": ", wrong)});
    }
  }
  return out;
}

std::optional<net::ServerOptions> ParseListen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  const auto port = ParseInt32(std::string_view(text).substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) return std::nullopt;
  net::ServerOptions out;
  out.address = text.substr(0, colon);
  if (out.address.starts_with('[') && out.address.ends_with(']'))
    out.address = out.address.substr(1, out.address.size() - 2);
  out.port = static_cast<std::uint16_t>(*port);
  return out;
}

}  // namespace reprieve::cli
