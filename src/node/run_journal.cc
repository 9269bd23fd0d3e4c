#include "node/run_journal.h"

#include <utility>

#include "base/text.h"
#include "world/journal.h"

namespace reprieve::node {
namespace {

constexpr Nanoseconds kPatience = Seconds(10);

template <class Conditions>
void AddConditions(const Conditions& conditions, std::string& out) {
  for (const auto& condition : conditions) AppendTo(out, condition.type, condition.status, condition.reason, ";");
}

// What of a status can't wait.
std::string UrgentOf(const batch::Job& job) {
  std::string out = Cat(job.status.failed, " ", job.status.failed_indexes.value_or(""), " ",
                        job.status.start_time ? FormatRfc3339(*job.status.start_time) : "", " ");
  AddConditions(job.status.conditions, out);
  return out;
}

std::string UrgentOf(const jobset::JobSet& jobset) {
  std::string out = Cat(jobset.status.restarts, " ", jobset.status.restarts_count_towards_max, " ");
  AddConditions(jobset.status.conditions, out);
  for (const jobset::ReplicatedJobStatus& status : jobset.status.replicated_jobs_status) {
    for (const std::int32_t restarts : status.job_restarts) AppendTo(out, restarts, ",");
  }
  return out;
}

bool HasSomethingToTell(const batch::Job& job) {
  return job.metadata.Controller() == nullptr || job.status.failed > 0 || job.status.IsTrue("FailureTarget") ||
         job.status.IsTrue("Failed");
}

}  // namespace

RunJournal::RunJournal(JournalFile file, const world::Clock& clock, std::string version,
                       std::function<void(const std::string&)> lost)
    : file_(std::move(file)), clock_(clock), version_(std::move(version)), lost_(std::move(lost)) {
  file_.Append(world::RunRecord(clock_.Now(), version_, false));
  Report(file_.Flush());
}

void RunJournal::JobChanged(const batch::Job& job) {
  Known<batch::Job>& known = jobs_.by_uid[job.metadata.uid.str()];
  known.object = &job;
  if (known.recorded) return Note(jobs_, known, job);
  if (HasSomethingToTell(job)) Record(known);
}

void RunJournal::JobDeleted(const batch::Job& job) {
  const auto at = jobs_.by_uid.find(job.metadata.uid.str());
  if (at == jobs_.by_uid.end()) return;
  if (at->second.urgent) file_.Append(world::StatusRecord(clock_.Now(), job));
  if (at->second.recorded) file_.Append(world::DeletedRecord(clock_.Now(), "Job", job.metadata));
  jobs_.by_uid.erase(at);
}

void RunJournal::JobSetChanged(const jobset::JobSet& jobset) {
  Known<jobset::JobSet>& known = jobsets_.by_uid[jobset.metadata.uid.str()];
  known.object = &jobset;
  if (known.recorded) return Note(jobsets_, known, jobset);
  Record(known);
}

void RunJournal::JobSetDeleted(const jobset::JobSet& jobset) {
  file_.Append(world::StatusRecord(clock_.Now(), jobset));
  file_.Append(world::DeletedRecord(clock_.Now(), "JobSet", jobset.metadata));
  jobsets_.by_uid.erase(jobset.metadata.uid.str());
}

void RunJournal::PodChanged(const core::Pod& pod) {
  if (pod.status.phase != core::PodPhase::kFailed) return;
  if (!failed_pods_.insert(pod.metadata.uid.str()).second) return;
  if (const meta::OwnerReference* owner = pod.metadata.Controller()) {
    const auto at = jobs_.by_uid.find(owner->uid.str());
    if (at != jobs_.by_uid.end() && !at->second.recorded) Record(at->second);
  }
  file_.Append(world::ObjectRecord(clock_.Now(), pod));
}

void RunJournal::PodDeleted(const core::Pod& pod) {
  if (!failed_pods_.empty()) failed_pods_.erase(pod.metadata.uid.str());
}

void RunJournal::Judged(const world::Verdict& verdict) {
  file_.Append(world::VerdictRecord(verdict));
}

template <class T>
void RunJournal::Record(Known<T>& known) {
  const Time now = clock_.Now();
  file_.Append(world::ObjectRecord(now, *known.object));
  known.told = UrgentOf(*known.object);
  known.recorded = true;
  known.urgent = false;
  known.last = now;
}

template <class T>
void RunJournal::Note(All<T>& all, Known<T>& known, const T& object) {
  if (!known.changed) all.changed.push_back(object.metadata.uid.str());
  known.changed = true;
  std::string told = UrgentOf(object);
  if (told == known.told) return;
  known.told = std::move(told);
  known.urgent = urgent_ = true;
}

template <class T>
void RunJournal::WriteChanges(All<T>& all, bool every) {
  const Time now = clock_.Now();
  std::erase_if(all.changed, [&](const std::string& uid) {
    const auto at = all.by_uid.find(uid);
    if (at == all.by_uid.end()) return true;
    Known<T>& known = at->second;
    if (!known.urgent && !every && now - known.last < kPatience) return false;
    file_.Append(world::StatusRecord(now, *known.object));
    known.changed = known.urgent = false;
    known.last = now;
    return true;
  });
}

void RunJournal::WriteChanges(bool every) {
  WriteChanges(jobs_, every);
  WriteChanges(jobsets_, every);
  urgent_ = false;
  written_ = clock_.Now();
}

void RunJournal::Flush() {
  const bool waiting = !jobs_.changed.empty() || !jobsets_.changed.empty();
  if (urgent_ || (waiting && clock_.Now() - written_ >= kPatience)) WriteChanges(false);
  if (file_.full()) StartNextPart();
  Report(file_.Flush());
}

// With all that lives, so that it can be read alone.
void RunJournal::StartNextPart() {
  Report(file_.Rotate());
  file_.Append(world::RunRecord(clock_.Now(), version_, true));
  for (auto& [uid, known] : jobsets_.by_uid) Record(known);
  for (auto& [uid, known] : jobs_.by_uid) {
    if (known.recorded) Record(known);
  }
}

void RunJournal::End(std::string_view how) {
  WriteChanges(true);
  file_.Append(world::EndRecord(clock_.Now(), how));
  Flush();
}

void RunJournal::Report(const Status& status) {
  if (!status.ok() && lost_) lost_(Cat("The journal ends here, the run goes on: ", status.error().message));
}

}  // namespace reprieve::node
