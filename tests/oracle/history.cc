// Replays the history of one Job: jobs.jsonl.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "oracle/cluster.h"
#include "oracle/compare.h"
#include "oracle/explained.h"
#include "oracle/pod_names.h"
#include "oracle/replay.h"

namespace reprieve::oracle {
namespace {

using document::Value;

// The recorder shortened waits to 20 ms, which changes no outcome; here they cost nothing. A Job that is not quiet
// after a year never will be.
constexpr auto kLongestQuiet = std::chrono::hours(24 * 365);

class HistoryReplay {
 public:
  // In steps of `at_once` the controller syncs after all actions; in others after each.
  HistoryReplay(const Value& line, const std::set<std::size_t>& at_once, model::KubernetesVersion version)
      : line_(line), at_once_(at_once), cluster_({}, version) {}

  // The first step that differs; 0: none, or the difference is not in a step.
  std::size_t differing_step() const { return differing_step_; }

  Outcome Run() {
    if (const Status created = cluster_.CreateJob(line_["job"]); !created.ok()) {
      return Outcome::Of({{"1", "$.job", "accepted", created.error().message}});
    }
    std::size_t number = 0;
    for (const Value& step : line_["steps"].items()) {
      step_ = Cat(differing_step_ = ++number);
      for (const Value& action : step["do"].items()) {
        if (!Do(action)) return Outcome::Of(std::move(differences_));
        if (!at_once_.contains(number)) Quiet();
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
    CompareCreated();
    return Outcome::Of(std::move(differences_));
  }

 private:
  void Quiet() {
    if (!cluster_.sim().RunUntilQuiet(cluster_.sim().Now() + kLongestQuiet)) Differ("$", "quiet", "never quiet");
  }

  bool Do(const Value& action) {
    const std::string& op = action["op"].AsText();
    const std::string pod = action["pod"].IsString() ? names_.Ours(action["pod"].AsText()) : "";
    Status done = Error{Cat("no pod of ours corresponds to ", action["pod"].AsText())};
    if (op == "patch") {
      done = cluster_.PatchJob(action["name"].AsText(), action["patch"]);
    } else if (pod.empty()) {
    } else if (op == "bind") {
      done = cluster_.Bind(pod, action["node"].AsText());
    } else if (op == "status") {
      done = cluster_.PatchPodStatus(pod, action["patch"]);
    } else if (op == "delete") {
      done = cluster_.Delete(pod);
    } else if (op == "remove") {
      // The last finalizer may already be gone, and the pod with it.
      done = Ok();
      if (cluster_.sim().store().FindPod({std::string(kNamespace), pod}) != nullptr) done = cluster_.Remove(pod);
    } else {
      done = Error{Cat("unknown op ", op)};
    }
    if (!done.ok()) Differ("$.do", Cat(op, " succeeds"), done.error().message);
    return done.ok();
  }

  void NameNewPods() {
    std::vector<PodNames::Created> created;
    for (const core::Pod& pod : cluster_.TakeCreated()) {
      const SharedString* index = pod.metadata.annotations.Find(batch::kCompletionIndex);
      created.push_back({pod.metadata.name.str(), index != nullptr ? index->str() : ""});
      stored_[pod.metadata.name.str()] = pod;
    }
    names_.AddStep(std::move(created));
  }

  // The complete first pod, as the server stored it.
  void CompareCreated() {
    const Value* expected = line_.Find("created");
    if (expected == nullptr) return;
    Value actual = ToValue(stored_[names_.Ours("p1")]);
    for (const char* name : {"apiVersion", "kind", "status"}) actual.Remove(name);
    Value& metadata = actual.At("metadata");
    for (const char* name : {"uid", "resourceVersion", "creationTimestamp"}) metadata.Remove(name);
    metadata.Set("name", Value::String("p1"));
    HideUids(actual, cluster_.job()->metadata.uid.str());
    step_ = "created";
    for (Difference& difference : DifferencesAt(step_, *expected, actual))
      differences_.push_back(std::move(difference));
  }

  static void HideUids(Value& value, const std::string& uid) {
    if (value.IsString() && value.AsText() == uid) value = Value::String("UID");
    if (value.IsArray()) {
      for (Value& item : value.items()) HideUids(item, uid);
    }
    if (value.IsObject()) {
      for (Value::Member& member : value.members()) HideUids(member.value, uid);
    }
  }

  void Compare(const Value& then) {
    std::map<std::string, Value> ours;
    for (const core::Pod* pod : cluster_.sim().store().Pods()) ours[pod->metadata.name.str()] = Cluster::Show(*pod);
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
    Value actual = Value::MakeObject();
    Value& job = actual.Set("job", Value::MakeObject());
    Value status = cluster_.JobStatus();
    NameInMessages(status);
    job.Set("status", std::move(status));
    actual.Set("pods", std::move(pods));
    for (Difference& difference : DifferencesAt(step_, then, actual)) differences_.push_back(std::move(difference));
  }

  void NameInMessages(Value& status) const {
    Value* conditions = status.Find("conditions");
    if (conditions == nullptr) return;
    for (Value& condition : conditions->items()) {
      if (Value* message = condition.Find("message")) *message = Value::String(names_.Recorded(message->AsText()));
    }
  }

  void CompareEvents() {
    names_.BindRest();
    std::set<std::string> expected;
    std::set<std::string> actual;
    for (const Value& event : line_["events"].items()) {
      expected.insert(Cat(event["type"].AsText(), " ", event["reason"].AsText(), ": ", event["message"].AsText()));
    }
    if (const batch::Job* job = cluster_.job()) {
      for (const world::Event& event :
           cluster_.sim().store().events().About({world::Kind::kJob, meta::KeyOf(job->metadata)})) {
        actual.insert(
            Cat(event.warning ? "Warning" : "Normal", " ", event.reason, ": ", names_.Recorded(event.message)));
      }
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
  const std::set<std::size_t>& at_once_;
  std::size_t differing_step_ = 0;
  Cluster cluster_;
  PodNames names_;
  std::map<std::string, core::Pod> stored_;  // as created, by our name
  std::string step_;
  std::vector<Difference> differences_;
};

}  // namespace

// Whether the recorder's controller synced between two actions of a step is chance, and both results are correct. Both
// are tried before a step counts as different.
Outcome ReplayHistory(const Value& line, model::KubernetesVersion version) {
  std::set<std::size_t> at_once;
  for (;;) {
    HistoryReplay replay(line, at_once, version);
    Outcome outcome = replay.Run();
    if (outcome.kind == Outcome::Kind::kPassed) return outcome;
    const std::size_t step = replay.differing_step();
    if (step == 0 || !at_once.insert(step).second || line["steps"][step - 1]["do"].size() < 2) {
      return outcome;
    }
  }
}

}  // namespace reprieve::oracle
