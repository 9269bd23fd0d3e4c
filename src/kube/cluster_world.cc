#include "kube/cluster_world.h"

#include <algorithm>
#include <chrono>
#include <type_traits>
#include <utility>

#include "base/text.h"
#include "controllers/duties.h"
#include "policy/backoff.h"

namespace reprieve::kube {
namespace {

// Passes in a row, before what has come in meanwhile is looked at.
constexpr int kPassesAtOnce = 32;
// Twice as many as Rest has connections: none of them waits for the next request.
constexpr std::size_t kRequestsAtOnce = 32;
// Of a JobSet of 500 Jobs a restart would be 370 writes of its status, a quarter of all that is sent.
constexpr Nanoseconds kCountsPeriod{200'000'000};
// After a jump of the clock it is looked at again no later.
constexpr Nanoseconds kLongestWait = Seconds(10);
constexpr Nanoseconds kDrainStep = Nanoseconds(20'000'000);

// By the order of their versions a shadow sees what the others saw; a second is more than one watch lags behind
// another.
constexpr Nanoseconds kShadowDelay = Seconds(1);

}  // namespace

// The engine, and who else looks at Jobs and JobSets.
class ClusterWorld::Watchers final : public world::Watcher {
 public:
  explicit Watchers(ClusterWorld& world) : engine_(*world.engine_), world_(world) {}

  void JobChanged(const batch::Job& job) override {
    engine_.JobChanged(job);
    world_.restarts_.JobChanged(job, world_.rest_.clock().Now());
  }
  void JobDeleted(const batch::Job& job) override { engine_.JobDeleted(job); }
  void JobSetChanged(const jobset::JobSet& jobset) override {
    engine_.JobSetChanged(jobset);
    world_.restarts_.JobSetChanged(jobset);
  }
  void JobSetDeleted(const jobset::JobSet& jobset) override {
    engine_.JobSetDeleted(jobset);
    world_.restarts_.JobSetDeleted(jobset);
  }
  void PodChanged(const core::Pod& pod) override { engine_.PodChanged(pod); }
  void PodDeleted(const core::Pod& pod) override { engine_.PodDeleted(pod); }

 private:
  engine::Engine& engine_;
  ClusterWorld& world_;
};

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
      jobsets_([this](document::JsonCursor& in) { return decoder_.JobSet(in); }, [this] { Told(); }),
      services_([this](document::JsonCursor& in) { return decoder_.Service(in); }, [this] { Told(); }),
      claims_([this](document::JsonCursor& in) { return decoder_.Claim(in); }, [this] { Told(); }),
      jobs_([this](document::JsonCursor& in) { return decoder_.Job(in); }, [this] { Told(); }),
      pods_([this](document::JsonCursor& in) { return decoder_.Pod(in); }, [this] { Told(); },
            [this](const core::Pod& pod) { return Concerns(pod); }),
      nodes_([this](document::JsonCursor& in) { return decoder_.Node(in); }, [this] { Told(); }),
      watch_jobsets_(rest, SinkOf(jobsets_), Watching("/apis/jobset.x-k8s.io/v1alpha2", "jobsets")),
      watch_services_(rest, SinkOf(services_), Watching("/api/v1", "services")),
      watch_claims_(rest, SinkOf(claims_), Watching("/api/v1", "persistentvolumeclaims")),
      watch_jobs_(rest, SinkOf(jobs_), Watching("/apis/batch/v1", "jobs")),
      watch_pods_(rest, SinkOf(pods_), Watching("/api/v1", "pods")),
      rights_(rest.clock(), [this](const std::string& text) { options_.log(Level::kWarning, text); }),
      recorder_(rest, options_.instance),
      restarts_([this](const meta::ObjectKey&, Nanoseconds took) {
        restart_seconds_.Observe(std::chrono::duration<double>(took).count());
      }),
      due_(rest.loop()) {
  // Nodes belong to no namespace: who has only a Role cannot read them.
  if (options_.namespace_.empty()) watch_nodes_.emplace(rest, SinkOf(nodes_), Watching("/api/v1", "nodes"));
  pods_.Beside(leader_pods_);
  recorder_.set_rights(&rights_);
  ledger_.set_listener([this](const world::Verdict& verdict) { Judged(verdict); });
}

ClusterWorld::~ClusterWorld() {
  *alive_ = false;
}

// Pods that no Job of ours and no JobSet has to do with are not wanted. A Job that is not known yet may be ours, and a
// pod without a controller may be adopted.
bool ClusterWorld::Concerns(const core::Pod& pod) const {
  const meta::OwnerReference* controller = pod.metadata.Controller();
  if (controller == nullptr) return !pod.metadata.labels.empty();
  if (controller->kind != "Job") return false;
  if (pod.metadata.labels.Find(jobset::kJobSetName) != nullptr) return true;
  const batch::Job* job = jobs_.Find(controller->uid);
  return job == nullptr || controllers::Duties{JobManager(), false}.ManagesJob(*job->spec);
}

template <class T>
ReflectorSink& ClusterWorld::SinkOf(Cache<T>& cache) {
  if (!options_.shadow) return cache;
  if (!sequencer_) sequencer_.emplace(rest_.loop(), kShadowDelay);
  Sequencer::Before before;
  if constexpr (std::is_same_v<T, batch::Job>) {
    before = [this](const document::Value& next) {
      if (shadow_) shadow_->BeforeJob(next);
    };
  } else if constexpr (std::is_same_v<T, jobset::JobSet>) {
    before = [this](const document::Value& next) {
      if (shadow_) shadow_->BeforeJobSet(next);
    };
  }
  return sequencer_->Wrap(cache, std::move(before));
}

void ClusterWorld::Start() {
  watch_jobsets_.Start();
  watch_services_.Start();
  watch_claims_.Start();
  watch_jobs_.Start();
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
      rest_, KnownObjects{jobs_, jobsets_, pods_}, recorder_,
      [this] { return !options_.shadow && (!leader_ || leader_->MayWrite()); }, [this] { Wake(); });
  api_->set_rights(&rights_);
  engine::EngineOptions engine;
  engine.in_order = false;
  engine.max_requests = kRequestsAtOnce;
  engine.reconcile.delays = {options_.backoff, options_.backoff * 60};
  engine.batch_period = std::min(engine.batch_period, options_.backoff);
  engine.reconcile.duties = {.job_manager = JobManager(), .housekeeping = false};
  engine.jobsets.gates = options_.gates;
  engine.jobsets.housekeeping = false;
  engine.jobsets.counts_period = kCountsPeriod;
  engine_ = std::make_unique<engine::Engine>(*api_, rest_.clock(), ledger_, engine);
  watchers_ = std::make_unique<Watchers>(*this);
  if (options_.shadow) {
    shadow_ = std::make_unique<Shadow>(*engine_, jobs_, jobsets_, rest_.clock(), options_.compared);
  }
  // Owners before what they own.
  // A former leader may have counted pods that our watch, if it lags or is dead, still shows as they were before.
  if (leader_ && pods_begun_) watch_pods_.Relist();
  nodes_.Tell(engine_.get());
  jobsets_.Tell(watchers_.get());
  services_.Tell(engine_.get());
  claims_.Tell(engine_.get());
  jobs_.Tell(watchers_.get());
  pods_.Tell(engine_.get());
  Told();
}

void ClusterWorld::Told() {
  // Whose a pod is shows by its Job.
  if (!pods_begun_ && watch_jobs_.synced()) {
    pods_begun_ = true;
    watch_pods_.Start();
  }
  if (!engine_) return;
  const world::Versions seen = {.jobsets = jobsets_.version(),
                                .jobs = jobs_.version(),
                                .pods = pods_.version(),
                                .services = services_.version(),
                                .claims = claims_.version()};
  if (!complete_ && synced()) {
    complete_ = true;
    // Of each kind nothing older than its own list is missing; the oldest of them holds for all.
    engine_->ListsComplete(std::min({seen.jobsets, seen.jobs, seen.pods, seen.services, seen.claims}));
    options_.log(Level::kInfo, Cat("everything is listed: ", jobsets_.size(), " JobSets, ", jobs_.size(), " Jobs, ",
                                   pods_.size(), " pods"));
  }
  // A list, or a bookmark, may say more than the objects do: what was deleted while a watch was broken is only absent.
  engine_->SeenUpTo(seen);
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
  // A Job whose pods are not listed yet looks as if it had none.
  if (draining_ || !complete_) return;
  if (shadow_) {
    const std::optional<Time> next = shadow_->Run();
    if (!next) return due_.Cancel();
    return due_.After(std::max(*next - rest_.clock().Now(), Nanoseconds(0)), [this] { Wake(); });
  }
  for (int i = 0; i < kPassesAtOnce; ++i) {
    if (engine_->RunOne()) continue;
    return AwaitDue(engine_->NextDue());
  }
  Wake();
}

// Most passes change nothing of what is due next: the timer that runs already is left alone.
void ClusterWorld::AwaitDue(std::optional<Time> due) {
  if (due_.pending() && due_at_ == due) return;
  due_at_ = due;
  if (!due) return due_.Cancel();
  const Nanoseconds wait = std::max(*due - rest_.clock().Now(), Nanoseconds(0));
  due_.After(std::min(wait, kLongestWait), [this] { Wake(); });
}

void ClusterWorld::Judged(const world::Verdict& verdict) {
  if (options_.verdict) options_.verdict(verdict, FailedAt(verdict));
  if (options_.verdict_events && api_) api_->RecordVerdict(verdict);
  const jobset::JobSet* set = jobsets_.Find(meta::ObjectKey{verdict.namespace_, verdict.jobset});
  const batch::Job* job = jobs_.Find(meta::ObjectKey{verdict.namespace_, verdict.job});
  if (set != nullptr && job != nullptr) restarts_.Judged(verdict, *set, *job);
}

// By the clock of who has seen it, in whole seconds.
std::optional<Time> ClusterWorld::FailedAt(const world::Verdict& verdict) const {
  if (!verdict.pod.empty()) {
    const core::Pod* pod = pods_.Find(meta::ObjectKey{verdict.namespace_, verdict.pod});
    return pod == nullptr ? std::nullopt : std::optional(policy::FinishTime(*pod));
  }
  if (verdict.jobset.empty()) return std::nullopt;
  const batch::Job* job = jobs_.Find(meta::ObjectKey{verdict.namespace_, verdict.job});
  const batch::JobCondition* failed = job == nullptr ? nullptr : job->status.FindCondition("Failed");
  return failed == nullptr ? std::nullopt : failed->last_transition_time;
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
