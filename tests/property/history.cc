#include "history.h"

#include <cstdio>
#include <memory>
#include <optional>

#include "admission/admission.h"
#include "base/text.h"
#include "document/json.h"
#include "engine/engine.h"
#include "ledger.h"
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

class History final : public world::Watcher {
 public:
  History(std::uint64_t seed, bool trace)
      : trace_(trace),
        random_(seed),
        clock_(Time(std::chrono::sys_days{std::chrono::year{2026} / 1 / 1})),
        store_(clock_, seed + 1),
        faults_(RandomFaults(random_)),
        lag_(RandomLag(random_)),
        api_(store_, agenda_, clock_, random_, faults_),
        ledger_(store_, clock_, SeesAllAtOnce(faults_, lag_), WritesTakeTime(faults_)),
        told_(store_, SeesAllAtOnce(faults_, lag_)) {
    store_.AddWatcher(this);
    verdicts_.set_listener([this](const world::Verdict& verdict) {
      Trace(world::Describe(verdict));
      told_.Told(verdict);
    });
  }
  ~History() override { store_.RemoveWatcher(this); }

  HistoryResult Run() {
    StartController();
    if (!CreateJob()) return Result();
    for (int i = static_cast<int>(random_.Between(0, 5)); i > 0; --i) PlanUserAction();
    const Time limit = clock_.Now() + kLongest;
    while (Step(limit)) {
    }
    for (const std::string& refusal : api_.refused()) {
      if (RefusesAsUpstream(refusal)) {
        stuck_ = true;
      } else {
        violations_.push_back(Cat("refused: ", refusal));
      }
    }
    if (!stuck_) ledger_.CheckQuiet();
    if (!stuck_ && crashes_ == 0) told_.CheckEndsTold();
    return Result();
  }

  void JobChanged(const batch::Job& job) override {
    Trace(document::WriteJson(model::ToValue(job.status)));
    if (job.status.IsFinished() && !finished_at_) {
      const batch::JobCondition* end = job.status.FindCondition(job.status.IsTrue("Failed") ? "Failed" : "Complete");
      finished_at_ = WritesTakeTime(faults_) ? *end->last_transition_time : clock_.Now();
    }
    if (!job.metadata.deleting() || user_deleted_) return;
    const auto ttl = job.spec->ttl_seconds_after_finished;
    if (!ttl || !finished_at_ || clock_.Now() < *finished_at_ + Seconds(*ttl)) {
      violations_.push_back("deleted before its TTL expired");
    }
  }
  void JobDeleted(const batch::Job& job) override { Trace(Cat("deleted ", job.metadata.name)); }
  void PodChanged(const core::Pod& pod) override {
    Trace(Cat(pod.metadata.name, " ", core::NameOf(pod.status.phase), pod.metadata.deleting() ? " deleting" : "",
              pod.metadata.finalizers.empty() ? "" : " finalizer"));
    if (lives_.insert(pod.metadata.uid).second) return PlanLife(pod);
    if (pod.metadata.deleting() && !pod.IsTerminal() && ending_.insert(pod.metadata.uid).second) PlanEnd(pod);
  }
  void PodDeleted(const core::Pod& pod) override { Trace(Cat("gone ", pod.metadata.name)); }

 private:
  void StartController() {
    watch_.reset();
    engine_.emplace(api_, clock_, verdicts_, EngineOptions());
    watch_.emplace(store_, agenda_, clock_, random_, lag_, *engine_,
                   [this](meta::ResourceVersion version) { engine_->ListsComplete(version); });
  }

  static engine::EngineOptions EngineOptions() { return {}; }

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
    watch_.reset();
    engine_.reset();
    api_.Revive();
    told_.ControllerReplaced();
    StartController();
    return true;
  }

  Value RandomPolicy(bool per_index) {
    Value policy = Value::MakeObject();
    Value& rules = policy.Set("rules", Value::MakeArray());
    for (auto i = random_.Between(0, 4); i > 0; --i) {
      Value rule = Value::MakeObject();
      const char* actions[] = {"Count", "Ignore", "FailJob", "FailIndex"};
      rule.Set("action", Value::String(actions[random_.Below(per_index ? 4 : 3)]));
      if (random_.OneIn(2)) {
        Value& codes = rule.Set("onExitCodes", Value::MakeObject());
        codes.Set("operator", Value::String(random_.OneIn(3) ? "NotIn" : "In"));
        Value& values = codes.Set("values", Value::MakeArray());
        for (const int code : {1, 2, 42, 137}) {
          if (random_.OneIn(2)) values.Append(Value::Int(code));
        }
        if (values.items().empty()) values.Append(Value::Int(3));
      } else {
        Value& patterns = rule.Set("onPodConditions", Value::MakeArray());
        patterns.Append(Value::MakeObject())
            .Set("type", Value::String(random_.OneIn(2) ? "DisruptionTarget" : "ConfigIssue"));
      }
      rules.Append(std::move(rule));
    }
    return policy;
  }

  Value RandomJob() {
    Value job = Value::MakeObject();
    job.Set("apiVersion", Value::String("batch/v1"));
    job.Set("kind", Value::String("Job"));
    job.Set("metadata", Value::MakeObject()).Set("name", Value::String("j"));
    Value& spec = job.Set("spec", Value::MakeObject());
    const auto maybe = [&](std::uint64_t one_in, const char* field, std::int64_t low, std::int64_t high) {
      if (random_.OneIn(one_in)) spec.Set(field, Value::Int(random_.Between(low, high)));
    };
    indexed_ = random_.OneIn(2);
    maybe(1, "parallelism", 0, 4);
    if (indexed_) {
      spec.Set("completionMode", Value::String("Indexed"));
      spec.Set("completions", Value::Int(random_.Between(0, 6)));
      if (random_.OneIn(2)) {
        maybe(1, "backoffLimitPerIndex", 0, 2);
        maybe(3, "maxFailedIndexes", 0, 2);
      }
      if (random_.OneIn(4)) {
        Value& rule =
            spec.Set("successPolicy", Value::MakeObject()).Set("rules", Value::MakeArray()).Append(Value::MakeObject());
        rule.Set("succeededCount", Value::Int(random_.Between(1, 3)));
      }
    } else {
      maybe(2, "completions", 0, 6);
    }
    maybe(2, "backoffLimit", 0, 4);
    maybe(5, "activeDeadlineSeconds", 1, 60);
    maybe(8, "ttlSecondsAfterFinished", 0, 30);
    if (random_.OneIn(5)) spec.Set("suspend", Value::Bool(true));
    const bool policy = random_.OneIn(2);
    if (policy) spec.Set("podFailurePolicy", RandomPolicy(spec.Find("backoffLimitPerIndex") != nullptr));
    if (!policy && random_.OneIn(3)) spec.Set("podReplacementPolicy", Value::String("Failed"));
    Value& pod = spec.At("template").At("spec");
    pod.Set("restartPolicy", Value::String(!policy && random_.OneIn(4) ? "OnFailure" : "Never"));
    Value& container = pod.Set("containers", Value::MakeArray()).Append(Value::MakeObject());
    container.Set("name", Value::String("main"));
    container.Set("image", Value::String("img"));
    return job;
  }

  bool CreateJob() {
    const Value manifest = RandomJob();
    Trace(document::WriteJson(manifest));
    const meta::Uid uid = store_.NewUid();
    const admission::Answer answer = admission::CreateJob(manifest, {"ns", "Strict", uid, "", clock_.Now()});
    if (!answer.ok()) return false;  // a combination that admission refuses
    batch::Job job;
    FromValue(answer.object, job);
    store_.AddJob(std::move(job));
    return true;
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
    agenda_.At(clock_.Now() + running, [this, reference] { Run(reference); });
    agenda_.At(clock_.Now() + ended, [this, reference] { End(reference, RandomCode()); });
    if (random_.OneIn(12)) {
      agenda_.At(clock_.Now() + after(0, 10'000), [this, reference] { store_.DeletePod(reference); });
    }
  }

  std::int32_t RandomCode() {
    constexpr std::int32_t kCodes[] = {0, 0, 0, 0, 1, 2, 42, 137};
    return kCodes[random_.Below(8)];
  }

  void Run(const world::PodReference& pod) {
    store_.UpdatePodStatus(pod, [this](const core::Pod& now, core::PodStatus& status) {
      if (now.IsTerminal()) return;
      status.phase = core::PodPhase::kRunning;
      core::ContainerStatus container;
      container.name = "main";
      container.state.running.emplace().started_at = TruncateToSeconds(clock_.Now());
      container.restart_count =
          now.spec->restart_policy == core::RestartPolicy::kOnFailure ? static_cast<std::int32_t>(random_.Below(3)) : 0;
      status.container_statuses = std::vector{container};
      core::PodCondition ready;
      ready.type = core::kReadyCondition;
      ready.status = "True";
      ready.last_transition_time = TruncateToSeconds(clock_.Now());
      status.SetCondition(std::move(ready));
    });
  }

  void End(const world::PodReference& pod, std::int32_t code) {
    store_.UpdatePodStatus(pod, [&](const core::Pod& now, core::PodStatus& status) {
      if (now.IsTerminal()) return;
      if (code != 0 && random_.OneIn(4)) {
        core::PodCondition condition;
        condition.type = random_.OneIn(2) ? "DisruptionTarget" : "ConfigIssue";
        condition.status = "True";
        status.SetCondition(std::move(condition));
      }
      sim::EndContainers(now, code, clock_.Now(), status);
    });
  }

  // The kubelet ends what is deleted; the pod collector what was never bound. Then the object goes.
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
    const batch::Job* job = store_.FindJob({"ns", "j"});
    if (job == nullptr) return;
    Value patch = Value::MakeObject();
    Value& spec = patch.Set("spec", Value::MakeObject());
    switch (random_.Below(indexed_ ? 6 : 5)) {
      case 0:
        spec.Set("suspend", Value::Bool(true));
        break;
      case 1:
        spec.Set("suspend", Value::Bool(false));
        break;
      case 2:
        spec.Set("parallelism", Value::Int(random_.Between(0, 5)));
        break;
      case 3:
        spec.Set("backoffLimit", Value::Int(random_.Between(0, 5)));
        break;
      case 4: {
        if (!random_.OneIn(3)) return;
        user_deleted_ = true;
        const auto how = static_cast<world::Propagation>(random_.Below(2));  // background or foreground
        store_.DeleteJob({"ns", "j"}, job->metadata.uid, how);
        return;
      }
      default: {
        const auto size = Value::Int(random_.Between(1, 6));
        spec.Set("completions", size);
        spec.Set("parallelism", size);
      }
    }
    const admission::Answer answer =
        admission::PatchJob(ToValue(*job), admission::PatchType::kMerge, patch, {"ns", "", "", "", clock_.Now()});
    if (!answer.ok()) return;  // elastic only in tandem, and the like
    Trace(document::WriteJson(patch));
    batch::Job changed;
    FromValue(answer.object, changed);
    store_.ReplaceJob(changed);
  }

  void Trace(const std::string& line) {
    const std::string text = Cat(FormatRfc3339Nano(clock_.Now()), " ", line);
    for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;  // FNV-1a
    if (trace_) std::printf("%s\n", text.c_str());
  }

  HistoryResult Result() const {
    HistoryResult out;
    out.violations = violations_;
    out.violations.insert(out.violations.end(), ledger_.violations().begin(), ledger_.violations().end());
    out.violations.insert(out.violations.end(), told_.violations().begin(), told_.violations().end());
    out.trace_hash = hash_;
    out.pods = ledger_.pods();
    out.crashes = crashes_;
    return out;
  }

  const bool trace_;
  Random random_;
  sim::VirtualClock clock_;
  store::Store store_;
  sim::Agenda agenda_;
  const sim::FaultRates faults_;
  const sim::LagRates lag_;
  sim::FaultyApi api_;
  Ledger ledger_;
  VerdictCheck told_;
  world::Ledger verdicts_;
  std::optional<engine::Engine> engine_;
  std::optional<sim::LaggingWatch> watch_;
  bool indexed_ = false;
  std::set<meta::Uid> lives_;
  std::set<meta::Uid> ending_;
  std::optional<Time> finished_at_;
  bool user_deleted_ = false;
  bool stuck_ = false;
  std::size_t crashes_ = 0;
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
  std::vector<std::string> violations_;
};

}  // namespace

HistoryResult RunHistory(std::uint64_t seed, bool trace) {
  return History(seed, trace).Run();
}

}  // namespace reprieve::property
