#include "kube/cluster_world.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace reprieve::kube {
namespace {

// Passes in a row, before what has come in meanwhile is looked at.
constexpr int kPassesAtOnce = 32;
constexpr Nanoseconds kDrainStep = Nanoseconds(20'000'000);

// Pods that no Job and no JobSet can have to do with. Those without a controller may be adopted.
bool Concerns(const core::Pod& pod) {
  const meta::OwnerReference* controller = pod.metadata.Controller();
  return controller == nullptr ? !pod.metadata.labels.empty() : controller->kind == "Job";
}

}  // namespace

std::string ClusterWorld::PathOf(std::string_view group, std::string_view resource) const {
  return options_.namespace_.empty() ? Cat(group, "/", resource)
                                     : Cat(group, "/namespaces/", options_.namespace_, "/", resource);
}

ReflectorOptions ClusterWorld::Watching(std::string_view group, std::string_view resource) {
  ReflectorOptions out;
  out.path = PathOf(group, resource);
  const bool custom = resource == "jobsets";
  out.problem = [this, custom](const std::string& text) {
    const bool unknown = custom && text.find("could not find the requested resource") != std::string::npos;
    options_.log(
        Level::kWarning,
        unknown ? Cat(text, "; the cluster knows no JobSets: reprieve manifests crd | kubectl apply --server-side -f -")
                : text);
  };
  return out;
}

ClusterWorld::ClusterWorld(Rest& rest, ClusterWorldOptions options)
    : rest_(rest),
      options_(std::move(options)),
      jobsets_([this](document::Value value) { return std::optional(decoder_.JobSet(std::move(value))); },
               [this] { Told(); }),
      services_([this](document::Value value) { return std::optional(decoder_.Service(std::move(value))); },
                [this] { Told(); }),
      claims_([this](document::Value value) { return std::optional(decoder_.Claim(std::move(value))); },
              [this] { Told(); }),
      jobs_([this](document::Value value) { return std::optional(decoder_.Job(std::move(value))); },
            [this] { Told(); }),
      pods_(
          [this](document::Value value) {
            std::optional<core::Pod> pod = decoder_.Pod(std::move(value));
            if (!Concerns(*pod)) pod.reset();
            return pod;
          },
          [this] { Told(); }),
      nodes_([this](document::Value value) { return std::optional(decoder_.Node(std::move(value))); },
             [this] { Told(); }),
      watch_jobsets_(rest, jobsets_, Watching("/apis/jobset.x-k8s.io/v1alpha2", "jobsets")),
      watch_services_(rest, services_, Watching("/api/v1", "services")),
      watch_claims_(rest, claims_, Watching("/api/v1", "persistentvolumeclaims")),
      watch_jobs_(rest, jobs_, Watching("/apis/batch/v1", "jobs")),
      watch_pods_(rest, pods_, Watching("/api/v1", "pods")),
      rights_(rest.clock(), [this](const std::string& text) { options_.log(Level::kWarning, text); }),
      recorder_(rest, options_.instance),
      due_(rest.loop()) {
  // Nodes belong to no namespace: who has only a Role cannot read them.
  if (options_.namespace_.empty()) watch_nodes_.emplace(rest, nodes_, Watching("/api/v1", "nodes"));
  recorder_.set_rights(&rights_);
  ledger_.set_listener([this](const world::Verdict& verdict) { Judged(verdict); });
}

ClusterWorld::~ClusterWorld() {
  *alive_ = false;
}

void ClusterWorld::Start() {
  watch_jobsets_.Start();
  watch_services_.Start();
  watch_claims_.Start();
  watch_jobs_.Start();
  watch_pods_.Start();
  if (watch_nodes_) watch_nodes_->Start();
  if (!options_.leader) return Lead();
  leader_ = std::make_unique<Leader>(
      rest_, *options_.leader,
      Leader::Listener{
          [this] {
            options_.log(Level::kInfo, "leads from now on");
            Lead();
          },
          [this](const std::string& why) { options_.lost(why); },
          [this](const std::string& holder) {
            options_.log(Level::kInfo, Cat("waits for the Lease, which ", holder, " holds"));
          },
          [this](const std::string& problem) { options_.log(Level::kWarning, Cat("the Lease: ", problem)); }});
  leader_->Start();
}

bool ClusterWorld::synced() const {
  return WhyNotSynced().empty();
}

std::string ClusterWorld::WhyNotSynced() const {
  std::string out;
  for (const Kind& kind : kinds()) {
    if (kind.reflector->synced()) continue;
    AppendTo(out, out.empty() ? "" : "; ", kind.name, ": ",
             kind.reflector->trouble().empty() ? "not listed yet" : kind.reflector->trouble());
  }
  return out;
}

std::vector<ClusterWorld::Kind> ClusterWorld::kinds() const {
  std::vector<Kind> out = {{"jobsets", &watch_jobsets_, jobsets_.size()},
                           {"services", &watch_services_, services_.size()},
                           {"persistentvolumeclaims", &watch_claims_, claims_.size()},
                           {"jobs", &watch_jobs_, jobs_.size()},
                           {"pods", &watch_pods_, pods_.size()}};
  if (watch_nodes_) out.push_back({"nodes", &*watch_nodes_, nodes_.size()});
  return out;
}

void ClusterWorld::Lead() {
  api_ = std::make_unique<ClusterApi>(
      rest_, KnownObjects{jobs_, jobsets_, pods_}, recorder_, [this] { return !leader_ || leader_->MayWrite(); },
      [this] { Wake(); });
  api_->set_rights(&rights_);
  engine::EngineOptions engine;
  engine.reconcile.delays = {options_.backoff, options_.backoff * 60};
  engine.batch_period = std::min(engine.batch_period, options_.backoff);
  engine.reconcile.duties = {.job_manager = kJobManager, .housekeeping = false};
  engine.jobsets.gates = options_.gates;
  engine.jobsets.housekeeping = false;
  engine_ = std::make_unique<engine::Engine>(*api_, rest_.clock(), ledger_, engine);
  // Owners before what they own.
  nodes_.Tell(engine_.get());
  jobsets_.Tell(engine_.get());
  services_.Tell(engine_.get());
  claims_.Tell(engine_.get());
  jobs_.Tell(engine_.get());
  pods_.Tell(engine_.get());
  Told();
}

void ClusterWorld::Told() {
  if (!engine_) return;
  if (!complete_ && synced()) {
    complete_ = true;
    // Of each kind nothing older than its own list is missing; the oldest of them holds for all.
    engine_->ListsComplete(
        std::min({jobsets_.version(), services_.version(), claims_.version(), jobs_.version(), pods_.version()}));
    options_.log(Level::kInfo, Cat("everything is listed: ", jobsets_.size(), " JobSets, ", jobs_.size(), " Jobs, ",
                                   pods_.size(), " pods"));
  }
  Wake();
}

// What comes in together is looked at together.
void ClusterWorld::Wake() {
  if (!engine_ || draining_ || std::exchange(pump_posted_, true)) return;
  rest_.loop().Post([this, alive = alive_] {
    if (*alive) Pump();
  });
}

void ClusterWorld::Pump() {
  pump_posted_ = false;
  if (draining_) return;
  for (int i = 0; i < kPassesAtOnce; ++i) {
    if (engine_->RunOne()) continue;
    const std::optional<Time> due = engine_->NextDue();
    if (!due) return due_.Cancel();
    const Nanoseconds wait = std::max(*due - rest_.clock().Now(), Nanoseconds(0));
    return due_.After(wait, [this] { Wake(); });
  }
  Wake();
}

void ClusterWorld::Judged(const world::Verdict& verdict) {
  ++verdicts_;
  if (options_.verdict) options_.verdict(verdict);
  if (options_.verdict_events && api_) api_->RecordEvent(EventOf(verdict));
}

void ClusterWorld::Drain(Nanoseconds grace, std::function<void()> done) {
  draining_ = true;
  drained_ = std::move(done);
  drain_until_ = rest_.clock().Now() + grace;
  AwaitDrained();
}

void ClusterWorld::AwaitDrained() {
  const bool over = !engine_ || engine_->plans_in_flight() == 0 || rest_.clock().Now() >= *drain_until_;
  if (!over) return due_.After(kDrainStep, [this] { AwaitDrained(); });
  if (!leader_) return drained_();
  leader_->Release(drained_);
}

}  // namespace reprieve::kube
