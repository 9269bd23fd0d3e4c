#include "oracle/explained.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "document/json.h"
#include "report/explanation.h"

namespace reprieve::oracle {
namespace {

using document::Value;
using report::Entry;

constexpr std::string_view kEnds = ", ends";

std::string RuleOf(const world::Verdict& verdict) {
  return Cat(verdict.action, verdict.rule ? Cat(" by rule ", verdict.rule->index) : std::string(),
             verdict.ends ? kEnds : "");
}

class Comparison {
 public:
  Comparison(const std::string& step, sim::Simulation& sim) : step_(step), sim_(sim), told_(sim.ledger().verdicts()) {}

  std::vector<Difference> Run() {
    report::ObjectsReader reader;
    const store::Store& store = sim_.store();
    for (const jobset::JobSet* jobset : store.JobSets()) Read(reader, ToValue(*jobset));
    for (const batch::Job* job : store.Jobs()) Read(reader, ToValue(*job));
    for (const core::Pod* pod : store.Pods()) Read(reader, ToValue(*pod));
    const report::Objects objects = reader.Take();
    const report::Explanation explanation = report::Explain(objects, sim_.Now(), report::NowSource::kFlag);
    for (const report::Subject& subject : explanation.subjects) {
      for (const Entry& entry : subject.chain) Note(entry.verdict.get(), &entry);
    }
    for (const core::Pod* pod : store.Pods()) ComparePod(*pod);
    for (const batch::Job* job : store.Jobs()) CompareEnd(*job);
    for (const jobset::JobSet* jobset : store.JobSets()) {
      CompareEnd(*jobset);
      CompareRestarts(*jobset, explanation);
    }
    return std::move(out_);
  }

 private:
  void Read(report::ObjectsReader& reader, const Value& object) {
    const auto parsed = document::ParseJson(document::WriteJson(object));
    if (const auto unreadable = reader.Add(*parsed, "dump"))
      Differ(object["metadata"], "readable", unreadable->message);
  }

  // Of an entry, and of the verdicts that stand within it.
  void Note(const world::Verdict* verdict, const Entry* entry) {
    if (entry != nullptr && !entry->pod.empty()) entries_[entry->pod] = entry;
    for (; verdict != nullptr; verdict = verdict->cause.get()) {
      if (!verdict->jobset.empty()) {
        if (verdict->ends) jobset_ends_[verdict->jobset.str()] = verdict;
        if (verdict->restart) restarts_[verdict->jobset.str()].insert(verdict->job.str());
      } else {
        if (!verdict->pod.empty()) verdicts_[verdict->pod.str()] = verdict;
        if (verdict->ends) job_ends_[verdict->job.str()] = verdict;
      }
    }
  }

  void ComparePod(const core::Pod& pod) {
    const std::string name = pod.metadata.name.str();
    const meta::OwnerReference* owner = pod.metadata.Controller();
    if (owner == nullptr || pod.status.phase != core::PodPhase::kFailed) return;
    const auto entry = entries_.find(name);
    const auto verdict = verdicts_.find(name);
    const bool unjudged = entry != entries_.end() && entry->second->verdict == nullptr;
    if (verdict == verdicts_.end() && (!unjudged || entry->second->unjudged.empty())) {
      return Differ(pod, "a verdict, or why there is none", "(absent)");
    }
    const world::Verdict* decided = nullptr;
    for (const world::Verdict* each : told_) {
      if (each->jobset.empty() && each->pod == name) decided = each;
    }
    if (decided == nullptr) return;
    if (verdict == verdicts_.end()) return Differ(pod, RuleOf(*decided), Cat("not judged: ", entry->second->unjudged));
    std::string expected = RuleOf(*decided);
    // With pods gone it is not known which failure went beyond the limit.
    if (decided->ends && !verdict->second->ends && SomeAreGone(owner->uid)) {
      expected = expected.substr(0, expected.size() - kEnds.size());
    }
    if (expected != RuleOf(*verdict->second)) Differ(pod, expected, RuleOf(*verdict->second));
  }

  // The Job's status counts more failures than there are pods that could have failed.
  bool SomeAreGone(const meta::Uid& job_uid) const {
    std::int64_t here = 0;
    for (const core::Pod* pod : sim_.store().Pods()) {
      const meta::OwnerReference* owner = pod->metadata.Controller();
      if (owner == nullptr || owner->uid != job_uid || pod->status.phase != core::PodPhase::kFailed) continue;
      const bool ignored = std::any_of(told_.begin(), told_.end(), [pod](const world::Verdict* verdict) {
        return verdict->pod == pod->metadata.name && verdict->action == "Ignore";
      });
      if (!ignored) ++here;
    }
    for (const batch::Job* job : sim_.store().Jobs()) {
      if (job->metadata.uid == job_uid) return job->status.failed > here;
    }
    return false;
  }

  void CompareEnd(const batch::Job& job) {
    const batch::JobCondition* failed = job.status.FindCondition("Failed");
    if (failed == nullptr || failed->status != "True") return;
    const auto end = job_ends_.find(job.metadata.name.str());
    if (end == job_ends_.end()) return Differ(job, failed->reason, "(absent)");
    if (!end->second->consequence.view().ends_with(failed->reason)) {
      Differ(job, failed->reason, end->second->consequence.str());
    }
  }

  void CompareEnd(const jobset::JobSet& jobset) {
    const jobset::Condition* failed = jobset.status.FindCondition("Failed");
    if (failed == nullptr || failed->status != "True") return;
    const auto end = jobset_ends_.find(jobset.metadata.name.str());
    if (end == jobset_ends_.end()) return Differ(jobset, failed->reason, "(absent)");
    const world::Verdict* decided = nullptr;
    for (const world::Verdict* each : told_) {
      if (each->jobset == jobset.metadata.name && each->ends) decided = each;
    }
    if (decided == nullptr || end->second->job.empty()) return;  // its Jobs are gone
    if (RuleOf(*decided) != RuleOf(*end->second)) Differ(jobset, RuleOf(*decided), RuleOf(*end->second));
  }

  // Each restart that was decided is told, or said to be unknown, or its failed Job is gone.
  void CompareRestarts(const jobset::JobSet& jobset, const report::Explanation& explanation) {
    std::int64_t decided = 0;
    for (const world::Verdict* each : told_) {
      if (each->jobset != jobset.metadata.name || !each->restart || each->restart->one_job) continue;
      ++decided;
    }
    if (decided == 0) return;
    const std::string name = jobset.metadata.name.str();
    for (const report::Subject& subject : explanation.subjects) {
      if (subject.kind != "JobSet" || subject.name != name) continue;
      const bool told = restarts_.contains(name);
      const bool unknown = std::any_of(subject.unknown.begin(), subject.unknown.end(), [](const std::string& line) {
        return line.starts_with("why ") && line.find("restart") != std::string::npos;
      });
      if (!told && !unknown) Differ(jobset, Cat(decided, " restarts, told or unknown"), "(absent)");
    }
  }

  template <class Object>
  void Differ(const Object& object, std::string expected, std::string actual) {
    out_.push_back({step_, Cat("$.explain.", object.metadata.name), std::move(expected), std::move(actual)});
  }
  void Differ(const Value& metadata, std::string expected, std::string actual) {
    out_.push_back({step_, Cat("$.explain.", metadata["name"].AsText()), std::move(expected), std::move(actual)});
  }

  const std::string& step_;
  sim::Simulation& sim_;
  const std::vector<const world::Verdict*> told_;
  std::map<std::string, const Entry*> entries_;            // by pod
  std::map<std::string, const world::Verdict*> verdicts_;  // by pod
  std::map<std::string, std::set<std::string>> restarts_;  // of JobSets: the Jobs that they are about
  std::map<std::string, const world::Verdict*> job_ends_, jobset_ends_;
  std::vector<Difference> out_;
};

}  // namespace

std::vector<Difference> DifferencesOfExplanation(const std::string& step, sim::Simulation& sim) {
  return Comparison(step, sim).Run();
}

}  // namespace reprieve::oracle
