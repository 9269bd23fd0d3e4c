// Replays the history of one JobSet: jobsets.jsonl.
#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "oracle/cluster.h"
#include "oracle/compare.h"
#include "oracle/explained.h"
#include "oracle/held_watch.h"
#include "oracle/pod_names.h"
#include "oracle/replay.h"

namespace reprieve::oracle {
namespace {

using document::Value;

// A history that is not quiet after a year never will be.
constexpr auto kLongestQuiet = std::chrono::hours(24 * 365);
// Long enough for one sync.
constexpr Nanoseconds kGlance = Seconds(2);
constexpr std::string_view kDomain = "jobset.sigs.k8s.io/";

model::FeatureGates GatesOf(const Value& line) {
  const Value& gates = line["gates"];
  const auto on = [&](std::string_view name) {
    for (const Value& item : gates.items()) {
      if (item.AsText() == name) return true;
    }
    return gates[name].AsBool();
  };
  model::FeatureGates out;
  out.in_place_restart = on("InPlaceRestart");
  out.restart_job = on("RestartJob");
  out.elastic_job_set = on("ElasticJobSet");
  return out;
}

// How the controllers may have seen the actions of a step, which the recorder sent without waiting.
enum class Pace : std::uint8_t {
  kAllAtOnce,  // they synced once all had been sent
  kOneByOne,   // they synced after each
  kBehind,     // all had been sent, but they received one event after another
  kOneBehind,  // when each was sent they had received the event of the one before it
};

sim::SimulationOptions OptionsFor(const Value& line, HeldWatch*& watch) {
  sim::SimulationOptions options;
  options.engine.jobsets.gates = GatesOf(line);
  options.watch = [&watch](world::Watcher& downstream) {
    auto made = std::make_unique<HeldWatch>(downstream);
    watch = made.get();
    return made;
  };
  return options;
}

class JobSetReplay {
 public:
  // `paces` by step, counted from 1; for other steps kAllAtOnce.
  JobSetReplay(const Value& line, const std::map<std::size_t, Pace>& paces, model::KubernetesVersion version)
      : line_(line), paces_(paces), cluster_(OptionsFor(line, watch_), version) {
    for (int node = 1; node <= 9; ++node) {
      cluster_.sim().store().SetNode(Cat("n", node), {{"rack", Cat("r", (node + 2) / 3)}});
    }
  }

  // The first step that differs; 0: none, or the difference is not in a step.
  std::size_t differing_step() const { return differing_step_; }

  Outcome Run() {
    if (const Status created = cluster_.CreateJobSet(line_["jobset"]); !created.ok()) {
      return Outcome::Of({{"1", "$.jobset", "accepted", created.error().message}});
    }
    if (const Value* defaulted = line_.Find("defaulted")) {
      step_ = "1";
      CompareWhole("defaulted", *defaulted, ToValue(*cluster_.jobset()));
    }
    std::size_t number = 0;
    for (const Value& step : line_["steps"].items()) {
      step_ = Cat(differing_step_ = ++number);
      if (!DoAll(step["do"], paces_.contains(number) ? paces_.at(number) : Pace::kAllAtOnce)) {
        return Outcome::Of(std::move(differences_));
      }
      Quiet();
      NameNewPods();
      Compare(step["then"]);
      if (differences_.empty()) {
        for (Difference& difference : DifferencesOfExplanation(step_, cluster_.sim())) {
          differences_.push_back(std::move(difference));
        }
      }
      if (!differences_.empty()) return Outcome::Of(std::move(differences_));
    }
    differing_step_ = 0;
    CompareEvents();
    return Outcome::Of(std::move(differences_));
  }

 private:
  void Quiet() {
    if (!cluster_.sim().RunUntilQuiet(cluster_.sim().Now() + kLongestQuiet)) Differ("$", "quiet", "never quiet");
  }

  bool DoAll(const Value& actions, Pace pace) {
    const auto look = [this] {
      watch_->ReleasePortion();
      cluster_.sim().RunUntil(cluster_.sim().Now() + kGlance);
    };
    const bool held = pace == Pace::kBehind || pace == Pace::kOneBehind;
    if (held) watch_->Hold();
    for (std::size_t i = 0; i < actions.size(); ++i) {
      if (!Do(actions[i])) return false;
      if (pace == Pace::kOneByOne) Quiet();
      if (held) watch_->Mark();
      if (pace == Pace::kOneBehind && i > 0) look();
    }
    for (std::size_t i = 0; pace == Pace::kBehind && i < actions.size(); ++i) look();
    watch_->ReleaseAll();
    return true;
  }

  bool Do(const Value& action) {
    const std::string& op = action["op"].AsText();
    const std::string& kind = action["kind"].AsText();
    const std::string pod = action["pod"].IsString() ? names_.Ours(action["pod"].AsText()) : "";
    Status done = Error{Cat("no pod of ours corresponds to ", action["pod"].AsText())};
    if (op == "patch" && kind == "JobSet") {
      done = cluster_.PatchJobSet(action["name"].AsText(), action["patch"]);
    } else if (op == "patch" && kind == "Pod") {
      done = cluster_.PatchPod(names_.Ours(action["name"].AsText()), action["patch"]);
    } else if (op == "deleteJob") {
      done = cluster_.DeleteJob(action["name"].AsText());
    } else if (pod.empty()) {
    } else if (op == "bind") {
      done = cluster_.Bind(pod, action["node"].AsText());
    } else if (op == "status") {
      done = cluster_.PatchPodStatus(pod, action["patch"]["status"]);
    } else if (op == "delete") {
      done = cluster_.Delete(pod);
    } else if (op == "remove") {
      // The last finalizer may already be gone, and the pod with it.
      done = Ok();
      if (cluster_.sim().store().FindPod({std::string(kNamespace), pod}) != nullptr) done = cluster_.Remove(pod);
    } else {
      done = Error{Cat("unknown op ", op)};
    }
    const Value* rejected = action.Find("rejected");
    if (rejected != nullptr) {
      const std::string answer = done.ok() ? "accepted" : done.error().message;
      if (answer != rejected->AsText()) Differ("$.do.rejected", rejected->AsText(), answer);
      return answer == rejected->AsText();
    }
    if (!done.ok()) Differ("$.do", Cat(op, " succeeds"), done.error().message);
    return done.ok();
  }

  static std::string OwnerOf(const core::Pod& pod) {
    const meta::OwnerReference* owner = pod.metadata.Controller();
    return owner != nullptr ? owner->name : std::string();
  }

  void NameNewPods() {
    std::vector<PodNames::Created> created;
    for (const core::Pod& pod : cluster_.TakeCreated()) {
      // A pod that was created and removed within a step is in no snapshot and has no name.
      const core::Pod* now = cluster_.sim().store().FindPod(meta::KeyOf(pod.metadata));
      if (now == nullptr || now->metadata.uid != pod.metadata.uid) continue;
      const SharedString* index = pod.metadata.annotations.Find(batch::kCompletionIndex);
      created.push_back({pod.metadata.name.str(), index != nullptr ? index->str() : "", OwnerOf(pod)});
    }
    names_.AddStep(std::move(created));
  }

  Value ShowPod(const core::Pod& pod) const {
    Value out = Cluster::Show(pod);
    if (const Value* index = out.Find("index")) out.Set("index", Value::Number(index->AsText()));
    out.Set("job", Value::String(OwnerOf(pod)));
    if (Value selector = Selector(*pod.spec); selector.size() > 0) out.Set("nodeSelector", std::move(selector));
    return out;
  }

  static Value Selector(const core::PodSpec& spec) { return WithRecordedNamespace(model::ToValue(spec.node_selector)); }

  // For values of the form NAMESPACE_JOB.
  static Value WithRecordedNamespace(const Value& selector) {
    Value out = Value::MakeObject();
    const std::string ours = Cat(kNamespace, "_");
    for (const Value::Member& member : selector.members()) {
      const std::string& value = member.value.AsText();
      out.Set(member.key, Value::String(value.starts_with(ours) ? Cat("NS_", value.substr(ours.size())) : value));
    }
    return out;
  }

  // Keys of the JobSet's domain, without that prefix.
  static Value DomainKeys(const meta::Labels& labels, const meta::Uid& uid) {
    Value out = Value::MakeObject();
    for (const auto& [key, value] : labels.All()) {
      if (key.view().starts_with("alpha.jobset.sigs.k8s.io/")) out.Set(key.view(), Value::String(value.str()));
      if (!key.view().starts_with(kDomain)) continue;
      const std::string_view name = key.view().substr(kDomain.size());
      out.Set(name, Value::String(name == "job-key" ? "KEY" : value == uid ? "UID" : value.str()));
    }
    return out;
  }

  Value ShowJob(const batch::Job& job) {
    const meta::Uid uid = cluster_.jobset() != nullptr ? cluster_.jobset()->metadata.uid : meta::Uid();
    Value out = Value::MakeObject();
    const bool fresh = known_jobs_.insert(job.metadata.uid).second;
    Value labels = DomainKeys(job.metadata.labels, uid);
    Value annotations = DomainKeys(job.metadata.annotations, uid);
    if (fresh && !(labels == annotations)) out.Set("annotations", std::move(annotations));
    if (fresh) {
      out.Set("new", Value::Bool(true));
      Value& last = last_labels_[job.metadata.name.str()];
      Value shown = Value::MakeObject();
      for (const Value::Member& label : labels.members()) {
        if (!(last[label.key] == label.value)) shown.Set(label.key, label.value);
      }
      if (shown.size() > 0) out.Set("labels", shown);
      last = std::move(labels);
    }
    const batch::JobSpec& spec = *job.spec;
    if (spec.suspended()) out.Set("suspended", Value::Bool(true));
    if (job.metadata.deleting()) out.Set("deleting", Value::Bool(true));
    if (spec.parallelism != 1) out.Set("parallelism", model::ToValue(spec.parallelism));
    if (spec.completions != spec.parallelism) out.Set("completions", model::ToValue(spec.completions));
    if (Value selector = Selector(*spec.pod_template.spec); selector.size() > 0) out.Set("nodeSelector", selector);
    out.Set("status", Cluster::ShowStatus(job));
    return out;
  }

  void Compare(const Value& then) {
    std::map<std::string, Value> ours;
    for (const core::Pod* pod : cluster_.sim().store().Pods()) ours[pod->metadata.name.str()] = ShowPod(*pod);
    names_.Match(then["pods"], ours);
    Value pods = Value::MakeObject();
    for (const auto& [name, shown] : ours) {
      if (const std::string recorded = names_.RecordedOf(name); !recorded.empty()) pods.Set(recorded, shown);
    }
    // Pods that can't be distinguished yet are assigned arbitrarily.
    for (const PodNames::Group& group : names_.groups()) {
      for (std::size_t i = 0; i < group.recorded.size(); ++i) {
        if (const auto at = ours.find(group.ours[i]); at != ours.end()) pods.Set(group.recorded[i], at->second);
      }
    }
    Value jobs = Value::MakeObject();
    for (const batch::Job* job : cluster_.sim().store().Jobs()) {
      Value shown = ShowJob(*job);
      NameInMessages(shown.At("status"));
      jobs.Set(job->metadata.name.view(), std::move(shown));
    }
    Value actual = Value::MakeObject();
    Value& jobset = actual.Set("jobset", Value::MakeObject());
    Value status = cluster_.JobSetStatus();
    ForgetVaryingJobs(then["jobset"]["status"], status);
    if (!IsEmptyStatus(status)) jobset.Set("status", std::move(status));
    if (cluster_.jobset() != nullptr && cluster_.jobset()->metadata.deleting()) {
      jobset.Set("deleting", Value::Bool(true));
    }
    actual.Set("jobs", std::move(jobs));
    actual.Set("pods", std::move(pods));
    if (then.Find("services") != nullptr || !cluster_.sim().store().Services().empty()) {
      Value& services = actual.Set("services", Value::MakeArray());
      for (const core::Service* service : cluster_.sim().store().Services()) {
        services.Append(Value::String(service->metadata.name.str()));
      }
    }
    Value expected = then;
    for (const Value::Member& job : then["jobSpecs"].members()) {
      const batch::Job* found = cluster_.sim().store().FindJob({std::string(kNamespace), job.key});
      CompareWhole("jobSpecs", job.value, found != nullptr ? WithoutType(ToValue(*found)) : Value());
    }
    for (const Value::Member& service : then["serviceSpecs"].members()) {
      const core::Service* found = cluster_.sim().store().FindService({std::string(kNamespace), service.key});
      CompareWhole("serviceSpecs", service.value, found != nullptr ? WithoutType(ToValue(*found)) : Value());
    }
    expected.Remove("jobSpecs");
    expected.Remove("serviceSpecs");
    if (cluster_.jobset() != nullptr && cluster_.jobset()->status.IsFinished()) {
      ForgetStartup(expected);
      ForgetStartup(actual);
    }
    for (Difference& difference : DifferencesAt(step_, expected, actual)) differences_.push_back(std::move(difference));
  }

  static Value WithoutType(Value object) {
    object.Remove("apiVersion");
    object.Remove("kind");
    return object;
  }

  // Complete objects, as the recorder writes them: without status, and with values that depend on the cluster hidden.
  void CompareWhole(std::string_view member, const Value& expected, Value actual) {
    actual.Remove("status");
    if (actual.Find("metadata") != nullptr) {
      actual.At("metadata").Remove("resourceVersion");
      actual.At("metadata").Set("creationTimestamp", Value::Bool(true));
    }
    HideIdentity(actual);
    for (Difference& difference : DifferencesAt(step_, expected, actual)) {
      difference.path = Cat("$.", member, difference.path.substr(1));
      differences_.push_back(std::move(difference));
    }
  }

  static void HideIdentity(Value& value) {
    if (value.IsArray()) {
      for (Value& item : value.items()) HideIdentity(item);
    }
    if (!value.IsObject()) return;
    for (Value::Member& member : value.members()) {
      HideIdentity(member.value);
      if (member.key == "uid" || member.key.ends_with("-uid")) member.value = Value::String("UID");
      if (member.key == "namespace" && member.value.AsText() == kNamespace) member.value = Value::String("NS");
      if (member.key == Cat(kDomain, "job-key")) member.value = Value::String("KEY");
      if (member.key == "nodeSelector") member.value = WithRecordedNamespace(member.value);
    }
  }

  // A JobSet that another controller manages has no status.
  static bool IsEmptyStatus(const Value& status) {
    return status.IsNull() || (status["conditions"].IsNull() && status["replicatedJobsStatus"].IsNull());
  }

  // Whether a controller saw the moment between a Job's `ready` falling and its `succeeded` rising is chance.
  static void ForgetStartup(Value& snapshot) {
    Value* conditions = snapshot.At("jobset").At("status").Find("conditions");
    if (conditions == nullptr) return;
    for (Value& condition : conditions->items()) {
      if (condition["type"].AsText().starts_with("StartupPolicy")) condition.Remove("status");
    }
  }

  void NameInMessages(Value& status) const {
    Value* conditions = status.Find("conditions");
    if (conditions == nullptr) return;
    for (Value& condition : conditions->items()) {
      if (Value* message = condition.Find("message")) *message = Value::String(Recorded(message->AsText()));
    }
  }

  // With the recorder's names for pods and the namespace.
  std::string Recorded(std::string text) const {
    text = names_.Recorded(std::move(text));
    const std::string ours = Cat(kNamespace, "/");
    if (const std::size_t at = text.find(ours); at != std::string::npos) text.replace(at, ours.size(), "NS/");
    return text;
  }

  // For two Jobs that failed in one step, of which the recordings named one or the other.
  static std::string WithAnyJob(const std::string& text) {
    constexpr std::string_view kBecause = "(first failed job: ";
    const std::size_t at = text.find(kBecause);
    return at == std::string::npos ? text : Cat(text.substr(0, at), kBecause, "*)");
  }
  static void ForgetVaryingJobs(const Value& expected, Value& actual) {
    Value* conditions = actual.Find("conditions");
    if (conditions == nullptr) return;
    for (std::size_t i = 0; i < conditions->size(); ++i) {
      Value* message = conditions->items()[i].Find("message");
      if (message == nullptr || !expected["conditions"][i]["message"].AsText().ends_with("job: *)")) continue;
      *message = Value::String(WithAnyJob(message->AsText()));
    }
  }

  void CompareEvents() {
    names_.BindRest();
    std::set<std::string> expected;
    std::set<std::string> actual;
    for (const Value& event : line_["events"].items()) {
      expected.insert(Cat(event["type"].AsText(), " ", event["reason"].AsText(), ": ", event["message"].AsText()));
    }
    const world::Subject subject{world::Kind::kJobSet,
                                 {std::string(kNamespace), line_["jobset"]["metadata"]["name"].AsText()}};
    for (const world::Event& event : cluster_.sim().store().events().About(subject)) {
      const std::string text = Cat(event.warning ? "Warning" : "Normal", " ", event.reason, ": ");
      const std::string message = Recorded(event.message);
      const std::string varying = Cat(text, WithAnyJob(message));
      actual.insert(expected.contains(varying) ? varying : Cat(text, message));
    }
    step_ = "events";
    for (const std::string& event : expected) {
      if (!actual.contains(event)) Differ("$.events", event, "(absent)");
    }
    for (const std::string& event : actual) {
      if (!expected.contains(event)) Differ("$.events", "(absent)", event);
    }
  }

  void Differ(std::string path, std::string expected, std::string actual) {
    differences_.push_back({step_, std::move(path), std::move(expected), std::move(actual)});
  }

  const Value& line_;
  const std::map<std::size_t, Pace>& paces_;
  std::size_t differing_step_ = 0;
  HeldWatch* watch_ = nullptr;
  Cluster cluster_;
  PodNames names_;
  std::set<meta::Uid> known_jobs_;
  std::map<std::string, Value> last_labels_;
  std::string step_;
  std::vector<Difference> differences_;
};

}  // namespace

// Each pace is tried before a step counts as different.
Outcome ReplayJobSetHistory(const Value& line, model::KubernetesVersion version) {
  std::map<std::size_t, Pace> paces;
  Outcome first;
  for (;;) {
    JobSetReplay replay(line, paces, version);
    Outcome outcome = replay.Run();
    if (outcome.kind == Outcome::Kind::kPassed) return outcome;
    const std::size_t step = replay.differing_step();
    const auto tried = paces.find(step);
    if (tried == paces.end()) first = std::move(outcome);
    if (step == 0 || line["steps"][step - 1]["do"].size() < 2) return first;
    if (tried == paces.end()) {
      paces[step] = Pace::kOneByOne;
    } else if (tried->second != Pace::kOneBehind) {
      tried->second = static_cast<Pace>(static_cast<std::uint8_t>(tried->second) + 1);
    } else {
      return first;
    }
  }
}

}  // namespace reprieve::oracle
