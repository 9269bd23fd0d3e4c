// One random history of a JobSet. See jobset_history.h.
#include "jobset_history.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <set>

#include "admission/admission.h"
#include "admission/admission_jobset.h"
#include "base/text.h"
#include "document/json.h"
#include "engine/engine.h"
#include "jobset_ledger.h"
#include "random_faults.h"
#include "sim/faulty_api.h"
#include "sim/lagging_watch.h"
#include "sim/scripted_kubelet.h"
#include "sim/virtual_clock.h"
#include "verdict_check.h"

namespace reprieve::property {
namespace {

using document::Value;

constexpr Nanoseconds kLongest = std::chrono::hours(24 * 30);
// With somebody else's Job in the way for good, the controller tries again every minute: two hours show all there is.
constexpr Nanoseconds kLongestInTheWay = std::chrono::hours(2);
const meta::ObjectKey kJobSet{"ns", "js"};

class JobSetHistory final : public world::Watcher {
 public:
  JobSetHistory(std::uint64_t seed, bool trace)
      : trace_(trace),
        random_(seed),
        clock_(Time(std::chrono::sys_days{std::chrono::year{2026} / 1 / 1})),
        store_(clock_, seed + 1),
        gates_{false, random_.OneIn(2), random_.OneIn(2)},
        faults_(RandomFaults(random_)),
        lag_(RandomLag(random_)),
        api_(store_, agenda_, clock_, random_, faults_),
        ledger_(store_, gates_),
        told_(store_, SeesAllAtOnce(faults_, lag_)) {
    verdicts_.set_listener([this](const world::Verdict& verdict) {
      Trace(world::Describe(verdict));
      if (verdict.jobset.empty()) return told_.Told(verdict);
      ToldOfJobSet(verdict);
    });
    store_.SetNode("n1", {{"rack", "r1"}});
    store_.AddWatcher(this);
  }
  ~JobSetHistory() override { store_.RemoveWatcher(this); }

  HistoryResult Run() {
    StartController();
    if (random_.OneIn(6)) AddForeignJob();
    if (!CreateJobSet()) return Result();
    for (int i = static_cast<int>(random_.Between(0, 5)); i > 0; --i) PlanUserAction();
    const Time limit = clock_.Now() + (in_the_way_ ? kLongestInTheWay : kLongest);
    while (Step(limit)) {
    }
    ledger_.CheckQuiet();
    const bool stuck = std::any_of(api_.refused().begin(), api_.refused().end(), RefusesAsUpstream);
    if (crashes_ == 0 && !stuck) told_.CheckEndsTold();
    CheckEndCounted();
    return Result();
  }

  void JobSetChanged(const jobset::JobSet& jobset) override {
    Trace(document::WriteJson(model::ToValue(jobset.status)));
    if (jobset.status.IsFinished() && !finished_at_) {
      failed_ = jobset.status.IsTrue("Failed");
      const jobset::Condition* end = jobset.status.FindCondition(failed_ ? "Failed" : "Completed");
      finished_at_ = WritesTakeTime(faults_) ? *end->last_transition_time : clock_.Now();
    }
    if (!jobset.metadata.deleting() || user_deleted_) return;
    const auto ttl = jobset.spec->ttl_seconds_after_finished;
    if (!ttl || !finished_at_ || clock_.Now() < *finished_at_ + Seconds(*ttl)) {
      Violate("the JobSet was deleted before its TTL expired");
    }
  }
  void JobSetDeleted(const jobset::JobSet&) override { Trace("JobSet gone"); }
  void JobChanged(const batch::Job& job) override {
    Trace(Cat(job.metadata.name, " ", job.metadata.uid.view().substr(0, 4), " ",
              document::WriteJson(model::ToValue(job.status)), job.metadata.deleting() ? " deleting" : ""));
  }
  void JobDeleted(const batch::Job& job) override { Trace(Cat("gone ", job.metadata.name)); }
  void PodChanged(const core::Pod& pod) override {
    Trace(Cat(pod.metadata.name, " ", core::NameOf(pod.status.phase), pod.metadata.deleting() ? " deleting" : ""));
    if (lives_.insert(pod.metadata.uid).second) return PlanLife(pod);
    if (pod.metadata.deleting() && !pod.IsTerminal() && ending_.insert(pod.metadata.uid).second) PlanEnd(pod);
  }
  void PodDeleted(const core::Pod& pod) override { Trace(Cat("gone ", pod.metadata.name)); }

 private:
  // Every restart that is told is the one that status has just counted, and comes with the verdict on its Job.
  void ToldOfJobSet(const world::Verdict& verdict) {
    const std::string text = world::Describe(verdict);
    // The end of a Job that is being deleted is not told.
    const bool has_cause = verdict.cause || jobs_deleted_by_user_.contains(verdict.job.str());
    if (crashes_ == 0 && !verdict.job.empty() && !has_cause) Violate(Cat("without its cause: ", text));
    const std::string_view consequence = verdict.consequence;
    const jobset::JobSet* jobset = store_.FindJobSet(kJobSet);
    if (!consequence.starts_with("restart ") || consequence.find(" of JobSet") == std::string_view::npos) return;
    const auto number = ParseInt64(consequence.substr(8, consequence.find(" of JobSet") - 8));
    if (!number || !restarts_told_.insert(*number).second) Violate(Cat("told twice: ", text));
    if (jobset != nullptr && jobset->status.restarts != number) {
      Violate(Cat("status says ", jobset->status.restarts, " restarts: ", text));
    }
  }

  // Counters live as long as their controller.
  void TakeCounters() {
    for (const auto& [key, count] : engine_->jobset_counters().completed) ends_counted_[false] += count;
    for (const auto& [key, count] : engine_->jobset_counters().failed) ends_counted_[true] += count;
  }

  void CheckEndCounted() {
    TakeCounters();
    const std::uint64_t due = finished_at_ ? 1 : 0;
    const std::uint64_t counted = ends_counted_[failed_];
    if (ends_counted_[!failed_] > 0) Violate("an end was counted that there was not");
    if (counted > due || (counted < due && !crashed_at_end_)) {
      Violate(Cat("the JobSet's end was counted ", counted, " times of ", due));
    }
  }

  void Violate(std::string what) {
    if (violations_.size() < 10) violations_.push_back(std::move(what));
  }

  void StartController() {
    watch_.reset();
    engine::EngineOptions options;
    options.jobsets.gates = gates_;
    engine_.emplace(api_, clock_, verdicts_, options);
    engine_->NodeChanged(*store_.FindNode("n1"));
    watch_.emplace(store_, agenda_, clock_, random_, lag_, *engine_,
                   [this](meta::ResourceVersion version) { engine_->ListsComplete(version); });
  }

  bool Step(Time limit) {
    while (agenda_.DoOne(clock_.Now())) ReplaceCrashedController();
    if (engine_->RunOne()) {
      if (!ReplaceCrashedController()) told_.CheckRound();
      return true;
    }
    const auto a = agenda_.NextDue();
    const auto b = engine_->NextDue();
    if (!a && !b) return false;
    const Time next = a && b ? std::min(*a, *b) : a ? *a : *b;
    if (next > limit) return false;
    clock_.AdvanceTo(std::max(next, clock_.Now()));
    return true;
  }

  bool ReplaceCrashedController() {
    if (!api_.crashed()) return false;
    ++crashes_;
    TakeCounters();
    told_.ControllerReplaced();
    watch_.reset();
    engine_.reset();
    api_.Revive();
    // With that very write, or before it was known that it had succeeded.
    if (finished_at_ && ends_counted_[failed_] == 0) crashed_at_end_ = true;
    StartController();
    return true;
  }

  const char* OneOf(std::initializer_list<const char*> words) { return words.begin()[random_.Below(words.size())]; }

  Value RandomRule(std::int64_t jobs) {
    Value rule = Value::MakeObject();
    rule.Set("action",
             Value::String(gates_.restart_job
                               ? OneOf({"FailJobSet", "RestartJobSet", "RestartJobSetAndIgnoreMaxRestarts",
                                        "RestartJob", "RestartJobAndIgnoreMaxRestarts"})
                               : OneOf({"FailJobSet", "RestartJobSet", "RestartJobSetAndIgnoreMaxRestarts"})));
    if (random_.OneIn(2))
      rule.At("targetReplicatedJobs").Append(Value::String(Cat("r", random_.Below(static_cast<std::uint64_t>(jobs)))));
    if (random_.OneIn(3)) {
      rule.At("onJobFailureReasons").Append(Value::String(OneOf({"BackoffLimitExceeded", "PodFailurePolicy"})));
    }
    if (random_.OneIn(4))
      rule.At("onJobFailureMessagePatterns").Append(Value::String(OneOf({"exit code 42 ", "limit$", "("})));
    return rule;
  }

  Value RandomJobTemplate() {
    Value job = Value::MakeObject();
    Value& spec = job.At("spec");
    const std::int64_t size = random_.Between(1, 2);
    spec.Set("completions", Value::Int(size));
    spec.Set("parallelism", Value::Int(size));
    spec.Set("backoffLimit", Value::Int(random_.Between(0, 1)));
    if (random_.OneIn(3)) {
      Value& rule = spec.At("podFailurePolicy").At("rules").Append(Value::MakeObject());
      rule.Set("action", Value::String("FailJob"));
      rule.At("onExitCodes").Set("operator", Value::String("In"));
      rule.At("onExitCodes").At("values").Append(Value::Int(42));
    }
    Value& pod = spec.At("template").At("spec");
    pod.Set("restartPolicy", Value::String("Never"));
    Value& container = pod.At("containers").Append(Value::MakeObject());
    container.Set("name", Value::String("main"));
    container.Set("image", Value::String("img"));
    return job;
  }

  Value RandomJobSet() {
    Value manifest = Value::MakeObject();
    manifest.Set("apiVersion", Value::String("jobset.x-k8s.io/v1alpha2"));
    manifest.Set("kind", Value::String("JobSet"));
    manifest.At("metadata").Set("name", Value::String(kJobSet.name.str()));
    Value& spec = manifest.At("spec");
    const std::int64_t jobs = random_.Between(1, 3);
    for (std::int64_t i = 0; i < jobs; ++i) {
      Value& replicated = spec.At("replicatedJobs").Append(Value::MakeObject());
      replicated.Set("name", Value::String(Cat("r", i)));
      replicated.Set("replicas", Value::Int(random_.Between(0, 3)));
      replicated.Set("template", RandomJobTemplate());
      if (i > 0 && random_.OneIn(4)) {
        Value& dependency = replicated.At("dependsOn").Append(Value::MakeObject());
        dependency.Set("name", Value::String(Cat("r", i - 1)));
        dependency.Set("status", Value::String(OneOf({"Ready", "Complete"})));
      }
    }
    if (random_.OneIn(8)) spec.Set("suspend", Value::Bool(true));
    if (random_.OneIn(6)) spec.Set("ttlSecondsAfterFinished", Value::Int(random_.Between(0, 60)));
    if (random_.OneIn(5)) spec.At("startupPolicy").Set("startupPolicyOrder", Value::String("InOrder"));
    if (random_.OneIn(4)) spec.At("successPolicy").Set("operator", Value::String(OneOf({"All", "Any"})));
    if (!random_.OneIn(6)) {
      Value& policy = spec.At("failurePolicy");
      policy.Set("maxRestarts", Value::Int(random_.Between(0, 3)));
      if (random_.OneIn(2)) policy.Set("restartStrategy", Value::String("BlockingRecreate"));
      for (auto rules = random_.Between(0, 3); rules > 0; --rules) policy.At("rules").Append(RandomRule(jobs));
    }
    if (random_.OneIn(10))
      manifest.At("metadata").At("annotations").Set("reprieve.dev/restart-delay", Value::String("7s"));
    return manifest;
  }

  bool CreateJobSet() {
    const Value manifest = RandomJobSet();
    Trace(document::WriteJson(manifest));
    const meta::Uid uid = store_.NewUid();
    const admission::Answer answer =
        admission::CreateJobSet(manifest, {{"ns", "Strict", uid, "", clock_.Now()}, gates_, {}});
    if (!answer.ok()) return false;  // a combination that admission refuses
    jobset::JobSet made;
    FromValue(answer.object, made);
    store_.AddJobSet(std::move(made));
    return true;
  }

  // Of the name that a child will want, and somebody else's.
  void AddForeignJob() {
    Value job = RandomJobTemplate();
    job.Set("apiVersion", Value::String("batch/v1"));
    job.Set("kind", Value::String("Job"));
    job.At("metadata").Set("name", Value::String("js-r0-0"));
    const meta::Uid uid = store_.NewUid();
    const admission::Answer answer = admission::CreateJob(job, {"ns", "Strict", uid, "", clock_.Now()});
    if (!answer.ok()) return;
    batch::Job made;
    FromValue(answer.object, made);
    store_.AddJob(std::move(made));
    in_the_way_ = !random_.OneIn(2);
    if (!in_the_way_) {
      agenda_.At(clock_.Now() + Seconds(random_.Between(1, 60)), [this, uid] {
        store_.DeleteJob({"ns", "js-r0-0"}, uid, world::Propagation::kBackground);
      });
    }
  }

  void PlanLife(const core::Pod& pod) {
    const world::PodReference reference = world::ReferenceTo(pod);
    const auto after = [this](std::int64_t low, std::int64_t high) {
      return Nanoseconds(std::chrono::milliseconds(random_.Between(low, high)));
    };
    const Nanoseconds bound = after(0, 3000);
    const Nanoseconds running = bound + after(0, 3000);
    const Nanoseconds ended = running + after(0, 20'000);
    agenda_.At(clock_.Now() + bound, [this, reference] { store_.BindPod(reference, "n1"); });
    agenda_.At(clock_.Now() + running, [this, reference] { RunPod(reference); });
    agenda_.At(clock_.Now() + ended, [this, reference] { End(reference, RandomCode()); });
    if (random_.OneIn(20)) {
      agenda_.At(clock_.Now() + after(0, 10'000), [this, reference] { store_.DeletePod(reference); });
    }
  }

  std::int32_t RandomCode() {
    constexpr std::int32_t kCodes[] = {0, 0, 0, 0, 0, 1, 42, 137};
    return kCodes[random_.Below(8)];
  }

  void RunPod(const world::PodReference& pod) {
    store_.UpdatePodStatus(pod, [this](const core::Pod& now, core::PodStatus& status) {
      if (now.IsTerminal()) return;
      status.phase = core::PodPhase::kRunning;
      core::PodCondition ready;
      ready.type = core::kReadyCondition;
      ready.status = "True";
      ready.last_transition_time = TruncateToSeconds(clock_.Now());
      status.SetCondition(std::move(ready));
    });
  }

  void End(const world::PodReference& pod, std::int32_t code) {
    store_.UpdatePodStatus(pod, [&](const core::Pod& now, core::PodStatus& status) {
      if (!now.IsTerminal()) sim::EndContainers(now, code, clock_.Now(), status);
    });
  }

  void PlanEnd(const core::Pod& pod) {
    const world::PodReference reference = world::ReferenceTo(pod);
    const std::int32_t code = random_.OneIn(4) ? 0 : 143;
    const bool bound = !pod.node_name.empty();
    agenda_.At(clock_.Now() + (bound ? Seconds(random_.Between(0, 10)) : Seconds(20)), [this, reference, code] {
      End(reference, code);
      store_.RemovePod(reference);
    });
  }

  void PlanUserAction() {
    agenda_.At(clock_.Now() + std::chrono::milliseconds(random_.Between(0, 60'000)), [this] { UserAction(); });
  }

  void UserAction() {
    const jobset::JobSet* jobset = store_.FindJobSet(kJobSet);
    if (jobset == nullptr) return;
    Value patch = Value::MakeObject();
    switch (random_.Below(5)) {
      case 0:
        patch.At("spec").Set("suspend", Value::Bool(true));
        break;
      case 1:
      case 2:
        patch.At("spec").Set("suspend", Value::Bool(false));
        break;
      case 3: {  // behind our back
        const std::vector<const batch::Job*> jobs = store_.Jobs();
        if (jobs.empty()) return;
        const batch::Job& job = *jobs[random_.Below(jobs.size())];
        Trace(Cat("user deletes ", job.metadata.name));
        jobs_deleted_by_user_.insert(job.metadata.name.str());
        store_.DeleteJob(meta::KeyOf(job.metadata), job.metadata.uid,
                         static_cast<world::Propagation>(random_.Below(2)));
        return;
      }
      default:
        if (!random_.OneIn(4)) return;
        Trace("user deletes the JobSet");
        user_deleted_ = true;
        store_.DeleteJobSet(kJobSet, jobset->metadata.uid, static_cast<world::Propagation>(random_.Below(2)));
        return;
    }
    const admission::Answer answer = admission::PatchJobSet(ToValue(*jobset), admission::PatchType::kMerge, patch,
                                                            {{"ns", "", "", "", clock_.Now()}, gates_, {}});
    if (!answer.ok()) return;
    Trace(document::WriteJson(patch));
    jobset::JobSet changed;
    FromValue(answer.object, changed);
    store_.ReplaceJobSet(changed);
  }

  void Trace(const std::string& line) {
    const std::string text = Cat(FormatRfc3339Nano(clock_.Now()), " ", line);
    for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;  // FNV-1a
    if (trace_) std::printf("%s\n", text.c_str());
  }

  HistoryResult Result() const {
    HistoryResult out;
    out.violations = ledger_.violations();
    out.violations.insert(out.violations.end(), told_.violations().begin(), told_.violations().end());
    out.violations.insert(out.violations.end(), violations_.begin(), violations_.end());
    out.trace_hash = hash_;
    out.pods = lives_.size();
    out.crashes = crashes_;
    return out;
  }

  const bool trace_;
  Random random_;
  sim::VirtualClock clock_;
  store::Store store_;
  sim::Agenda agenda_;
  const model::FeatureGates gates_;
  const sim::FaultRates faults_;
  const sim::LagRates lag_;
  sim::FaultyApi api_;
  JobSetLedger ledger_;
  VerdictCheck told_;
  world::Ledger verdicts_;
  std::optional<engine::Engine> engine_;
  std::optional<sim::LaggingWatch> watch_;
  std::set<meta::Uid> lives_;
  std::set<meta::Uid> ending_;
  bool in_the_way_ = false;  // somebody else's Job, for good
  std::set<std::int64_t> restarts_told_;
  std::optional<Time> finished_at_;
  bool failed_ = false;  // that was its end
  bool user_deleted_ = false;
  std::set<std::string> jobs_deleted_by_user_;
  bool crashed_at_end_ = false;
  std::array<std::uint64_t, 2> ends_counted_{};  // Completed, Failed
  std::size_t crashes_ = 0;
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
  std::vector<std::string> violations_;
};

}  // namespace

HistoryResult RunJobSetHistory(std::uint64_t seed, bool trace) {
  return JobSetHistory(seed, trace).Run();
}

}  // namespace reprieve::property
