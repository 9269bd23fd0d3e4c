#include "kube/shadow.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace reprieve::kube {
namespace {

constexpr Nanoseconds kLeastWait = Seconds(1);

template <class Conditions>
std::string EndOf(const Conditions& conditions, std::initializer_list<std::pair<std::string_view, const char*>> ends) {
  for (const auto& [type, name] : ends) {
    for (const auto& condition : conditions) {
      if (condition.type == type && condition.status == "True") return Cat(name, ": ", condition.reason);
    }
  }
  return {};
}

// The status that a plan ends with; null pointer: it writes none.
template <class Write>
const auto* LastStatus(const world::Plan& plan) {
  const decltype(Write::status.get()) none = nullptr;
  auto* out = none;
  for (const world::Stage& stage : plan.stages) {
    for (const world::Write& write : stage.writes) {
      if (const auto* status = std::get_if<Write>(&write)) out = status->status.get();
    }
  }
  return out;
}

std::optional<world::Verdict> Decisive(const std::vector<world::Verdict>& verdicts) {
  const auto at = std::find_if(verdicts.begin(), verdicts.end(),
                               [](const world::Verdict& verdict) { return verdict.ends || verdict.restart; });
  return at == verdicts.end() ? std::nullopt : std::optional(*at);
}

world::Kind KindOf(const batch::Job&) {
  return world::Kind::kJob;
}
world::Kind KindOf(const jobset::JobSet&) {
  return world::Kind::kJobSet;
}

// Here several Jobs are restarted by one write, which upstream does one by one.
bool IsPartOf(const StatusDecision& theirs, const StatusDecision& ours, const StatusDecision& before) {
  StatusDecision whole = theirs;
  whole.job_restarts = ours.job_restarts;
  whole.counted_restarts = ours.counted_restarts;
  return whole == ours && theirs.job_restarts > before.job_restarts && theirs.job_restarts <= ours.job_restarts;
}

}  // namespace

StatusDecision DecisionOf(const jobset::JobSetStatus& status) {
  StatusDecision out;
  out.restarts = status.restarts;
  out.counted_restarts = status.restarts_count_towards_max;
  for (const jobset::ReplicatedJobStatus& each : status.replicated_jobs_status) {
    for (const std::int32_t count : each.job_restarts) out.job_restarts += count;
  }
  out.end = EndOf(status.conditions, {{"Failed", "Failed"}, {"Completed", "Completed"}});
  return out;
}

StatusDecision DecisionOf(const batch::JobStatus& status) {
  StatusDecision out;
  out.end = EndOf(status.conditions, {{"FailureTarget", "Failed"},
                                      {"Failed", "Failed"},
                                      {"SuccessCriteriaMet", "Complete"},
                                      {"Complete", "Complete"}});
  return out;
}

std::string Describe(const StatusDecision& now, const StatusDecision& before) {
  if (!now.end.empty()) return now.end;
  if (now.restarts != before.restarts) {
    return Cat("restart ", now.restarts, " (", now.counted_restarts, " counted)");
  }
  if (now.job_restarts != before.job_restarts) {
    return Cat("restarts of single Jobs: ", now.job_restarts, ", before ", before.job_restarts);
  }
  return now == before ? std::string("nothing") : Cat(now.counted_restarts, " restarts counted");
}

std::string_view NameOf(ShadowResult result) {
  switch (result) {
    case ShadowResult::kSame:
      return "same";
    case ShadowResult::kDifferent:
      return "different";
    case ShadowResult::kOnlyTheirs:
      return "only_theirs";
    case ShadowResult::kOnlyOurs:
      return "only_ours";
  }
  return "different";
}

Shadow::Ours Shadow::OursOf(const batch::Job& job) {
  Ours out{DecisionOf(job.status), {}, {}};
  const auto decision = engine_.DecideJob(job.metadata.uid);
  if (!decision) return out;
  if (const auto* status = LastStatus<world::WriteJobStatus>(decision->plan)) out.decision = DecisionOf(*status);
  out.verdict = Decisive(decision->plan.verdicts);
  out.look_again = decision->plan.requeue_at;
  return out;
}

Shadow::Ours Shadow::OursOf(const jobset::JobSet& jobset) {
  Ours out{DecisionOf(jobset.status), {}, {}};
  const auto decision = engine_.DecideJobSet(jobset.metadata.uid);
  if (!decision) return out;
  if (const auto* status = LastStatus<world::WriteJobSetStatus>(decision->plan)) out.decision = DecisionOf(*status);
  out.verdict = Decisive(decision->outcome.verdicts);
  out.look_again = decision->plan.requeue_at;
  return out;
}

void Shadow::BeforeJob(const document::Value& next) {
  Before(jobs_, next, world::Kind::kJob);
}

void Shadow::BeforeJobSet(const document::Value& next) {
  Before(jobsets_, next, world::Kind::kJobSet);
}

template <class T>
void Shadow::Before(const Cache<T>& cache, const document::Value& next, world::Kind kind) {
  const document::Value& metadata = next["metadata"];
  const T* known = cache.Find(meta::Uid(metadata["uid"].AsText()));
  if (known == nullptr || known->metadata.deleting()) return;
  // A list may have been quicker.
  const auto version = ParseInt64(metadata["resourceVersion"].AsText());
  if (!version || static_cast<meta::ResourceVersion>(*version) <= known->metadata.resource_version) return;
  decltype(known->status) status;
  model::FromValue(next["status"], status);
  const StatusDecision theirs = DecisionOf(status);
  const StatusDecision before = DecisionOf(known->status);
  if (theirs == before) return;
  // Jobs of other managers are judged by rules of their own.
  if constexpr (std::is_same_v<T, batch::Job>) {
    if (known->spec->managed_by && *known->spec->managed_by != batch::kBuiltInController) return;
  } else {
    if (known->spec->managed_elsewhere()) return;
  }
  const Ours ours = OursOf(*known);
  expected_.erase(known->metadata.uid);
  ShadowReport report;
  report.subject = {kind, meta::KeyOf(known->metadata)};
  report.ours = Describe(ours.decision, before);
  report.theirs = Describe(theirs, before);
  report.verdict = ours.verdict;
  if (theirs == ours.decision || IsPartOf(theirs, ours.decision, before)) {
    report.result = ShadowResult::kSame;
  } else {
    report.result = ours.decision == before ? ShadowResult::kOnlyTheirs : ShadowResult::kDifferent;
  }
  Tell(std::move(report));
}

void Shadow::Tell(ShadowReport report) {
  ++counts_[static_cast<std::size_t>(report.subject.kind)][static_cast<std::size_t>(report.result)];
  report_(report);
}

std::optional<Time> Shadow::Run() {
  while (const auto key = engine_.TakeDue()) {
    if (key->kind == engine::WorkKind::kJob) Look(jobs_.Find(key->id), *key);
    if (key->kind == engine::WorkKind::kJobSet) Look(jobsets_.Find(key->id), *key);
  }
  std::optional<Time> next = ReportOverdue();
  if (const auto due = engine_.NextDue(); due && (!next || *due < *next)) next = due;
  return next;
}

template <class T>
void Shadow::Look(const T* known, const engine::WorkKey& key) {
  const auto at = expected_.find(key.id);
  if (known == nullptr || known->metadata.deleting()) {
    if (at != expected_.end()) expected_.erase(at);
    return;
  }
  Ours ours = OursOf(*known);
  if (ours.look_again) engine_.LookAgain(key, std::max(*ours.look_again, clock_.Now() + kLeastWait));
  if (ours.decision == DecisionOf(known->status)) {
    if (at != expected_.end()) expected_.erase(at);
  } else if (at == expected_.end()) {
    expected_.emplace(key.id, Expected{key, clock_.Now(), std::move(ours)});
  } else {
    at->second.ours = std::move(ours);
  }
}

std::optional<Time> Shadow::ReportOverdue() {
  std::optional<Time> next;
  const Time now = clock_.Now();
  for (auto& [uid, expectation] : expected_) {
    Expected& expected = expectation;  // a lambda can't capture a structured binding
    if (expected.reported) continue;
    const Time until = expected.since + kPatience;
    if (now < until) {
      if (!next || until < *next) next = until;
      continue;
    }
    expected.reported = true;
    ShadowReport report;
    report.result = ShadowResult::kOnlyOurs;
    report.verdict = expected.ours.verdict;
    report.theirs = "nothing";
    const auto fill = [&](const auto* known) {
      if (known == nullptr) return false;
      report.subject = {KindOf(*known), meta::KeyOf(known->metadata)};
      report.ours = Describe(expected.ours.decision, DecisionOf(known->status));
      return true;
    };
    if (expected.key.kind == engine::WorkKind::kJob ? fill(jobs_.Find(uid)) : fill(jobsets_.Find(uid))) {
      Tell(std::move(report));
    }
  }
  return next;
}

}  // namespace reprieve::kube
