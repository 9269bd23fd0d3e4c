#include "engine/jobset_loop.h"

#include <utility>

#include "base/text.h"

namespace reprieve::engine {
namespace {

PassResult AfterPlan(const world::PlanReport& report) {
  return report.complete() ? PassResult::kDone : PassResult::kRetry;
}

// Once for as long as the problem is the same. Upstream has no event for it.
void ReportProblem(world::Ledger& ledger, const meta::ObjectKey& jobset, const std::string& problem, Time now,
                   std::string& reported) {
  if (problem == reported) return;
  reported = problem;
  world::Verdict verdict;
  verdict.at = now;
  verdict.namespace_ = jobset.namespace_;
  verdict.jobset = jobset.name;
  verdict.facts = Cat("can't be judged: ", problem);
  verdict.action = "Retry";
  verdict.consequence = "its status stays as it is; tried again until that is fixed";
  ledger.Record({std::move(verdict)});
}

// Forgets `object` if it is what `index` has of its name; a later one of that name stays.
template <class T>
void EraseIfSame(std::map<meta::ObjectKey, const T*>& index, const T& object) {
  const auto at = index.find(meta::KeyOf(object.metadata));
  if (at != index.end() && at->second == &object) index.erase(at);
}

}  // namespace

JobSetLoop::JobSetLoop(LoopContext& context, const PodIndex& pods, JobSetOptions options)
    : context_(context),
      pods_(pods),
      options_(options),
      loop_(context, WorkKind::kJobSet, options_.retry,
            [this](JobSetState& state, const world::PlanReport& report) { Reported(state, report); }) {}

void JobSetLoop::JobSetChanged(const jobset::JobSet& jobset) {
  JobSetState& state = loop_.StateOf(jobset.metadata.uid, options_.gates);
  state.key = meta::KeyOf(jobset.metadata);
  const bool fresh = std::exchange(present_[state.key], &state) != &state;
  state.view.SetJobSet(jobset, context_.clock.Now());
  // Pods that came before it; later ones are reported one by one.
  const JobSetPods* pods = fresh && options_.gates.in_place_restart ? pods_.PodsOf(state.key) : nullptr;
  if (pods != nullptr) {
    for (const core::Pod* pod : pods->pods) state.view.SetPod(*pod);
  }
  loop_.Enqueue(state);
}

void JobSetLoop::JobSetDeleted(const jobset::JobSet& jobset) {
  JobSetState& state = loop_.StateOf(jobset.metadata.uid, options_.gates);
  state.key = meta::KeyOf(jobset.metadata);
  if (const auto at = present_.find(state.key); at != present_.end() && at->second == &state) present_.erase(at);
  state.view.RemoveJobSet();
  loop_.Enqueue(state);
}

void JobSetLoop::JobChanged(const batch::Job& job) {
  JobSetState* state = ControllerOf(job.metadata);
  const auto known = jobset_of_.find(job.metadata.uid);
  if (known != jobset_of_.end() && known->second != state) RemoveChild(*known->second, job);
  if (state == nullptr) return;
  jobset_of_[job.metadata.uid] = state;
  if (state->key.name.empty()) state->key = {job.metadata.namespace_, job.metadata.Controller()->name};
  state->view.SetChild(job);
  loop_.Enqueue(*state);
}

void JobSetLoop::JobDeleted(const batch::Job& job) {
  const auto known = jobset_of_.find(job.metadata.uid);
  if (known != jobset_of_.end()) RemoveChild(*known->second, job);
}

void JobSetLoop::RemoveChild(JobSetState& state, const batch::Job& job) {
  jobset_of_.erase(job.metadata.uid);
  state.view.RemoveChild(job);
  loop_.Enqueue(state);
}

JobSetState* JobSetLoop::PresentOf(const JobSetPods& pods) const {
  const auto at = present_.find(pods.jobset);
  return at == present_.end() ? nullptr : at->second;
}

void JobSetLoop::PodChanged(const core::Pod& pod, const JobSetPods& pods) {
  if (!options_.gates.in_place_restart) return;
  JobSetState* state = PresentOf(pods);
  if (state == nullptr) return;
  state->view.SetPod(pod);
  loop_.Enqueue(*state);
}

void JobSetLoop::PodDeleted(const core::Pod& pod, const JobSetPods& pods) {
  if (!options_.gates.in_place_restart) return;
  JobSetState* state = PresentOf(pods);
  if (state == nullptr) return;
  state->view.RemovePod(pod);
  loop_.Enqueue(*state);
}

void JobSetLoop::ServiceChanged(const core::Service& service) {
  services_[meta::KeyOf(service.metadata)] = &service;
  JobSetState* state = ControllerOf(service.metadata);
  if (state == nullptr) return;
  state->services.insert(&service);
  loop_.Enqueue(*state);
}

void JobSetLoop::ServiceDeleted(const core::Service& service) {
  EraseIfSame(services_, service);
  JobSetState* state = ControllerOf(service.metadata);
  if (state == nullptr) return;
  state->services.erase(&service);
  loop_.Enqueue(*state);
}

void JobSetLoop::ClaimChanged(const core::PersistentVolumeClaim& claim) {
  claims_[meta::KeyOf(claim.metadata)] = &claim;
  JobSetState* state = ControllerOf(claim.metadata);
  if (state == nullptr) return;
  state->claims.insert(&claim);
  loop_.Enqueue(*state);
}

void JobSetLoop::ClaimDeleted(const core::PersistentVolumeClaim& claim) {
  EraseIfSame(claims_, claim);
  JobSetState* state = ControllerOf(claim.metadata);
  if (state == nullptr) return;
  state->claims.erase(&claim);
  loop_.Enqueue(*state);
}

void JobSetLoop::JobEnded(const meta::Uid& job, const world::Verdict& verdict) {
  const auto known = jobset_of_.find(job);
  if (known == jobset_of_.end()) return;
  known->second->view.NoteEnd(job, std::make_shared<const world::Verdict>(verdict));
}

void JobSetLoop::Reconcile(JobSetState& state) {
  // Without the lists what is missing may only be unknown.
  if (!context_.lists_complete) return End(state, PassResult::kDone);
  state.view.has_jobset() ? Decide(state) : CleanUp(state);
}

void JobSetLoop::Decide(JobSetState& state) {
  if (state.unconfirmed && state.unconfirmed->ShownBy(state.view.jobset().status)) {
    Record(state, *std::exchange(state.unconfirmed, std::nullopt));
  }
  state.decides = true;
  const Time now = context_.clock.Now();
  state.decision = controllers::ReconcileJobSet(state.view, SurroundingsOf(state), now);
  if (state.decision.writes_status) state.counts_from = now + options_.counts_period;
  loop_.Apply(state, state.decision.plan);
}

void JobSetLoop::Reported(JobSetState& state, const world::PlanReport& report) {
  if (!state.decides) return End(state, AfterPlan(report));
  if (const PassResult decided = Decided(state, report); decided != PassResult::kDone) return End(state, decided);
  CleanUp(state);
}

// Uses the decision, not the view, which may have moved meanwhile.
PassResult JobSetLoop::Decided(JobSetState& state, const world::PlanReport& report) {
  controllers::JobSetDecision& decision = state.decision;
  // The status of a pass with a problem is not written, so what it judged does not hold (spec/jobset.md 2.2).
  if (report.complete() && !decision.problem.empty()) {
    ReportProblem(context_.ledger, state.key, decision.problem, context_.clock.Now(), state.problem);
    return PassResult::kRetry;
  }
  if (decision.plan.DecidedBy(report)) {
    state.unconfirmed.reset();
    state.problem.clear();
    Record(state, std::move(decision.outcome));
  } else if (decision.plan.PerhapsDecidedBy(report) && !decision.outcome.empty()) {
    state.unconfirmed = std::move(decision.outcome);
  }
  return AfterPlan(report);
}

void JobSetLoop::CleanUp(JobSetState& state) {
  if (!options_.housekeeping) return End(state, PassResult::kDone);
  controllers::OwnedByJobSet owned{{state.services.begin(), state.services.end()},
                                   {state.claims.begin(), state.claims.end()}};
  state.decides = false;
  state.decision.plan = controllers::ReconcileJobSetCleanup(state.view, owned, state.key, state.uid);
  loop_.Apply(state, state.decision.plan);
}

// What was decided can be large, and is over.
void JobSetLoop::End(JobSetState& state, PassResult result) {
  state.decision = {};
  loop_.End(state, result);
}

// Upstream counts an end before it writes it, and twice after a conflict; here it counts once it is written.
void JobSetLoop::Record(JobSetState& state, controllers::JobSetOutcome outcome) {
  if (outcome.end) {
    JobSetCounters::Add(*outcome.end == controllers::JobSetEnd::kFailed ? counters_.failed : counters_.completed,
                        state.key);
  }
  for (const world::Verdict& verdict : outcome.verdicts) {
    if (verdict.restart) JobSetCounters::Add(counters_.restarts, state.key);
  }
  context_.ledger.Record(std::move(outcome.verdicts));
}

std::optional<controllers::JobSetDecision> JobSetLoop::Decide(const meta::Uid& jobset) const {
  const JobSetState* state = loop_.Find(jobset);
  if (state == nullptr || !state->view.has_jobset() || !context_.lists_complete) return std::nullopt;
  return controllers::ReconcileJobSet(state->view, SurroundingsOf(*state), context_.clock.Now());
}

void JobSetLoop::LookAgain(const meta::Uid& jobset, Time when) {
  if (JobSetState* state = loop_.Find(jobset)) loop_.EnqueueAt(*state, when);
}

controllers::JobSetSurroundings JobSetLoop::SurroundingsOf(const JobSetState& state) const {
  const jobset::JobSet& jobset = state.view.jobset();
  const SharedString& in = jobset.metadata.namespace_;
  controllers::JobSetSurroundings out;
  // A clock that was set back does not hold them.
  if (state.counts_from <= context_.clock.Now() + options_.counts_period) out.counts_from = state.counts_from;
  out.service_exists = services_.contains({in, controllers::HeadlessServiceName(jobset)});
  for (const jobset::VolumeClaimPolicy& policy : jobset.spec->volume_claim_policies) {
    for (const core::PersistentVolumeClaim& claim : policy.templates) {
      out.claim_exists.push_back(claims_.contains({in, controllers::ClaimName(jobset, claim)}));
    }
  }
  return out;
}

JobSetState* JobSetLoop::ControllerOf(const meta::ObjectMeta& metadata) {
  const meta::OwnerReference* owner = metadata.Controller();
  if (owner == nullptr || owner->kind != "JobSet" || owner->api_version != jobset::kApiVersion) return nullptr;
  return &loop_.StateOf(owner->uid, options_.gates);
}

}  // namespace reprieve::engine
