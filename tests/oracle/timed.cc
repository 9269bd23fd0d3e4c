// Replays the history of one Job by the clock: timed.jsonl.
#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.h"
#include "oracle/cluster.h"
#include "oracle/compare.h"
#include "oracle/replay.h"
#include "sim/scripted_kubelet.h"

namespace reprieve::oracle {
namespace {

using document::Value;

// Two recordings agree within 1.6 s, and more is owed to whole seconds, gathered events and the observer
// (tests/oracle/README.md).
constexpr double kTolerance = 2.5;
// The observer does not see what comes and goes between two of its polls.
constexpr Nanoseconds kObserverLooksEvery = std::chrono::milliseconds(50);

// The recorder's player notices new pods at its next poll, and then sends one request after another.
constexpr Nanoseconds kPlayerIsLateBy = std::chrono::milliseconds(100);
constexpr Nanoseconds kLaterPerPod = std::chrono::milliseconds(10);

double SecondsOf(const Value& value) {
  return std::strtod(value.AsText().c_str(), nullptr);
}
Nanoseconds DurationOf(const Value& value) {
  return std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(SecondsOf(value)));
}

class TimedReplay final : public world::Watcher {
 public:
  TimedReplay(const Value& line, model::KubernetesVersion version)
      : line_(line),
        cluster_({}, version),
        kubelet_(cluster_.sim(), [this](const core::Pod&) { return Script(); }),
        start_(cluster_.sim().Now()) {
    cluster_.sim().store().AddWatcher(this);
  }
  ~TimedReplay() override { cluster_.sim().store().RemoveWatcher(this); }

  Outcome Run() {
    if (const Status created = cluster_.CreateJob(line_["job"]); !created.ok()) {
      return Outcome::Of({{"", "$.job", "accepted", created.error().message}});
    }
    const std::string name = line_["job"]["metadata"]["name"].AsText();
    for (const Value& change : line_["user"].items()) {
      cluster_.sim().agenda().At(start_ + DurationOf(change["at"]), [this, name, &change] {
        const Status done = cluster_.PatchJob(name, change["patch"]);
        if (!done.ok()) differences_.push_back({"", "$.user", "accepted", done.error().message});
      });
    }
    cluster_.sim().RunUntil(start_ + DurationOf(line_["until"]));
    // For a Job that is gone, its last state.
    const Value status = cluster_.job() != nullptr ? cluster_.JobStatus() : last_status_;
    for (Difference& difference : Differences(line_["status"], status, "$.status")) {
      differences_.push_back(std::move(difference));
    }
    CompareSeen();
    return Outcome::Of(std::move(differences_));
  }

  void JobChanged(const batch::Job& job) override {
    if (cluster_.job() != nullptr) last_status_ = cluster_.JobStatus();
    for (const batch::JobCondition& condition : job.status.conditions) {
      std::string& last = conditions_[condition.type];
      std::string now = Cat(condition.status, " ", condition.reason);
      if (last == now) continue;
      last = std::move(now);
      See(Cat("condition ", condition.type, " ", last));
    }
  }
  void JobDeleted(const batch::Job&) override { See("job gone"); }
  void PodChanged(const core::Pod& pod) override {
    const auto [at, fresh] = pods_.try_emplace(pod.metadata.uid, false);
    if (fresh) See(Cat("created ", IndexOf(pod)));
    if (!pod.metadata.deleting() || at->second) return;
    at->second = true;
    cluster_.sim().After(kObserverLooksEvery, [this, uid = pod.metadata.uid, index = IndexOf(pod)] {
      if (pods_.contains(uid)) See(Cat("deleting ", index));
    });
  }
  void PodDeleted(const core::Pod& pod) override {
    pods_.erase(pod.metadata.uid);
    See(Cat("gone ", IndexOf(pod)));
  }

 private:
  // An observation of a pod has an index only if the pod was created with one.
  static std::string IndexOf(const core::Pod& pod) {
    const SharedString* index = pod.metadata.annotations.Find(batch::kCompletionIndex);
    return index != nullptr ? index->str() : "";
  }

  sim::PodScript Script() {
    const std::size_t last = line_["pods"].size() - 1;
    const Nanoseconds late = kPlayerIsLateBy + kLaterPerPod * static_cast<int>(created_);
    const Value& life = line_["pods"][std::min(created_++, last)];
    sim::PodScript script;
    script.bound = Nanoseconds(0);
    if (!life["run"].IsNull()) script.running = DurationOf(life["run"]) + late;
    if (!life["end"].IsNull()) {
      script.ended = DurationOf(life["end"]) + late;
      script.end = [this, &life](const core::Pod&, core::PodStatus& status) {
        PatchStatus(status, life["status"], cluster_.sim().Now());
      };
    }
    return script;
  }

  void See(std::string what) {
    seen_[std::move(what)].push_back(std::chrono::duration<double>(cluster_.sim().Now() - start_).count());
  }

  // Compares the n-th of each kind, within the tolerance.
  void CompareSeen() {
    std::map<std::string, std::string> index_of;
    std::map<std::string, std::vector<double>> expected;
    for (const Value& entry : line_["seen"].items()) {
      std::string what;
      if (const Value* condition = entry.Find("condition")) {
        what = Cat("condition ", condition->AsText(), " ", entry["status"].AsText(), " ", entry["reason"].AsText());
      } else if (entry.Find("pod") != nullptr) {
        std::string& index = index_of[entry["pod"].AsText()];
        if (const Value* own = entry.Find("index")) index = own->AsText();
        what = Cat(entry["what"].AsText(), " ", index);
      } else {
        what = entry["what"].AsText();
      }
      expected[what].push_back(SecondsOf(entry["at"]));
    }
    for (auto* all : {&expected, &seen_}) {
      for (auto& [what, times] : *all) std::sort(times.begin(), times.end());
    }
    for (const auto& [what, times] : expected) CompareTimes(what, times, seen_[what]);
    for (const auto& [what, times] : seen_) {
      if (!expected.contains(what)) CompareTimes(what, {}, times);
    }
  }

  void CompareTimes(const std::string& what, const std::vector<double>& expected, const std::vector<double>& actual) {
    bool same = expected.size() == actual.size();
    for (std::size_t i = 0; same && i < expected.size(); ++i) same = std::abs(expected[i] - actual[i]) <= kTolerance;
    if (!same) differences_.push_back({"", Cat("$.seen ", what), Text(expected), Text(actual)});
  }

  static std::string Text(const std::vector<double>& times) {
    std::string out;
    for (const double time : times) {
      char buffer[32];
      std::snprintf(buffer, sizeof buffer, "%s%.1fs", out.empty() ? "at " : ", ", time);
      out += buffer;
    }
    return out.empty() ? "(absent)" : out;
  }

  const Value& line_;
  Cluster cluster_;
  sim::ScriptedKubelet kubelet_;
  Time start_;
  std::size_t created_ = 0;
  Value last_status_;
  std::map<std::string, std::string> conditions_;
  std::map<meta::Uid, bool> pods_;  // seen deleting
  std::map<std::string, std::vector<double>> seen_;
  std::vector<Difference> differences_;
};

}  // namespace

Outcome ReplayTimed(const Value& line, model::KubernetesVersion version) {
  return TimedReplay(line, version).Run();
}

}  // namespace reprieve::oracle
