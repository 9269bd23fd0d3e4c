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
      if (!report_.complete()) return report_;
      ++report_.stages_done;
    }
    return report_;
  }

 private:
  void Do(CreatePod& write) {
    // One failed creation predicts the next one's: quota, admission, a full disk.
    if (report_.creation_failed) return;
    std::string name;
    const WriteResult result = api_.CreatePod(std::move(write.pod), name);
    SeePod(result);
    if (result.ok()) {
      Say(false, "SuccessfulCreate", Cat("Created pod: ", name));
      return;
    }
    report_.creation_failed = true;
    Note(result);
    if (result.code != WriteCode::kTerminating) Say(true, "FailedCreate", Cat("Error creating: ", result.message));
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
  void Do(const AdoptPod& write) { NoteUnlessGone(SeePod(api_.AdoptPod(write.pod, write.owner, write.finalizer))); }
  void Do(const ReleasePod& write) {
    NoteUnlessGone(SeePod(api_.ReleasePod(write.pod, write.owner_uid, write.finalizer)));
  }
  void Do(const WriteJobStatus& write) {
    // A later status write of the same plan builds on the version that the former one made.
    const WriteResult result = api_.UpdateJobStatus(plan_.job, plan_.uid, version_, std::move(*write.status));
    if (!result.ok()) return Note(result);
    version_ = SeeJob(result).version;
  }
  void Do(const DeleteJob& write) { NoteUnlessGone(SeeJob(api_.DeleteJob(plan_.job, plan_.uid, write.propagation))); }
  void Do(const RemoveJobFinalizer& write) {
    NoteUnlessGone(SeeJob(api_.RemoveJobFinalizer(plan_.job, plan_.uid, write.finalizer)));
  }
  void Do(const Announce& write) { Say(write.warning, write.reason, write.message); }

  void Delete(const PodReference& pod) {
    const WriteResult result = SeePod(api_.DeletePod(pod));
    if (result.code == WriteCode::kNotFound) return;
    if (result.ok()) return Say(false, "SuccessfulDelete", Cat("Deleted pod: ", pod.name));
    Say(true, "FailedDelete", Cat("Error deleting: ", result.message));
    Note(result);
  }

  WriteResult SeePod(WriteResult result) {
    report_.pod_version = std::max(report_.pod_version, result.version);
    return result;
  }
  WriteResult SeeJob(WriteResult result) {
    report_.job_version = std::max(report_.job_version, result.version);
    return result;
  }

  void NoteUnlessGone(const WriteResult& result) {
    if (!result.ok() && result.code != WriteCode::kNotFound) Note(result);
  }

  void Note(const WriteResult& result) {
    if (!report_.complete()) return;
    report_.failure = result.code;
    report_.message = result.message;
  }

  void Say(bool warning, std::string_view reason, std::string message) {
    api_.Announce({now_, plan_.job, warning, std::string(reason), std::move(message)});
  }

  Plan& plan_;
  const Time now_;
  Api& api_;
  PlanReport report_;
  meta::ResourceVersion version_;
};

}  // namespace

PlanReport Apply(Plan& plan, Time now, Api& api) {
  return Applier(plan, now, api).Run();
}

}  // namespace reprieve::world
