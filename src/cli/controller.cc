// reprieve controller: the controllers on a Kubernetes cluster.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>

#include "base/text.h"
#include "cli/controller_metrics.h"
#include "cli/controller_options.h"
#include "cli/controller_servers.h"
#include "cli/exit_code.h"
#include "cli/log_lines.h"
#include "cli/verb.h"
#include "cli/verb_options.h"
#include "kube/access.h"
#include "kube/cluster_world.h"
#include "net/loop.h"
#include "world/local_clock.h"

namespace reprieve::cli {
namespace {

using document::Value;

constexpr Nanoseconds kDrainTime = Seconds(8);

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

class ControllerVerb final : public Verb {
 public:
  void Declare(CLI::App& app) override {
    verb_ = VerbOptions(app, "controller", "Run JobSets, and Jobs that ask for it, on a Kubernetes cluster");
    verb_.Footer(
        "Examples:\n"
        "  reprieve manifests crd | kubectl apply --server-side -f -\n"
        "  reprieve controller --kubeconfig ~/.kube/config\n"
        "  reprieve controller --namespace team-a\n"
        "  reprieve controller --shadow\n\n"
        "Runs all JobSets that name no other manager, and Jobs with\n"
        "spec.managedBy: reprieve.dev/job-controller. Other Jobs are never written to.\n"
        "Log lines are JSON, on standard error. docs/CLUSTER.md has the rest.\n\n"
        "Exit code 0: ended by SIGTERM or Ctrl-C; 1: it does not lead any more; 2: bad\n"
        "input; 3: it cannot run here.");
    options_.lease.name = kube::kLeaseName;
    DeclareControllerOptions(verb_, options_);
  }

  bool only_prints() const override { return false; }

  int Run() override {
    if (const Refusal refusal = UseControllerConfig(verb_, options_); refusal.exit_code != kCompleted) {
      return Tell(refusal, Color::kAuto);
    }
    auto access = kube::FindAccess(options_.access, kube::TheseSurroundings());
    if (!access) return Refuse(access.error(), kBadInput);
    pod_namespace_ = access->in_pod ? access->namespace_ : "jobset-system";
    const std::string origin = access->origin;
    const std::string server = Cat(access->server.tls ? "https://" : "http://", access->server.Authority());
    kube::RestOptions rest_options = options_.rest;
    rest_options.read_only = options_.shadow;
    auto rest = kube::Rest::Make(loop_, clock_, std::move(*access), rest_options);
    if (!rest) return Refuse(rest.error(), kBadInput);
    // What is written to a connection that the peer has closed.
    std::signal(SIGPIPE, SIG_IGN);  // NOLINT(performance-no-int-to-ptr): the macro's own
    kube::ClusterWorld world(**rest, WorldOptions());
    auto servers = ControllerServers::Start(
        options_, {loop_, **rest, world, counts_, pod_namespace_, [this] { return ending_; },
                   [this](kube::Level level, const std::string& message) { Log(level, message); }});
    if (!servers) return Refuse(servers.error(), kCannotRun);
    Log(kube::Level::kInfo, Cat("begins on ", server, ", by ", origin, options_.shadow ? ", as a shadow" : ""));
    for (const std::string& without : options_.without_effect) {
      Log(kube::Level::kWarning, Cat(options_.config, ": ", without));
    }
    loop_.OnTermination([&](int) {
      if (std::exchange(ending_, true)) return loop_.Stop();  // twice: at once
      Log(kube::Level::kInfo, "ends: nothing new is begun, writes in flight are awaited");
      world.Drain(kDrainTime, [this] { loop_.Stop(); });
    });
    world.Start();
    loop_.Run();
    if (world.shadow() != nullptr) SumUp(*world.shadow());
    Log(kube::Level::kInfo, "has ended");
    return code_;
  }

 private:
  static int Refuse(const Error& error, int code) {
    std::fprintf(stderr, "reprieve: %s\n", error.message.c_str());
    return code;
  }

  void Log(kube::Level level, const std::string& message, Value more = Value::MakeObject()) const {
    LogLine(clock_.Now(), NameOf(level), message, std::move(more));
  }

  kube::ClusterWorldOptions WorldOptions() {
    kube::ClusterWorldOptions out;
    out.namespace_ = options_.namespace_;
    if (!options_.gates.empty()) out.gates = *model::ParseFeatureGates(options_.gates);
    out.backoff = *ParseDuration(options_.backoff);
    out.instance = Cat("reprieve-", HostName());
    out.verdict_events = options_.verdict_events;
    out.shadow = options_.shadow;
    out.log = [this](kube::Level level, const std::string& message) { Log(level, message); };
    out.verdict = [this](const world::Verdict& verdict, std::optional<Time> failed_at) {
      counts_.Add(verdict, failed_at);
      LogVerdict(verdict);
    };
    out.compared = [this](const kube::ShadowReport& report) { LogComparison(report); };
    out.lost = [this](const std::string& why) {
      Log(kube::Level::kError, Cat("does not lead any more, and ends: ", why));
      code_ = kFailed;
      loop_.Stop();
    };
    if (options_.elect && !options_.shadow) {
      kube::LeaderOptions leader = options_.lease;
      leader.namespace_ = options_.lease_namespace.empty() ? pod_namespace_ : options_.lease_namespace;
      leader.identity = Cat(HostName(), "_", getpid(), "_", clock_.Now().time_since_epoch().count());
      out.leader = std::move(leader);
    }
    return out;
  }

  // What agrees is counted, and needs no line.
  void LogComparison(const kube::ShadowReport& report) const {
    if (report.result == kube::ShadowResult::kSame) return;
    Value shadow = Value::MakeObject();
    shadow.Set("result", Value::String(std::string(kube::NameOf(report.result))));
    shadow.Set("kind", Value::String(std::string(world::NameOf(report.subject.kind))));
    shadow.Set("namespace", Value::String(report.subject.key.namespace_.str()));
    shadow.Set("name", Value::String(report.subject.key.name.str()));
    shadow.Set("ours", Value::String(report.ours));
    shadow.Set("theirs", Value::String(report.theirs));
    if (report.verdict) shadow.Set("verdict", world::ToValue(*report.verdict));
    Value more = Value::MakeObject();
    more.Set("shadow", std::move(shadow));
    Log(kube::Level::kWarning,
        Cat("would differ: ", world::NameOf(report.subject.kind), " ", report.subject.key.namespace_, "/",
            report.subject.key.name, ": here ", report.ours, ", there ", report.theirs,
            report.verdict ? Cat("; ", world::Describe(*report.verdict)) : std::string()),
        std::move(more));
  }

  void SumUp(const kube::Shadow& shadow) const {
    std::uint64_t same = 0, all = 0;
    Value counts = Value::MakeObject();
    for (const kube::ShadowResult result : {kube::ShadowResult::kSame, kube::ShadowResult::kDifferent,
                                            kube::ShadowResult::kOnlyTheirs, kube::ShadowResult::kOnlyOurs}) {
      const std::uint64_t count = shadow.count(world::Kind::kJob, result) + shadow.count(world::Kind::kJobSet, result);
      counts.Set(kube::NameOf(result), Value::Int(static_cast<std::int64_t>(count)));
      all += count;
      if (result == kube::ShadowResult::kSame) same = count;
    }
    Value more = Value::MakeObject();
    more.Set("summary", std::move(counts));
    Log(kube::Level::kInfo, Cat("decisions compared: ", all, ", the same: ", same, ", otherwise: ", all - same),
        std::move(more));
  }

  VerbOptions verb_;
  ControllerOptions options_;
  std::string pod_namespace_;

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
