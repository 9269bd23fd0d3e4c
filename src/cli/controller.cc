// reprieve controller: the controllers on a Kubernetes cluster.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <optional>

#include "base/text.h"
#include "cli/controller_metrics.h"
#include "cli/duration_option.h"
#include "cli/exit_code.h"
#include "cli/feature_gates_option.h"
#include "cli/log_lines.h"
#include "cli/verb.h"
#include "kube/access.h"
#include "kube/cluster_world.h"
#include "net/loop.h"
#include "net/server.h"
#include "world/local_clock.h"

namespace reprieve::cli {
namespace {

constexpr Nanoseconds kDrainTime = Seconds(8);
constexpr const char* kUsualListen = ":8081";

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

std::string_view NameOf(kube::Level level) {
  switch (level) {
    case kube::Level::kInfo:
      return "info";
    case kube::Level::kWarning:
      return "warning";
    case kube::Level::kError:
      return "error";
  }
  return "error";
}

// ADDRESS:PORT or :PORT; empty address: all.
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

std::string CheckListen(const std::string& text) {
  return text == "off" || ParseListen(text)
             ? std::string()
             : std::string("expected an address such as :8081 or 127.0.0.1:8081, or off");
}

class ControllerVerb final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    CLI::App* verb = app.add_subcommand("controller", "Run JobSets, and Jobs that ask for it, on a Kubernetes cluster");
    verb->footer(
        "Examples:\n"
        "  reprieve manifests crd | kubectl apply --server-side -f -\n"
        "  reprieve controller --kubeconfig ~/.kube/config\n"
        "  reprieve controller --namespace team-a\n\n"
        "Runs all JobSets that name no other manager, and Jobs with\n"
        "spec.managedBy: reprieve.dev/job-controller. Other Jobs are never written to.\n"
        "Log lines are JSON, on standard error. docs/CLUSTER.md has the rest.\n\n"
        "Exit code 0: ended by SIGTERM or Ctrl-C; 1: it does not lead any more; 2: bad\n"
        "input; 3: it cannot run here.");
    verb->add_option("--kubeconfig", access_.kubeconfig,
                     "How to reach the cluster (default: $KUBECONFIG, the pod's ServiceAccount, ~/.kube/config)")
        ->option_text("FILE");
    verb->add_option("--context", access_.context, "A context of the kubeconfig (default: its current one)")
        ->option_text("NAME");
    verb->add_option("-n,--namespace", namespace_, "Only this namespace, by a Role alone (default: all)")
        ->option_text("NAME");
    verb->add_flag("--leader-elect", elect_,
                   "Work only while it holds the Lease, as upstream's controller does (default true)");
    verb->add_option("--leader-elect-namespace", lease_namespace_,
                     "Where the Lease is (default: the pod's namespace, else jobset-system)")
        ->option_text("NAME");
    verb->add_option("--qps", rest_.qps, "Requests a second at most (default 0: no limit)")
        ->option_text("N")
        ->check(CLI::NonNegativeNumber);
    verb->add_option("--burst", rest_.burst, "Requests at once under --qps (default: as --qps)")
        ->option_text("N")
        ->check(CLI::NonNegativeNumber);
    verb->add_option("--backoff", backoff_,
                     "What Jobs wait after their first failure, doubling; 10s as upstream, less to rehearse")
        ->option_text("DURATION")
        ->check(CheckDuration);
    verb->add_option("--listen", listen_, "Where /healthz, /readyz and /metrics are (default :8081)")
        ->option_text("ADDRESS")
        ->check(CheckListen);
    verb->add_flag("--verdict-events", verdict_events_, "Record each verdict as an Event, Judged (default true)");
    verb->add_option("--feature-gates", gates_, kFeatureGatesHelp)->option_text("GATES")->check(CheckFeatureGates);
  }

  bool only_prints() const override { return false; }

  int Run() override {
    auto access = kube::FindAccess(access_, kube::TheseSurroundings());
    if (!access) return Refuse(access.error(), kBadInput);
    pod_namespace_ = access->token_file.empty() ? "jobset-system" : access->namespace_;
    origin_ = access->origin;
    const std::string server = Cat(access->server.tls ? "https://" : "http://", access->server.Authority());
    auto rest = kube::Rest::Make(loop_, clock_, std::move(*access), rest_);
    if (!rest) return Refuse(rest.error(), kBadInput);
    // What is written to a connection that the peer has closed.
    std::signal(SIGPIPE, SIG_IGN);  // NOLINT(performance-no-int-to-ptr): the macro's own
    kube::ClusterWorld world(**rest, WorldOptions());
    std::unique_ptr<net::Server> probes;
    if (listen_ != "off") {
      auto listening = net::Server::Listen(loop_, *ParseListen(listen_),
                                           [&](const net::Request& request) { return Serve(request, world, **rest); });
      if (!listening) return Refuse(listening.error(), kCannotRun);
      probes = std::move(*listening);
    }
    Log(kube::Level::kInfo, Cat("begins on ", server, ", by ", origin_));
    loop_.OnTermination([&](int) {
      if (std::exchange(ending_, true)) return loop_.Stop();  // twice: at once
      Log(kube::Level::kInfo, "ends: nothing new is begun, writes in flight are awaited");
      world.Drain(kDrainTime, [this] { loop_.Stop(); });
    });
    world.Start();
    loop_.Run();
    Log(kube::Level::kInfo, "has ended");
    return code_;
  }

 private:
  static int Refuse(const Error& error, int code) {
    std::fprintf(stderr, "reprieve: %s\n", error.message.c_str());
    return code;
  }

  void Log(kube::Level level, const std::string& message) const { LogLine(clock_.Now(), NameOf(level), message); }

  kube::ClusterWorldOptions WorldOptions() {
    kube::ClusterWorldOptions out;
    out.namespace_ = namespace_;
    if (!gates_.empty()) out.gates = *model::ParseFeatureGates(gates_);
    out.backoff = *ParseDuration(backoff_);
    out.instance = Cat("reprieve-", HostName());
    out.verdict_events = verdict_events_;
    out.log = [this](kube::Level level, const std::string& message) { Log(level, message); };
    out.verdict = [this](const world::Verdict& verdict) {
      counts_.Add(verdict);
      LogVerdict(verdict);
    };
    out.lost = [this](const std::string& why) {
      Log(kube::Level::kError, Cat("does not lead any more, and ends: ", why));
      code_ = kFailed;
      loop_.Stop();
    };
    if (elect_) {
      kube::LeaderOptions leader;
      leader.name = kube::kLeaseName;
      leader.namespace_ = lease_namespace_.empty() ? pod_namespace_ : lease_namespace_;
      leader.identity = Cat(HostName(), "_", getpid(), "_", clock_.Now().time_since_epoch().count());
      out.leader = std::move(leader);
    }
    return out;
  }

  net::Response Serve(const net::Request& request, const kube::ClusterWorld& world, const kube::Rest& rest) const {
    net::Response out;
    out.status = 200;
    out.headers.Add("Content-Type", "text/plain; charset=utf-8");
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (request.method != "GET" && request.method != "HEAD") {
      out.status = 405;
      out.body = "only GET\n";
    } else if (path == "/healthz") {
      out.body = "ok\n";
    } else if (path == "/readyz") {
      // One that waits for the Lease is ready to take over.
      const std::string why = ending_ ? "it ends" : world.WhyNotSynced();
      out.status = why.empty() ? 200 : 503;
      out.body = why.empty() ? "ok\n" : why + "\n";
    } else if (path == "/metrics") {
      out.headers.Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
      out.body = ControllerMetrics(world, rest, counts_);
    } else {
      out.status = 404;
      out.body = "there are /healthz, /readyz and /metrics\n";
    }
    return out;
  }

  kube::AccessOptions access_;
  kube::RestOptions rest_{.user_agent = "reprieve-controller"};
  std::string namespace_;
  std::string lease_namespace_;
  std::string pod_namespace_;
  std::string origin_;
  std::string listen_ = kUsualListen;
  std::string gates_;
  std::string backoff_ = "10s";
  bool elect_ = true;
  bool verdict_events_ = true;

  net::Loop loop_;
  world::LocalClock clock_;
  VerdictCounts counts_;
  bool ending_ = false;
  int code_ = kCompleted;
};

}  // namespace

std::unique_ptr<Verb> MakeController() {
  return std::make_unique<ControllerVerb>();
}

}  // namespace reprieve::cli
