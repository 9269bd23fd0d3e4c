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
#include "jobset_ledger.h"
#include "random_faults.h"
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
  JobSetHistory(std::uint64_t seed, bool cluster, bool trace)
      : trace_(trace),
        cluster_(cluster),
        random_(seed),
        clock_(Time(std::chrono::sys_days{std::chrono::year{2026} / 1 / 1})),
        store_(clock_, seed + 1),
        gates_{false, random_.OneIn(2), random_.OneIn(2)},
        options_(Options()),
        ledger_(store_, gates_, [this] { return cluster_ ? controller_.api().strays() : 0; }),
        told_(store_, SeesAllAtOnce(options_)),
        controller_(store_, agenda_, clock_, random_, verdicts_, options_,
                    {[this](engine::Engine& engine) { ControllerEnds(engine); }, [this] { told_.CheckRound(); },
                     [this](const world::Request& request) {
                       if (cluster_) ledger_.Asked(request);
                     },
                     [this](const std::string& line) { Trace(line); }}) {
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
    controller_.Start();
    if (random_.OneIn(6)) AddForeignJob("js-r0-0", !random_.OneIn(2));
    if (!CreateJobSet(RandomJobSet())) return Result();
    for (int i = static_cast<int>(random_.Between(0, 5)); i > 0; --i) PlanUserAction();
    const Time limit = clock_.Now() + (in_the_way_ ? kLongestInTheWay : kLongest);
    while (controller_.Step(limit)) {
    }
    if (controller_.busy() && !in_the_way_) Violate("it never ends");
    ledger_.CheckQuiet();
    const std::vector<std::string>& refused = controller_.api().refused();
    const bool stuck = std::any_of(refused.begin(), refused.end(), RefusesAsUpstream);
    if (controller_.crashes() == 0 && !stuck && !cluster_) told_.CheckEndsTold();
    CheckEndCounted();
    return Result();
  }

  void JobSetChanged(const jobset::JobSet& jobset) override {
    Trace(document::WriteJson(model::ToValue(jobset.status)));
    if (jobset.status.IsFinished() && !finished_at_) {
      failed_ = jobset.status.IsTrue("Failed");
      const jobset::Condition* end = jobset.status.FindCondition(failed_ ? "Failed" : "Completed");
      finished_at_ = WritesTakeTime(options_) ? *end->last_transition_time : clock_.Now();
      if (controller_.api().writes_of_a_former()) crashed_at_end_ = true;
    }
    if (!jobset.metadata.deleting() || deleted_by_user_.contains(jobset.metadata.uid)) return;
    const auto ttl = jobset.spec->ttl_seconds_after_finished;
    if (!ttl || !finished_at_ || clock_.Now() + 2 * options_.largest_skew < *finished_at_ + Seconds(*ttl)) {
      Violate("the JobSet was deleted before its TTL expired");
    }
  }
  void JobSetDeleted(const jobset::JobSet&) override {
    Trace("JobSet gone");
    if (recreated_) finished_at_.reset();
  }
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
    const bool knows_causes = controller_.crashes() == 0 && !cluster_;
    if (knows_causes && !verdict.job.empty() && !has_cause) Violate(Cat("without its cause: ", text));
    const std::string_view consequence = verdict.consequence;
    const jobset::JobSet* jobset = store_.FindJobSet(kJobSet);
    if (!consequence.starts_with("restart ") || consequence.find(" of JobSet") == std::string_view::npos) return;
    const auto number = ParseInt64(consequence.substr(8, consequence.find(" of JobSet") - 8));
    if (recreated_) return;
    if (!number || !restarts_told_.insert(*number).second) Violate(Cat("told twice: ", text));
    if (jobset != nullptr && jobset->status.restarts != number) {
      Violate(Cat("status says ", jobset->status.restarts, " restarts: ", text));
    }
  }

  ControllerOptions Options() {
    ControllerOptions out = cluster_ ? InACluster(random_) : Alone(random_);
    out.gates = gates_;
    return out;
  }

  // Counters live as long as their controller.
  void TakeCounters(const engine::Engine& engine) {
    for (const auto& [key, count] : engine.jobset_counters().completed) ends_counted_[false] += count;
    for (const auto& [key, count] : engine.jobset_counters().failed) ends_counted_[true] += count;
  }

  void ControllerEnds(const engine::Engine& engine) {
    TakeCounters(engine);
    told_.ControllerReplaced();
    // With that very write, or before it was known that it had succeeded.
    if (finished_at_ && ends_counted_[failed_] == 0) crashed_at_end_ = true;
  }

  void CheckEndCounted() {
    if (controller_.engine() != nullptr) TakeCounters(*controller_.engine());
    if (recreated_) return;
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

  bool CreateJobSet(const Value& manifest) {
    manifest_ = manifest;
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
  void AddForeignJob(const std::string& name, bool for_good) {
    Value job = RandomJobTemplate();
    job.Set("apiVersion", Value::String("batch/v1"));
    job.Set("kind", Value::String("Job"));
    job.At("metadata").Set("name", Value::String(name));
    const meta::Uid uid = store_.NewUid();
    const admission::Answer answer = admission::CreateJob(job, {"ns", "Strict", uid, "", clock_.Now()});
    if (!answer.ok()) return;
    batch::Job made;
    FromValue(answer.object, made);
    store_.AddJob(std::move(made));
    if (for_good) {
      in_the_way_ = true;
      return;
    }
    agenda_.At(clock_.Now() + Seconds(random_.Between(1, 60)), [this, uid, name] {
      store_.DeleteJob({"ns", name}, uid, world::Propagation::kBackground);
    });
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
    if (cluster_ && random_.OneIn(3)) return ActBehindItsBack(*jobset);
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
        deleted_by_user_.insert(jobset->metadata.uid);
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

  void ActBehindItsBack(const jobset::JobSet& jobset) {
    switch (random_.Below(4)) {
      case 0: {
        Trace("user deletes the JobSet and creates it again");
        recreated_ = true;
        const meta::Uid former = jobset.metadata.uid;
        deleted_by_user_.insert(former);
        store_.DeleteJobSet(kJobSet, former, static_cast<world::Propagation>(random_.Below(2)));
        return CreateOnceGone(former);
      }
      case 1: {
        const auto services = store_.Services();
        if (services.empty()) return;
        Trace("user deletes the Service");
        store_.DeleteService(meta::KeyOf(services[0]->metadata), meta::Uid(services[0]->metadata.uid));
        return;
      }
      case 2: {  // somebody else's takes its place for some time
        const std::vector<const batch::Job*> jobs = store_.Jobs();
        if (jobs.empty()) return;
        const meta::ObjectKey key = meta::KeyOf(jobs[random_.Below(jobs.size())]->metadata);
        Trace(Cat("user replaces ", key.name));
        const batch::Job& former = *store_.FindJob(key);
        jobs_deleted_by_user_.insert(key.name.str());
        store_.DeleteJob(key, meta::Uid(former.metadata.uid), world::Propagation::kBackground);
        if (store_.FindJob(key) == nullptr) AddForeignJob(key.name.str(), false);
        return;
      }
      default: {
        const std::vector<const batch::Job*> jobs = store_.Jobs();
        if (jobs.empty()) return;
        batch::Job changed = *jobs[random_.Below(jobs.size())];
        Trace(Cat("user annotates ", changed.metadata.name));
        changed.metadata.annotations.Set("note", "seen");
        store_.ReplaceJob(changed);
      }
    }
  }
  void CreateOnceGone(const meta::Uid& former) {
    const jobset::JobSet* there = store_.FindJobSet(kJobSet);
    if (there == nullptr) {
      CreateJobSet(manifest_);
    } else if (there->metadata.uid == former) {
      agenda_.At(clock_.Now() + Seconds(1), [this, former] { CreateOnceGone(former); });
    }
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
    out.crashes = controller_.crashes();
    return out;
  }

  const bool trace_;
  const bool cluster_;
  Random random_;
  sim::VirtualClock clock_;
  store::Store store_;
  sim::Agenda agenda_;
  const model::FeatureGates gates_;
  const ControllerOptions options_;
  JobSetLedger ledger_;
  VerdictCheck told_;
  world::Ledger verdicts_;
  Controller controller_;
  std::set<meta::Uid> lives_;
  std::set<meta::Uid> ending_;
  bool in_the_way_ = false;  // somebody else's Job, for good
  std::set<std::int64_t> restarts_told_;
  std::optional<Time> finished_at_;
  bool failed_ = false;  // that was its end
  std::set<meta::Uid> deleted_by_user_;
  Value manifest_;
  bool recreated_ = false;
  std::set<std::string> jobs_deleted_by_user_;
  bool crashed_at_end_ = false;
  std::array<std::uint64_t, 2> ends_counted_{};  // Completed, Failed
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
  std::vector<std::string> violations_;
};

}  // namespace

HistoryResult RunJobSetHistory(std::uint64_t seed, bool cluster, bool trace) {
  return JobSetHistory(seed, cluster, trace).Run();
}

}  // namespace reprieve::property
