#include "world/plan.h"

#include <algorithm>

#include "base/text.h"

namespace reprieve::world {
namespace {

class Applier {
 public:
  Applier(Plan& plan, Time now, Api& api) : plan_(plan), now_(now), api_(api), version_(plan.resource_version) {}

  PlanReport Run() {
    for (Stage& stage : plan_.stages) {
      for (Write& write : stage.writes) std::visit([this](auto& w) { Do(w); }, write);
      RecordFailedJobs();
      if (!report_.complete()) return report_;
      ++report_.stages_done;
    }
    return report_;
  }

 private:
  void Do(CreatePod& write) {
    // One failed creation predicts the next one's: quota, admission, a full disk.
    if (report_.creation_failed) return;
    SharedString name;
    const WriteResult result = api_.CreatePod(std::move(write.pod), name);
    SeePod(result);
    if (result.ok()) {
      Record(false, "SuccessfulCreate"_shared, Cat("Created pod: ", name));
      return;
    }
    report_.creation_failed = true;
    Note(result);
    if (result.code != WriteCode::kTerminating) Record(true, "FailedCreate", Cat("Error creating: ", result.message));
  }

  void Do(const DeletePod& write) { Delete(write.pod); }

  void Do(const RemovePod& write) {
    const WriteResult result = api_.RemovePodFinalizer(write.pod, write.finalizer);
    SeePod(result);
    if (result.code == WriteCode::kNotFound) return;
    if (!result.ok()) return Note(result);
    Delete(write.pod);
  }

  void Do(const RemovePodFinalizer& write) {
    NoteUnlessGone(SeePod(api_.RemovePodFinalizer(write.pod, write.finalizer)));
  }
  void Do(const AdoptPod& write) { NoteUnlessGone(SeePod(api_.AdoptPod(write.pod, *write.owner, write.finalizer))); }
  void Do(const ReleasePod& write) {
    NoteUnlessGone(SeePod(api_.ReleasePod(write.pod, write.owner_uid, write.finalizer)));
  }
  void Do(const WriteJobStatus& write) {
    // A later status write of the same plan builds on the version that the former one made.
    const WriteResult result = api_.UpdateJobStatus(plan_.subject.key, plan_.uid, version_, std::move(*write.status));
    if (!result.ok()) return Note(result);
    version_ = SeeJob(result).version;
  }
  void Do(const DeleteJob& write) {
    NoteUnlessGone(SeeJob(api_.DeleteJob(plan_.subject.key, plan_.uid, write.propagation)));
  }
  void Do(const RemoveJobFinalizer& write) {
    NoteUnlessGone(SeeJob(api_.RemoveJobFinalizer(plan_.subject.key, plan_.uid, write.finalizer)));
  }

  void Do(CreateJob& write) {
    const SharedString name = write.job->metadata.name;
    const WriteResult result = SeeJob(api_.CreateJob(std::move(write.job)));
    if (result.ok()) return;
    failed_jobs_.push_back(Cat("job \"", name, "\" creation failed with error: ", result.message));
    Note(result);
  }
  void Do(UpdateJob& write) {
    batch::Job& job = *write.job;
    if (write.clear_start_time) {
      job.status.start_time.reset();
      const WriteResult cleared = SeeJob(
          api_.UpdateJobStatus(meta::KeyOf(job.metadata), job.metadata.uid, job.metadata.resource_version, job.status));
      if (!cleared.ok()) return Note(cleared);
      job.metadata.resource_version = cleared.version;
    }
    const WriteResult result = SeeJob(api_.UpdateJob(job));
    if (!result.ok()) Note(result);
  }
  void Do(const ResizeJob& write) {
    const WriteResult result = SeeJob(api_.ResizeJob(write.job, write.parallelism, write.completions));
    if (!result.ok()) Note(result);
  }
  void Do(const DeleteChildJob& write) {
    NoteUnlessGone(SeeJob(api_.DeleteJob(write.job, write.uid, write.propagation)));
  }
  void Do(const WriteJobSetStatus& write) {
    const WriteResult result =
        api_.UpdateJobSetStatus(plan_.subject.key, plan_.uid, version_, std::move(*write.status));
    if (!result.ok()) return Note(result);
    version_ = SeeJobSet(result).version;
  }
  void Do(const DeleteJobSet& write) {
    NoteUnlessGone(SeeJobSet(api_.DeleteJobSet(plan_.subject.key, plan_.uid, write.propagation)));
  }
  void Do(const RemoveJobSetFinalizer& write) {
    NoteUnlessGone(SeeJobSet(api_.RemoveJobSetFinalizer(plan_.subject.key, plan_.uid, write.finalizer)));
  }
  void Do(CreateService& write) {
    const WriteResult result = SeeService(api_.CreateService(std::move(*write.service)));
    if (result.ok()) return;
    Record(true, "HeadlessServiceCreationFailed", result.message);
    Note(result);
  }
  void Do(const DeleteService& write) { NoteUnlessGone(SeeService(api_.DeleteService(write.service, write.uid))); }
  void Do(CreateClaim& write) {
    const WriteResult result = SeeClaim(api_.CreateClaim(std::move(*write.claim)));
    if (result.ok() || result.code == WriteCode::kAlreadyExists) return;
    Record(true, "PVCCreationFailed", result.message);
    Note(result);
  }
  void Do(const DeleteClaim& write) { NoteUnlessGone(SeeClaim(api_.DeleteClaim(write.claim, write.uid))); }
  void Do(const LosePod& write) { NoteUnlessGone(SeePod(api_.LosePod(write.pod, write.reason, write.message))); }
  void Do(const DisruptPod& write) {
    const WriteResult marked = SeePod(api_.MarkDisrupted(write.pod, write.reason, write.message));
    if (marked.code == WriteCode::kNotFound) return;
    if (!marked.ok()) return Note(marked);
    NoteUnlessGone(SeePod(api_.DeletePod(write.pod)));
  }
  void Do(const RecordEvent& write) { Record(write.warning, write.reason, write.message); }

  void Delete(const PodReference& pod) {
    const WriteResult result = SeePod(api_.DeletePod(pod));
    if (result.code == WriteCode::kNotFound) return;
    if (result.ok()) return Record(false, "SuccessfulDelete"_shared, Cat("Deleted pod: ", pod.name));
    Record(true, "FailedDelete", Cat("Error deleting: ", result.message));
    Note(result);
  }

  WriteResult SeePod(WriteResult result) { return See(std::move(result), report_.written.pods); }
  WriteResult SeeJob(WriteResult result) { return See(std::move(result), report_.written.jobs); }
  WriteResult SeeJobSet(WriteResult result) { return See(std::move(result), report_.written.jobsets); }
  WriteResult SeeService(WriteResult result) { return See(std::move(result), report_.written.services); }
  WriteResult SeeClaim(WriteResult result) { return See(std::move(result), report_.written.claims); }
  static WriteResult See(WriteResult result, meta::ResourceVersion& newest) {
    newest = std::max(newest, result.version);
    return result;
  }

  void RecordFailedJobs() {
    if (failed_jobs_.empty()) return;
    Record(true, "JobCreationFailed", Join(failed_jobs_, "\n"));
    failed_jobs_.clear();
  }

  void NoteUnlessGone(const WriteResult& result) {
    if (!result.ok() && result.code != WriteCode::kNotFound) Note(result);
  }

  void Note(const WriteResult& result) {
    if (!report_.complete()) return;
    report_.failure = result.code;
    report_.message = result.message;
  }

  void Record(bool warning, SharedString reason, std::string message) {
    api_.RecordEvent({now_, plan_.subject, warning, std::move(reason), std::move(message)});
  }

  Plan& plan_;
  const Time now_;
  Api& api_;
  PlanReport report_;
  meta::ResourceVersion version_;
  std::vector<std::string> failed_jobs_;  // of this stage
};

}  // namespace

std::string_view NameOf(Kind kind) {
  return kind == Kind::kJobSet ? "JobSet" : "Job";
}

bool Plan::DecidedBy(const PlanReport& report) const {
  return decided_after ? report.stages_done >= *decided_after : report.complete();
}

bool Plan::PerhapsDecidedBy(const PlanReport& report) const {
  return report.failure == WriteCode::kUnavailable && decided_after && report.stages_done + 1 == *decided_after;
}

PlanReport Apply(Plan& plan, Time now, Api& api) {
  return Applier(plan, now, api).Run();
}

}  // namespace reprieve::world
