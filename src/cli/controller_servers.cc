#include "cli/controller_servers.h"

#include "base/text.h"
#include "net/certificate.h"

namespace reprieve::cli {
namespace {

// An API server sends an object of 3 MiB at most, and of an update two.
constexpr std::size_t kMaxReview = std::size_t{7} << 20;
constexpr Nanoseconds kOwnLife = Seconds(365 * 86'400);

std::string PathOf(const net::Request& request) {
  return request.target.substr(0, request.target.find('?'));
}

net::Response Plain(int status, std::string text) {
  net::Response out;
  out.status = status;
  out.headers.Add("Content-Type", "text/plain; charset=utf-8");
  out.body = std::move(text);
  return out;
}

net::Response MetricsPageOf(std::string text) {
  net::Response out = Plain(200, std::move(text));
  out.headers.Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  return out;
}

bool OnlyLooks(const net::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

ControllerServers::ControllerServers(const ControllerOptions& options, Surroundings around)
    : options_(options), around_(std::move(around)) {}

Result<std::unique_ptr<ControllerServers>> ControllerServers::Start(const ControllerOptions& options,
                                                                    Surroundings around) {
  std::unique_ptr<ControllerServers> out(new ControllerServers(options, std::move(around)));
  if (options.listen != "off") {
    if (const Status listening = out->Listen(); !listening) return listening.error();
  }
  if (options.metrics_listen != "off" && options.has_metrics) {
    if (const Status listening = out->ListenForMetrics(); !listening) return listening.error();
  }
  if (options.webhooks && !options.shadow && options.webhook_listen != "off") {
    if (const Status listening = out->ListenForWebhooks(); !listening) return listening.error();
  }
  return out;
}

Status ControllerServers::Listen() {
  auto listening = net::Server::Listen(
      around_.loop, *ParseListen(options_.listen),
      [this](const net::Request& request, const net::Server::Respond& respond) { respond(Probe(request)); });
  if (!listening) return listening.error();
  probes_ = std::move(*listening);
  return Ok();
}

net::Response ControllerServers::Probe(const net::Request& request) const {
  const std::string path = PathOf(request);
  if (!OnlyLooks(request)) return Plain(405, "only GET\n");
  if (path == options_.liveness) return Plain(200, "ok\n");
  if (path == options_.readiness) {
    const std::string why = WhyNotReady();
    return why.empty() ? Plain(200, "ok\n") : Plain(503, why + "\n");
  }
  if (path == "/metrics" && options_.has_metrics) return MetricsPageOf(Metrics());
  return Plain(404, Cat("there are ", options_.liveness, ", ", options_.readiness, " and /metrics\n"));
}

// One that waits for the Lease is ready to take over, and serves webhooks.
std::string ControllerServers::WhyNotReady() const {
  if (around_.ending()) return "it ends";
  if (certificates_ && !certificates_->ready()) return "the webhooks have no certificate yet";
  return around_.world.WhyNotSynced();
}

std::string ControllerServers::Metrics() const {
  return ControllerMetrics(around_.world, around_.rest, around_.verdicts, webhooks_.get());
}

Status ControllerServers::ListenForMetrics() {
  net::ServerOptions server = *ParseListen(options_.metrics_listen);
  server.tls = true;
  server.only_tls13 = options_.only_tls13;
  auto listening = net::Server::Listen(
      around_.loop, server, [this](const net::Request& request, const net::Server::Respond& respond) {
        if (!OnlyLooks(request)) return respond(Plain(405, "only GET\n"));
        respond(PathOf(request) == "/metrics" ? MetricsPageOf(Metrics()) : Plain(404, "there is /metrics\n"));
      });
  if (!listening) return listening.error();
  metrics_ = std::move(*listening);
  if (!options_.metrics_folder.empty()) {
    metrics_files_ = std::make_unique<kube::WebhookCertificates>(
        around_.rest, kube::WebhookCertificateOptions{.folder = options_.metrics_folder},
        kube::WebhookCertificates::Listener{
            [this](const net::Identity& identity) { return metrics_->SetIdentity(identity); },
            [](const std::string&) {},
            [this](const std::string& why) { around_.log(kube::Level::kWarning, Cat("metrics: ", why)); }});
    metrics_files_->Start();
    return Ok();
  }
  // Like upstream's own: who scrapes it cannot verify it.
  const Time now = around_.rest.clock().Now();
  auto authority = net::MakeAuthority("reprieve-metrics", now, kOwnLife);
  if (!authority) return authority.error();
  auto identity = net::MakeServerIdentity(*authority, {"localhost"}, now, kOwnLife);
  if (!identity) return identity.error();
  return metrics_->SetIdentity(*identity);
}

Status ControllerServers::ListenForWebhooks() {
  webhooks_ = std::make_unique<kube::Webhooks>(
      around_.rest, around_.world.leader_pods(), around_.world.nodes(),
      options_.gates.empty() ? model::FeatureGates() : *model::ParseFeatureGates(options_.gates));
  net::ServerOptions server = *ParseListen(options_.webhook_listen);
  server.tls = true;
  server.only_tls13 = options_.only_tls13;
  server.max_body = kMaxReview;
  auto listening =
      net::Server::Listen(around_.loop, server, [this](const net::Request& request, net::Server::Respond respond) {
        webhooks_->Serve(request, std::move(respond));
      });
  if (!listening) return listening.error();
  webhook_server_ = std::move(*listening);
  kube::WebhookCertificateOptions certificates;
  certificates.namespace_ = around_.namespace_;
  certificates.service = options_.webhook_service;
  certificates.secret = options_.webhook_secret;
  certificates.folder = options_.webhook_folder;
  certificates_ = std::make_unique<kube::WebhookCertificates>(
      around_.rest, std::move(certificates),
      kube::WebhookCertificates::Listener{
          [this](const net::Identity& identity) { return webhook_server_->SetIdentity(identity); },
          [this](const std::string& what) { around_.log(kube::Level::kInfo, Cat("webhooks: ", what)); },
          [this](const std::string& why) { around_.log(kube::Level::kWarning, Cat("webhooks: ", why)); }});
  certificates_->Start();
  return Ok();
}

}  // namespace reprieve::cli
