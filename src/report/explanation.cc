#include "report/explanation.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "report/job_history.h"
#include "report/jobset_history.h"
#include "report/next.h"

namespace reprieve::report {
namespace {

constexpr std::size_t kMostOrphans = 10;

using Pods = std::vector<const core::Pod*>;

struct KnownJob {
  const batch::Job* job = nullptr;
  Pods pods;
  JobHistory history;
};

std::string Plural(std::int64_t count, std::string_view one) {
  return Cat(count, " ", one, count == 1 ? "" : "s");
}

std::string After(const std::optional<Time>& start, Time end) {
  return start && end > *start ? Cat(" after ", HumanDuration(end - *start)) : std::string();
}

class Explainer {
 public:
  Explainer(const Objects& objects, Time now) : objects_(objects), now_(now) {}

  void Run(Explanation& out) {
    for (const batch::Job& job : objects_.jobs) {
      jobs_.emplace(job.metadata.uid, KnownJob{&job, {}, {}});
    }
    ShareOutPods(out);
    for (const batch::Job& job : objects_.jobs) {
      KnownJob& known = jobs_.at(job.metadata.uid);
      known.history = HistoryOf(job, known.pods);
    }
    if (objects_.recorded) TakeRecorded();
    for (const jobset::JobSet& jobset : objects_.jobsets) out.subjects.push_back(ExplainJobSet(jobset));
    for (const batch::Job& job : objects_.jobs) {
      if (!told_.contains(job.metadata.uid)) out.subjects.push_back(ExplainJob(jobs_.at(job.metadata.uid), out));
    }
  }

 private:
  // What the run itself decided, with its own back-off, counts for more than what follows from the objects.
  void TakeRecorded() {
    std::map<std::string, std::shared_ptr<const world::Verdict>> of_pods;
    for (const auto& verdict : objects_.recorded->verdicts) {
      if (!verdict->pod.empty()) of_pods[Cat(verdict->namespace_, "/", verdict->pod)] = verdict;
    }
    for (auto& [uid, known] : jobs_) {
      for (PodFailure& failure : known.history.failures) {
        const auto at = of_pods.find(Cat(failure.pod->metadata.namespace_, "/", failure.pod->metadata.name));
        if (at != of_pods.end()) failure.verdict = at->second;
      }
    }
  }

  KnownJob* OwnerOf(const core::Pod& pod) {
    const meta::OwnerReference* owner = pod.metadata.Controller();
    if (owner == nullptr || owner->kind != "Job") return nullptr;
    const auto at =
        jobs_.find(owner->uid.empty() ? meta::Uid(Cat(pod.metadata.namespace_, "/", owner->name)) : owner->uid);
    return at == jobs_.end() ? nullptr : &at->second;
  }

  void ShareOutPods(Explanation& out) {
    std::size_t orphans = 0;
    for (const core::Pod& pod : objects_.pods) {
      if (KnownJob* job = OwnerOf(pod)) {
        job->pods.push_back(&pod);
        continue;
      }
      const meta::OwnerReference* owner = pod.metadata.Controller();
      if (owner == nullptr || owner->kind != "Job" || pod.status.phase != core::PodPhase::kFailed) continue;
      if (++orphans > kMostOrphans) continue;
      out.notes.push_back(Cat("pod ", pod.metadata.name, " ",
                              policy::Describe(policy::FactsOf(pod, policy::PodVerdict{})), "; its Job ", owner->name,
                              " is not among the objects, so there are no rules to judge it by"));
    }
    if (orphans > kMostOrphans) {
      out.notes.push_back(Cat(orphans - kMostOrphans, " more failed pods are of Jobs that are not among the objects"));
    }
  }

  // --- Jobs ---

  Subject ExplainJob(const KnownJob& known, Explanation& out) {
    Subject subject;
    const batch::Job& job = *known.job;
    subject.kind = "Job";
    subject.namespace_ = job.metadata.namespace_.str();
    subject.name = job.metadata.name.str();
    subject.state = StateOf(known.history);
    subject.summary = SummaryOf(known.history);
    AddFacts(known, {}, subject);
    if (objects_.recorded) {
      AddRecorded({&known}, {}, subject);
    } else {
      AddEntries(known.history, {}, subject.chain);
    }
    AddUnknown(known, {}, subject);
    subject.next = Next(known);
    if (const meta::OwnerReference* owner = job.metadata.Controller(); owner != nullptr && owner->kind == "JobSet") {
      out.notes.push_back(Cat("Job ", subject.name, " belongs to JobSet ", owner->name,
                              ", which is not among the objects: what it made of the Job is not known"));
    }
    Sort(subject.chain);
    return subject;
  }

  static State StateOf(const JobHistory& history) {
    const batch::JobStatus& status = history.job->status;
    if (status.IsTrue("Failed")) return State::kFailed;
    if (status.IsTrue("Complete")) return State::kCompleted;
    if (history.end) return State::kEnding;
    return history.job->spec->suspended() ? State::kSuspended : State::kRunning;
  }

  std::string SummaryOf(const JobHistory& history) const {
    const batch::JobStatus& status = history.job->status;
    const auto ended = [&](std::string_view type) {
      const batch::JobCondition* condition = status.FindCondition(type);
      return After(status.start_time, condition->last_transition_time.value_or(now_));
    };
    switch (StateOf(history)) {
      case State::kFailed:
        return Cat("failed", ended("Failed"), ": ", status.FindCondition("Failed")->reason);
      case State::kCompleted: {
        const std::string& reason = status.FindCondition("Complete")->reason;
        return Cat("completed", ended("Complete"), reason.empty() ? "" : Cat(": ", reason));
      }
      case State::kEnding:
        return Cat(IsOver() ? "was " : "is ", history.end->success ? "completing: " : "failing: ", history.end->reason);
      case State::kSuspended:
        return IsOver() ? "was suspended" : "is suspended";
      case State::kRunning:
        if (!status.start_time) return IsOver() ? "had not started" : "has not started";
        return Cat(IsOver() ? "was" : "is", " running, for ",
                   HumanDuration(std::max(Nanoseconds(0), now_ - *status.start_time)));
    }
    return {};
  }

  void AddFacts(const KnownJob& known, const std::string& prefix, Subject& subject) const {
    const batch::JobStatus& status = known.job->status;
    const batch::JobSpec& spec = *known.job->spec;
    std::vector<std::string> pods;
    const auto add = [&pods](std::int64_t count, std::string_view what) {
      if (count > 0) pods.push_back(Cat(count, " ", what));
    };
    add(status.active, "active");
    add(status.terminating.value_or(0), "terminating");
    if (spec.completions) {
      pods.push_back(Cat(status.succeeded, " of ", *spec.completions, " succeeded"));
    } else {
      add(status.succeeded, "succeeded");
    }
    std::string failures = Cat(Plural(known.history.counted, "failure"), " counted");
    if (!spec.backoff_limit_per_index) AppendTo(failures, " (backoffLimit ", spec.backoff_limit.value_or(6), ")");
    pods.push_back(std::move(failures));
    add(known.history.pending, "not counted yet");
    add(known.history.ignored, "ignored");
    subject.facts.push_back(Cat(prefix, Join(pods, " · ")));
    if (spec.backoff_limit_per_index) subject.facts.push_back(Cat(prefix, IndexLimits(known)));
  }

  static std::string IndexLimits(const KnownJob& known) {
    const batch::JobSpec& spec = *known.job->spec;
    const controllers::IndexSet& failed = known.history.failed_indexes;
    std::string out = Cat(failed.empty() ? std::string("no failed index") : Cat("failed indexes ", failed.ToText()),
                          " · backoffLimitPerIndex ", *spec.backoff_limit_per_index);
    if (spec.max_failed_indexes) {
      AppendTo(out, " · maxFailedIndexes ", *spec.max_failed_indexes, ", ", failed.size(), " used");
    }
    return out;
  }

  static Entry EntryOf(const JobHistory& history, const PodFailure& failure) {
    Entry out;
    out.at = failure.at;
    out.job = history.job->metadata.name.str();
    out.pod = failure.pod->metadata.name.str();
    out.verdict = failure.verdict;
    if (failure.verdict) return out;
    const policy::PodVerdict judged = policy::JudgePod(history.job->spec->pod_failure_policy, *failure.pod);
    out.facts = policy::Describe(policy::FactsOf(*failure.pod, judged));
    out.unjudged = failure.unjudged;
    return out;
  }

  // `within`: the verdicts that the JobSet's chain tells already.
  static void AddEntries(const JobHistory& history, const std::set<const world::Verdict*>& within,
                         std::vector<Entry>& out) {
    const std::string job = history.job->metadata.name.str();
    bool end_told = history.ended_by == nullptr || within.contains(history.ended_by.get());
    for (const PodFailure& failure : history.failures) {
      if (failure.verdict && failure.verdict == history.ended_by) end_told = true;
      if (failure.verdict && within.contains(failure.verdict.get())) continue;
      out.push_back(EntryOf(history, failure));
    }
    if (!end_told) out.push_back({history.ended_by->at, job, {}, history.ended_by, {}, {}});
  }

  static void AddUnknown(const KnownJob& known, const std::string& prefix, Subject& subject) {
    const JobHistory& history = known.history;
    if (history.gone > 0) {
      const bool all = history.gone == history.counted;
      std::string who = history.gone == 1 ? "its pod is" : "all their pods are";
      if (!all) who = Cat(history.gone, " of their pods", history.gone == 1 ? " is" : " are");
      subject.unknown.push_back(Cat(prefix, "status counts ", Plural(history.counted, "failure"), "; ", who,
                                    " gone, and with ", history.gone == 1 ? "it" : "them",
                                    " what was seen and which rule decided"));
    }
    controllers::IndexSet without = history.failed_indexes;
    for (const PodFailure& failure : history.failures) without.Erase(failure.index);
    if (!without.empty()) {
      subject.unknown.push_back(Cat(prefix, "why index ", without.ToText(), " failed: no pod of it is left"));
    }
  }

  // --- JobSets ---

  std::vector<const KnownJob*> JobsOf(const jobset::JobSet& jobset) {
    std::vector<const KnownJob*> out;
    for (const batch::Job& job : objects_.jobs) {
      const meta::OwnerReference* owner = job.metadata.Controller();
      if (owner == nullptr || owner->kind != "JobSet" || job.metadata.namespace_ != jobset.metadata.namespace_)
        continue;
      if (owner->uid.empty() ? owner->name != jobset.metadata.name.str() : owner->uid != jobset.metadata.uid) continue;
      out.push_back(&jobs_.at(job.metadata.uid));
    }
    return out;
  }

  Subject ExplainJobSet(const jobset::JobSet& jobset) {
    const std::vector<const KnownJob*> jobs = JobsOf(jobset);
    std::vector<const JobHistory*> histories;
    for (const KnownJob* job : jobs) {
      histories.push_back(&job->history);
      told_.insert(job->job->metadata.uid);
    }
    const JobSetHistory history = HistoryOf(jobset, histories);

    Subject subject;
    subject.kind = "JobSet";
    subject.namespace_ = jobset.metadata.namespace_.str();
    subject.name = jobset.metadata.name.str();
    subject.state = StateOf(jobset);
    subject.summary = SummaryOf(jobset);
    AddFacts(history, subject);
    if (objects_.recorded) {
      AddRecorded(jobs, subject.name, subject);
    } else {
      AddJudged(history, jobs, subject);
    }
    if (!IsDeleted(jobset.metadata) && !IsOver()) subject.next = NextOf(history, now_);
    for (const KnownJob* job : jobs) {
      if (IsDeleted(job->job->metadata)) continue;
      const std::string prefix = Cat("Job ", job->job->metadata.name, ": ");
      AddUnknown(*job, prefix, subject);
      const bool telling = job->history.counted + job->history.pending + job->history.ignored > 0;
      if (telling) AddFacts(*job, prefix, subject);
      if (!telling || jobset.status.IsFinished()) continue;
      for (const std::string& next : Next(*job)) subject.next.push_back(Cat(prefix, next));
    }
    AddUnknown(history, subject);
    Sort(subject.chain);
    return subject;
  }

  std::vector<std::string> Next(const KnownJob& known) const {
    if (IsDeleted(known.job->metadata) || IsOver()) return {};
    return NextOf(known.history, known.pods, now_, objects_.recorded.has_value());
  }

  // A run that is over: nothing comes after it, whatever its objects were about to do.
  bool IsOver() const { return objects_.recorded && !objects_.recorded->live; }

  bool IsDeleted(const meta::ObjectMeta& metadata) const {
    return objects_.recorded && objects_.recorded->deleted.contains(metadata.uid);
  }

  // What the objects still tell.
  static void AddJudged(const JobSetHistory& history, const std::vector<const KnownJob*>& jobs, Subject& subject) {
    std::set<const world::Verdict*> within;
    for (const auto& verdict : history.verdicts) {
      if (verdict->cause) within.insert(verdict->cause.get());
      subject.chain.push_back(
          {verdict->at, {}, {}, verdict, {}, {}, history.last_is_ahead && verdict == history.verdicts.back()});
    }
    for (const KnownJob* job : jobs) AddEntries(job->history, within, subject.chain);
  }

  // What the run has recorded, and failures for which it has no verdict. `jobset`: the name; empty: a Job alone.
  void AddRecorded(const std::vector<const KnownJob*>& jobs, std::string_view jobset, Subject& subject) const {
    std::set<std::string_view> names;
    for (const KnownJob* job : jobs) names.insert(job->job->metadata.name);
    std::set<std::string> judged;  // pods
    std::set<std::string> causes;  // verdicts that a JobSet's tells
    for (const auto& verdict : objects_.recorded->verdicts) {
      if (verdict->jobset == jobset && verdict->cause) causes.insert(IdentityOf(*verdict->cause));
      if (!verdict->pod.empty()) judged.insert(verdict->pod.str());
    }
    for (const auto& verdict : objects_.recorded->verdicts) {
      if (verdict->namespace_ != subject.namespace_) continue;
      const bool of_jobset = !jobset.empty() && verdict->jobset == jobset;
      const bool of_job = verdict->jobset.empty() && names.contains(verdict->job);
      if (!of_jobset && (!of_job || causes.contains(IdentityOf(*verdict)))) continue;
      subject.chain.push_back(
          {verdict->at, of_job ? verdict->job.str() : std::string(), verdict->pod.str(), verdict, {}, {}});
    }
    for (const KnownJob* job : jobs) {
      for (const PodFailure& failure : job->history.failures) {
        if (judged.contains(failure.pod->metadata.name.str())) continue;
        Entry& entry = subject.chain.emplace_back(EntryOf(job->history, failure));
        if (IsOver()) entry.unjudged = "the run ended before the Job controller had judged it";
      }
    }
  }

  static std::string IdentityOf(const world::Verdict& verdict) {
    return Cat(verdict.job, "\n", verdict.pod, "\n", verdict.at.time_since_epoch().count());
  }

  static State StateOf(const jobset::JobSet& jobset) {
    if (jobset.status.IsTrue("Failed")) return State::kFailed;
    if (jobset.status.IsTrue("Completed")) return State::kCompleted;
    return jobset.spec->suspended() ? State::kSuspended : State::kRunning;
  }

  std::string SummaryOf(const jobset::JobSet& jobset) const {
    const std::optional<Time> created = jobset.metadata.creation_timestamp;
    const std::string_view is = IsOver() ? "was" : "is";
    switch (StateOf(jobset)) {
      case State::kFailed: {
        const jobset::Condition* condition = jobset.status.FindCondition("Failed");
        return Cat("failed", After(created, condition->last_transition_time.value_or(now_)), ": ", condition->reason);
      }
      case State::kCompleted:
        return Cat("completed",
                   After(created, jobset.status.FindCondition("Completed")->last_transition_time.value_or(now_)));
      case State::kSuspended:
        return Cat(is, " suspended");
      case State::kEnding:
      case State::kRunning:
        if (jobset.status.IsTrue("RestartingJobSet")) return Cat(is, " restarting, restart ", jobset.status.restarts);
        return Cat(is, " running",
                   created ? Cat(", for ", HumanDuration(std::max(Nanoseconds(0), now_ - *created))) : "");
    }
    return {};
  }

  static void AddFacts(const JobSetHistory& history, Subject& subject) {
    const jobset::JobSet& jobset = *history.jobset;
    if (jobset.spec->failure_policy) {
      std::string text = Cat(Plural(history.restarts, "restart"), " · ", history.counted, " of maxRestarts ",
                             jobset.spec->failure_policy->max_restarts, " used");
      if (history.restarts > history.counted) AppendTo(text, " · ", history.restarts - history.counted, " not counted");
      subject.facts.push_back(std::move(text));
    } else {
      subject.facts.push_back("no failurePolicy: a failed Job ends it");
    }
    for (const jobset::ReplicatedJobStatus& status : jobset.status.replicated_jobs_status) {
      std::vector<std::string> parts;
      const auto add = [&parts](std::int64_t count, std::string_view what) {
        if (count > 0) parts.push_back(Cat(count, " ", what));
      };
      add(status.active, "active");
      add(status.ready, "ready");
      add(status.suspended, "suspended");
      add(status.succeeded, "succeeded");
      add(status.failed, "failed");
      if (!parts.empty()) subject.facts.push_back(Cat("Jobs of ", status.name, ": ", Join(parts, " · ")));
    }
  }

  void AddUnknown(const JobSetHistory& history, Subject& subject) const {
    std::int64_t unknown = history.unknown;
    if (objects_.recorded) {
      const auto told = [&](const Entry& entry) {
        return entry.verdict && !entry.verdict->jobset.empty() && entry.verdict->restart.has_value() &&
               !entry.verdict->restart->one_job;
      };
      unknown = history.jobset->status.restarts - std::count_if(subject.chain.begin(), subject.chain.end(), told);
    }
    if (unknown <= 0) return;
    subject.unknown.push_back(Cat("why ", unknown == history.restarts ? "" : Cat(unknown, " of "),
                                  Plural(history.restarts, "restart"), unknown == 1 ? " was" : " were",
                                  " needed: the failed Jobs are gone"));
    for (const Event& event : objects_.events) {
      if (event.kind != "JobSet" || event.name != subject.name || event.namespace_ != subject.namespace_) continue;
      if (event.reason.find("FailurePolicyAction") == std::string::npos) continue;
      subject.unknown.push_back(
          Cat("an Event", event.last ? Cat(" of ", FormatClock(*event.last)) : "", " says: ", event.message));
    }
  }

  static void Sort(std::vector<Entry>& chain) {
    // Times of objects are whole seconds: what ended with its Job comes after what ended the Job.
    std::stable_sort(chain.begin(), chain.end(), [](const Entry& a, const Entry& b) {
      const Time first = TruncateToSeconds(a.at);
      const Time second = TruncateToSeconds(b.at);
      if (first != second) return first < second;
      if ((a.verdict == nullptr) != (b.verdict == nullptr)) return a.verdict != nullptr;
      return a.at < b.at;
    });
  }

  const Objects& objects_;
  const Time now_;
  std::map<meta::Uid, KnownJob> jobs_;
  std::set<meta::Uid> told_;
};

void AddNotes(const Recorded& recorded, std::vector<std::string>& notes) {
  if (recorded.continues) notes.push_back("The journal was full: its oldest lines are gone, and what they told.");
  if (recorded.torn) notes.push_back("The journal's last line is torn: it was being written when the run was cut off.");
  if (recorded.unreadable > 0) {
    notes.push_back(Cat(Plural(recorded.unreadable, "line"), " of the journal can't be read and ",
                        recorded.unreadable == 1 ? "is" : "are", " left out."));
  }
  if (recorded.ended == "interrupted") notes.push_back("The run was interrupted.");
  if (recorded.was_cut_off()) {
    notes.push_back("The run did not come to its end: it was killed, or this machine went down. This is what it knew.");
  }
}

}  // namespace

Explanation Explain(const Objects& objects, Time now, NowSource now_from) {
  Explanation out;
  out.now = now;
  out.now_from = now_from;
  out.from_journal = objects.recorded.has_value();
  Explainer(objects, now).Run(out);
  if (objects.recorded) AddNotes(*objects.recorded, out.notes);
  return out;
}

}  // namespace reprieve::report
