#include "history.h"

#include <cstdio>
#include <memory>
#include <optional>

#include "admission/admission.h"
#include "base/text.h"
#include "document/json.h"
#include "kube/cluster_world.h"
#include "ledger.h"
#include "random_faults.h"
#include "sim/scripted_kubelet.h"
#include "sim/virtual_clock.h"
#include "verdict_check.h"

namespace reprieve::property {
namespace {

using document::Value;

constexpr Nanoseconds kLongest = std::chrono::hours(24 * 30);

class History final : public world::Watcher {
 public:
  History(std::uint64_t seed, bool cluster, bool trace)
      : trace_(trace),
        cluster_(cluster),
        random_(seed),
        clock_(Time(std::chrono::sys_days{std::chrono::year{2026} / 1 / 1})),
        store_(clock_, seed + 1),
        options_(cluster ? InACluster(random_) : Alone(random_)),
        ledger_(store_, clock_,
                {SeesAllAtOnce(options_), WritesTakeTime(options_), 2 * options_.largest_skew,
                 [this] { return cluster_ ? controller_.api().strays() : 0; }}),
        told_(store_, SeesAllAtOnce(options_)),
        controller_(store_, agenda_, clock_, random_, verdicts_, options_,
                    {[this](engine::Engine&) { told_.ControllerReplaced(); }, [this] { told_.CheckRound(); },
                     [this](const world::Request& request) {
                       if (cluster_) ledger_.Asked(request);
                     },
                     [this](const std::string& line) { Trace(line); }}) {
    store_.AddWatcher(this);
    verdicts_.set_listener([this](const world::Verdict& verdict) {
      Trace(world::Describe(verdict));
      told_.Told(verdict);
    });
  }
  ~History() override { store_.RemoveWatcher(this); }

  HistoryResult Run() {
    controller_.Start();
    if (!CreateJob(RandomJob())) return Result();
    for (int i = static_cast<int>(random_.Between(0, 5)); i > 0; --i) PlanUserAction();
    const Time limit = clock_.Now() + kLongest;
    while (controller_.Step(limit)) {
    }
    if (controller_.busy()) violations_.push_back("it never ends");
    for (const std::string& refusal : controller_.api().refused()) {
      if (RefusesAsUpstream(refusal)) {
        stuck_ = true;
      } else {
        violations_.push_back(Cat("refused: ", refusal));
      }
    }
    if (!stuck_) ledger_.CheckQuiet();
    if (!stuck_ && controller_.crashes() == 0 && !recreated_) told_.CheckEndsTold();
    return Result();
  }

  void JobChanged(const batch::Job& job) override {
    Trace(document::WriteJson(model::ToValue(job.status)));
    if (job.status.IsFinished() && !finished_at_) {
      const batch::JobCondition* end = job.status.FindCondition(job.status.IsTrue("Failed") ? "Failed" : "Complete");
      finished_at_ = WritesTakeTime(options_) ? *end->last_transition_time : clock_.Now();
    }
    if (!job.metadata.deleting() || deleted_by_user_.contains(job.metadata.uid)) return;
    const auto ttl = job.spec->ttl_seconds_after_finished;
    if (!ttl || !finished_at_ || clock_.Now() < *finished_at_ + Seconds(*ttl)) {
      violations_.push_back("deleted before its TTL expired");
    }
  }
  void JobDeleted(const batch::Job& job) override {
    Trace(Cat("deleted ", job.metadata.name));
    finished_at_.reset();
  }
  void PodChanged(const core::Pod& pod) override {
    Trace(Cat(pod.metadata.name, " ", core::NameOf(pod.status.phase), pod.metadata.deleting() ? " deleting" : "",
              pod.metadata.finalizers.empty() ? "" : " finalizer"));
    if (lives_.insert(pod.metadata.uid).second) return PlanLife(pod);
    if (pod.metadata.deleting() && !pod.IsTerminal() && ending_.insert(pod.metadata.uid).second) PlanEnd(pod);
  }
  void PodDeleted(const core::Pod& pod) override { Trace(Cat("gone ", pod.metadata.name)); }

 private:
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
    if (cluster_) spec.Set("managedBy", Value::String(std::string(kube::kJobManager)));
    Value& pod = spec.At("template").At("spec");
    pod.Set("restartPolicy", Value::String(!policy && random_.OneIn(4) ? "OnFailure" : "Never"));
    Value& container = pod.Set("containers", Value::MakeArray()).Append(Value::MakeObject());
    container.Set("name", Value::String("main"));
    container.Set("image", Value::String("img"));
    return job;
  }

  bool CreateJob(const Value& manifest) {
    manifest_ = manifest;
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
    if (cluster_ && random_.OneIn(2)) return ActBehindItsBack(*job);
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
        deleted_by_user_.insert(job->metadata.uid);
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

  // What the specification of the Job does not ask for.
  void ActBehindItsBack(const batch::Job& job) {
    std::vector<const core::Pod*> pods = store_.Pods();
    std::erase_if(pods, [&](const core::Pod* pod) {
      const meta::OwnerReference* owner = pod->metadata.Controller();
      return owner == nullptr || owner->uid != job.metadata.uid;
    });
    const core::Pod* pod = pods.empty() ? nullptr : pods[random_.Below(pods.size())];
    const auto action = random_.Below(5);
    if (action > 0 && pod == nullptr) return;
    // One that has ended, and was counted, would count again as soon as it is adopted, here as upstream.
    if (action == 2 && !pod->IsActive()) return;
    switch (action) {
      case 0:
        return Recreate(job);
      case 1:
        Trace(Cat("user takes the finalizer of ", pod->metadata.name));
        ledger_.TakenByUser(*pod);
        store_.RemovePodFinalizer(world::ReferenceTo(*pod), batch::kTrackingFinalizer);
        return;
      case 2:  // its Job may adopt it again
        Trace(Cat("user takes the owner of ", pod->metadata.name));
        ledger_.TakenByUser(*pod);
        store_.ReleasePod(world::ReferenceTo(*pod), job.metadata.uid, "");
        return;
      case 3:
        return ReplacePod(*pod);
      default:
        Trace(Cat("user annotates ", pod->metadata.name));
        store_.UpdatePodAnnotations(world::ReferenceTo(*pod),
                                    [](meta::Labels& annotations) { annotations.Set("note", "seen"); });
    }
  }

  // The same once more, with another UID; in the foreground, once the former and its pods are gone.
  void Recreate(const batch::Job& job) {
    Trace("user deletes the Job and creates it again");
    recreated_ = true;
    const meta::Uid former = job.metadata.uid;
    deleted_by_user_.insert(former);
    store_.DeleteJob({"ns", "j"}, former, static_cast<world::Propagation>(random_.Below(2)));
    CreateOnceGone(former);
  }
  void CreateOnceGone(const meta::Uid& former) {
    const batch::Job* there = store_.FindJob({"ns", "j"});
    if (there == nullptr) {
      CreateJob(manifest_);
    } else if (there->metadata.uid == former) {
      agenda_.At(clock_.Now() + Seconds(1), [this, former] { CreateOnceGone(former); });
    }
  }

  // By another pod of that name without an owner, which the Job may adopt.
  void ReplacePod(const core::Pod& pod) {
    Trace(Cat("user replaces ", pod.metadata.name));
    replaced_ = true;
    core::Pod next;
    next.metadata.namespace_ = pod.metadata.namespace_;
    next.metadata.name = pod.metadata.name;
    next.metadata.labels = pod.metadata.labels;
    next.metadata.annotations = pod.metadata.annotations;
    next.spec = pod.spec;
    const world::PodReference former = world::ReferenceTo(pod);
    ledger_.TakenByUser(pod);
    store_.RemovePodFinalizer(former, batch::kTrackingFinalizer);
    store_.RemovePod(former);
    store_.AddPod(std::move(next));
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
    // Verdicts name pods: of two of one name they cannot be told apart.
    if (!replaced_) out.violations.insert(out.violations.end(), told_.violations().begin(), told_.violations().end());
    out.trace_hash = hash_;
    out.pods = ledger_.pods();
    out.crashes = controller_.crashes();
    return out;
  }

  const bool trace_;
  const bool cluster_;
  Random random_;
  sim::VirtualClock clock_;
  store::Store store_;
  sim::Agenda agenda_;
  const ControllerOptions options_;
  Ledger ledger_;
  VerdictCheck told_;
  world::Ledger verdicts_;
  Controller controller_;
  bool indexed_ = false;
  std::set<meta::Uid> lives_;
  std::set<meta::Uid> ending_;
  std::optional<Time> finished_at_;
  std::set<meta::Uid> deleted_by_user_;
  Value manifest_;
  bool recreated_ = false;
  bool replaced_ = false;  // a pod, by one of its name
  bool stuck_ = false;
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
  std::vector<std::string> violations_;
};

}  // namespace

HistoryResult RunHistory(std::uint64_t seed, bool cluster, bool trace) {
  return History(seed, cluster, trace).Run();
}

}  // namespace reprieve::property
