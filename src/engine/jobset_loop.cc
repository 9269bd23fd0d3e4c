#include "engine/jobset_loop.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace reprieve::engine {

struct JobSetLoop::State {
  explicit State(meta::Uid u, const model::FeatureGates& gates) : uid(std::move(u)), view(gates) {}

  meta::Uid uid;
  meta::ObjectKey key;
  controllers::JobSetView view;
  bool finished = false;
  std::set<const core::Service*> services;
  std::set<const core::PersistentVolumeClaim*> claims;
  std::int32_t failed_rounds = 0;  // in a row
  std::string problem;             // the one that was told last; empty: the last pass could decide
  // What our own writes made: until the watch has shown it, nothing is decided.
  meta::ResourceVersion jobset_written = 0;
  meta::ResourceVersion job_written = 0;
  meta::ResourceVersion other_written = 0;
};

namespace {

// Once for as long as the problem is the same: the retries say nothing new. Upstream has no event for it.
void Tell(world::Ledger& ledger, const jobset::JobSet& jobset, const std::string& problem, Time now,
          std::string& told) {
  if (problem == told) return;
  told = problem;
  world::Verdict verdict;
  verdict.at = now;
  verdict.namespace_ = jobset.metadata.namespace_;
  verdict.jobset = jobset.metadata.name;
  verdict.facts = Cat("can't be judged: ", problem);
  verdict.action = "Retry";
  verdict.consequence = "its status stays as it is; tried again until that is mended";
  ledger.Record({std::move(verdict)});
}

}  // namespace

JobSetLoop::JobSetLoop(world::Api& api, const world::Clock& clock, world::Ledger& ledger, WorkQueue& queue,
                       JobSetOptions options)
    : api_(api), clock_(clock), ledger_(ledger), queue_(queue), options_(options) {}

JobSetLoop::~JobSetLoop() = default;

void JobSetLoop::JobSetChanged(const jobset::JobSet& jobset) {
  jobsets_seen_ = std::max(jobsets_seen_, jobset.metadata.resource_version);
  State& state = StateOf(jobset.metadata.uid);
  state.key = meta::KeyOf(jobset.metadata);
  const bool fresh = std::exchange(uid_of_[state.key], state.uid) != state.uid;
  state.view.SetJobSet(jobset);
  // Pods that came before it; later ones are reported one by one.
  if (const auto pods = pods_.find(state.key); fresh && pods != pods_.end()) {
    for (const core::Pod* pod : pods->second) state.view.SetPod(*pod);
  }
  Enqueue(state);
}

void JobSetLoop::JobSetDeleted(const jobset::JobSet& jobset) {
  jobsets_seen_ = std::max(jobsets_seen_, jobset.metadata.resource_version);
  State& state = StateOf(jobset.metadata.uid);
  state.key = meta::KeyOf(jobset.metadata);
  if (const auto at = uid_of_.find(state.key); at != uid_of_.end() && at->second == state.uid) uid_of_.erase(at);
  state.view.RemoveJobSet();
  Enqueue(state);
}

void JobSetLoop::JobChanged(const batch::Job& job) {
  jobs_seen_ = std::max(jobs_seen_, job.metadata.resource_version);
  State* state = ControllerOf(job.metadata);
  const auto known = jobset_of_.find(job.metadata.uid);
  if (known != jobset_of_.end() && (state == nullptr || known->second != state->uid)) {
    StateOf(known->second).view.RemoveChild(job);
    Enqueue(StateOf(known->second));
    jobset_of_.erase(known);
  }
  if (state == nullptr) return;
  jobset_of_[job.metadata.uid] = state->uid;
  if (state->key.name.empty()) state->key = {job.metadata.namespace_, job.metadata.Controller()->name};
  state->view.SetChild(job);
  Enqueue(*state);
}

void JobSetLoop::JobDeleted(const batch::Job& job) {
  jobs_seen_ = std::max(jobs_seen_, job.metadata.resource_version);
  const auto known = jobset_of_.find(job.metadata.uid);
  if (known == jobset_of_.end()) return;
  State& state = StateOf(known->second);
  jobset_of_.erase(known);
  state.view.RemoveChild(job);
  Enqueue(state);
}

void JobSetLoop::PodChanged(const core::Pod& pod) {
  if (!options_.gates.in_place_restart) return;
  auto at = labelled_.find(&pod);
  if (at == labelled_.end()) {
    const SharedString* name = pod.metadata.labels.Find(jobset::kJobSetName);
    if (name == nullptr) return;
    at = labelled_.emplace(&pod, meta::ObjectKey{pod.metadata.namespace_, *name}).first;
    pods_[at->second].insert(&pod);
  }
  const auto jobset = uid_of_.find(at->second);
  if (jobset == uid_of_.end()) return;
  State& state = StateOf(jobset->second);
  state.view.SetPod(pod);
  Enqueue(state);
}

void JobSetLoop::PodDeleted(const core::Pod& pod) {
  if (!options_.gates.in_place_restart) return;
  const auto at = labelled_.find(&pod);
  if (at == labelled_.end()) return;
  const meta::ObjectKey key = at->second;
  labelled_.erase(at);
  pods_[key].erase(&pod);
  if (pods_[key].empty()) pods_.erase(key);
  const auto jobset = uid_of_.find(key);
  if (jobset == uid_of_.end()) return;
  State& state = StateOf(jobset->second);
  state.view.RemovePod(pod);
  Enqueue(state);
}

void JobSetLoop::ServiceChanged(const core::Service& service) {
  others_seen_ = std::max(others_seen_, service.metadata.resource_version);
  services_[meta::KeyOf(service.metadata)] = &service;
  if (State* state = ControllerOf(service.metadata)) {
    state->services.insert(&service);
    Enqueue(*state);
  }
}

void JobSetLoop::ServiceDeleted(const core::Service& service) {
  others_seen_ = std::max(others_seen_, service.metadata.resource_version);
  const meta::ObjectKey key = meta::KeyOf(service.metadata);
  if (const auto at = services_.find(key); at != services_.end() && at->second == &service) services_.erase(at);
  if (State* state = ControllerOf(service.metadata)) {
    state->services.erase(&service);
    Enqueue(*state);
  }
}

void JobSetLoop::ClaimChanged(const core::PersistentVolumeClaim& claim) {
  others_seen_ = std::max(others_seen_, claim.metadata.resource_version);
  claims_[meta::KeyOf(claim.metadata)] = &claim;
  if (State* state = ControllerOf(claim.metadata)) {
    state->claims.insert(&claim);
    Enqueue(*state);
  }
}

void JobSetLoop::ClaimDeleted(const core::PersistentVolumeClaim& claim) {
  others_seen_ = std::max(others_seen_, claim.metadata.resource_version);
  const meta::ObjectKey key = meta::KeyOf(claim.metadata);
  if (const auto at = claims_.find(key); at != claims_.end() && at->second == &claim) claims_.erase(at);
  if (State* state = ControllerOf(claim.metadata)) {
    state->claims.erase(&claim);
    Enqueue(*state);
  }
}

void JobSetLoop::ListsComplete(meta::ResourceVersion version) {
  lists_complete_ = true;
  for (meta::ResourceVersion* seen : {&jobsets_seen_, &jobs_seen_, &others_seen_}) *seen = std::max(*seen, version);
  for (const auto& [uid, state] : states_) Enqueue(*state);
}

void JobSetLoop::JobEnded(const meta::Uid& job_uid, const world::Verdict& verdict) {
  const auto known = jobset_of_.find(job_uid);
  if (known == jobset_of_.end()) return;
  StateOf(known->second).view.NoteEnd(job_uid, std::make_shared<const world::Verdict>(verdict));
}

void JobSetLoop::Reconcile(const meta::Uid& uid) {
  State& state = *states_.at(uid);
  // Without the lists what is missing may only be unknown.
  if (!lists_complete_) return;
  if (CachesAreBehind(state)) return Enqueue(state, options_.retry_base);
  const Time now = clock_.Now();
  if (state.view.has_jobset()) {
    const bool was_finished = state.view.jobset().status.IsFinished();
    controllers::JobSetDecision decision = controllers::ReconcileJobSet(state.view, SurroundingsOf(state), now);
    if (!ApplyPlan(state, decision.plan)) return Retry(state);
    // The status of such a pass is not written, so what it judged does not hold (spec/jobset.md 2.2).
    if (!decision.problem.empty()) {
      Tell(ledger_, state.view.jobset(), decision.problem, now, state.problem);
      return Retry(state);
    }
    state.problem.clear();
    ledger_.Record(std::move(decision.plan.verdicts));
    if (state.view.has_jobset()) CountEnds(state.view.jobset(), was_finished);
  }
  controllers::OwnedByJobSet owned{{state.services.begin(), state.services.end()},
                                   {state.claims.begin(), state.claims.end()}};
  world::Plan cleanup = controllers::ReconcileJobSetCleanup(state.view, owned, state.key, uid);
  if (!ApplyPlan(state, cleanup)) return Retry(state);
  state.failed_rounds = 0;
  if (state.view.has_jobset() || !state.view.children().empty() || !owned.services.empty() || !owned.claims.empty()) {
    return;
  }
  queue_.Forget(uid);
  states_.erase(uid);
}

bool JobSetLoop::ApplyPlan(State& state, world::Plan& plan) {
  if (plan.requeue_at) queue_.Add(state.uid, *plan.requeue_at);
  if (plan.stages.empty()) return true;
  const world::PlanReport report = world::Apply(plan, clock_.Now(), api_);
  state.jobset_written = std::max(state.jobset_written, report.jobset_version);
  state.job_written = std::max(state.job_written, report.job_version);
  state.other_written = std::max(state.other_written, report.other_version);
  return report.complete();
}

void JobSetLoop::Retry(State& state) {
  Nanoseconds delay = options_.retry_base;
  for (std::int32_t i = 0; i < state.failed_rounds && delay < options_.retry_cap; ++i) delay *= 2;
  ++state.failed_rounds;
  Enqueue(state, std::min(delay, options_.retry_cap));
}

bool JobSetLoop::CachesAreBehind(const State& state) const {
  return jobsets_seen_ < state.jobset_written || jobs_seen_ < state.job_written || others_seen_ < state.other_written;
}

controllers::JobSetSurroundings JobSetLoop::SurroundingsOf(const State& state) const {
  const jobset::JobSet& jobset = state.view.jobset();
  const SharedString& in = jobset.metadata.namespace_;
  controllers::JobSetSurroundings out;
  out.service_exists = services_.contains({in, controllers::HeadlessServiceName(jobset)});
  for (const jobset::VolumeClaimPolicy& policy : jobset.spec->volume_claim_policies) {
    for (const core::PersistentVolumeClaim& claim : policy.templates) {
      out.claim_exists.push_back(claims_.contains({in, controllers::ClaimName(jobset, claim)}));
    }
  }
  return out;
}

// Upstream counts before it writes, and twice after a conflict; here an end counts when it is written.
void JobSetLoop::CountEnds(const jobset::JobSet& jobset, bool was_finished) {
  if (was_finished || !jobset.status.IsFinished()) return;
  ++(jobset.status.IsTrue("Failed") ? counters_.failed : counters_.completed)[meta::KeyOf(jobset.metadata)];
}

JobSetLoop::State& JobSetLoop::StateOf(const meta::Uid& uid) {
  std::unique_ptr<State>& state = states_[uid];
  if (!state) state = std::make_unique<State>(uid, options_.gates);
  return *state;
}

JobSetLoop::State* JobSetLoop::ControllerOf(const meta::ObjectMeta& metadata) {
  const meta::OwnerReference* owner = metadata.Controller();
  if (owner == nullptr || owner->kind != "JobSet" || owner->api_version != jobset::kApiVersion) return nullptr;
  return &StateOf(owner->uid);
}

void JobSetLoop::Enqueue(const State& state, Nanoseconds delay) {
  queue_.Add(state.uid, clock_.Now() + delay);
}

}  // namespace reprieve::engine
