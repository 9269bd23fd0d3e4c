#include "world/plan_runner.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/text.h"

namespace reprieve::world {

struct PlanRunner::Running {
  explicit Running(PlanRunner& owner) : runner(owner) {}

  PlanRunner& runner;
  Plan* plan = nullptr;
  Done done;
  PlanReport report;
  meta::ResourceVersion version = 0;  // of the subject, as its last status write left it
  std::size_t stage = 0;
  std::size_t next = 0;        // the write of the stage that is handed over next
  std::size_t unanswered = 0;  // requests of the stage
  std::size_t batch = 1;       // creations of pods that may be handed over at once
  std::size_t batch_left = 1;
  bool advancing = false;                // an answer within Submit has its caller go on
  bool answering = false;                // likewise one of the next step, within the answer of the former
  bool held = false;                     // in PlanRunner::held_
  std::vector<std::string> failed_jobs;  // of the stage

  bool has_stage() const { return stage < plan->stages.size(); }
  std::vector<Write>& writes() const { return plan->stages[stage].writes; }
};

// What each kind of write asks for, step by step, and what its answers mean.
class PlanRunner::Steps {
 public:
  Steps(Running& running, std::uint32_t write, std::uint32_t step) : running_(running), write_(write), step_(step) {}

  void Begin() {
    std::visit([this](auto& write) { Begin(write); }, running_.writes()[write_]);
  }
  void Answer(const WriteResult& result) {
    std::visit([&](auto& write) { Answer(write, result); }, running_.writes()[write_]);
  }

 private:
  void Ask(Request&& request) {
    ++running_.unanswered;
    ++running_.runner.requests_;
    running_.runner.api_.Submit(std::move(request),
                                [running = &running_, write = write_, step = step_](const WriteResult& result) {
                                  running->runner.Answered(*running, write, step, result);
                                });
  }
  void AskNext(Request&& request) {
    ++step_;
    Ask(std::move(request));
  }

  // One request, which the plan does not need any more.
  template <class W>
  void Begin(W& write) {
    Ask(std::move(write));
  }

  void Begin(CreatePod& write) {
    // One failed creation predicts the next one's: quota, admission, a full disk.
    if (running_.report.creation_failed) return;
    --running_.batch_left;
    Ask(std::move(write));
  }
  void Answer(const CreatePod&, const WriteResult& result) {
    SeePod(result);
    if (result.ok()) return Record(false, "SuccessfulCreate"_shared, Cat("Created pod: ", result.name));
    running_.report.creation_failed = true;
    Note(result);
    if (result.code != WriteCode::kTerminating) Record(true, "FailedCreate", Cat("Error creating: ", result.message));
  }

  void Begin(DeletePod& write) { Ask(DeletePod{write.pod}); }
  void Answer(const DeletePod& write, const WriteResult& result) { PodDeleted(write.pod, result); }

  void Begin(RemovePod& write) { Ask(RemovePodFinalizer{write.pod, write.finalizer}); }
  void Answer(const RemovePod& write, const WriteResult& result) {
    if (step_ == 1) return PodDeleted(write.pod, result);
    SeePod(result);
    if (result.ok()) return AskNext(DeletePod{write.pod});
    NoteUnlessGone(result);
  }

  void Answer(const RemovePodFinalizer&, const WriteResult& result) { NoteUnlessGone(SeePod(result)); }
  void Answer(const AdoptPod&, const WriteResult& result) { NoteUnlessGone(SeePod(result)); }
  void Answer(const ReleasePod&, const WriteResult& result) { NoteUnlessGone(SeePod(result)); }

  void Begin(WriteJobStatus& write) {
    Ask(UpdateJobStatus{plan().subject.key, plan().uid, running_.version, std::move(write.status)});
  }
  void Answer(const WriteJobStatus&, const WriteResult& result) {
    if (!result.ok()) return Note(result);
    running_.version = SeeJob(result).version;
  }
  void Answer(const DeleteJob&, const WriteResult& result) { NoteUnlessGone(SeeJob(result)); }
  void Answer(const RemoveJobFinalizer&, const WriteResult& result) { NoteUnlessGone(SeeJob(result)); }

  void Begin(CreateJob& write) { Ask(CreateJob{write.job}); }
  void Answer(const CreateJob& write, const WriteResult& result) {
    if (SeeJob(result).ok()) return;
    running_.failed_jobs.push_back(
        Cat("job \"", write.job->metadata.name, "\" creation failed with error: ", result.message));
    Note(result);
  }

  void Begin(ReviseJob& write) {
    batch::Job& job = *write.job;
    if (!write.clear_start_time) return Ask(UpdateJob{write.job});
    job.status.start_time.reset();
    Ask(UpdateJobStatus{meta::KeyOf(job.metadata), job.metadata.uid, job.metadata.resource_version,
                        std::make_unique<batch::JobStatus>(job.status)});
  }
  void Answer(const ReviseJob& write, const WriteResult& result) {
    if (!SeeJob(result).ok()) return Note(result);
    if (!write.clear_start_time || step_ == 1) return;
    write.job->metadata.resource_version = result.version;
    AskNext(UpdateJob{write.job});
  }

  void Answer(const ResizeJob&, const WriteResult& result) {
    if (!SeeJob(result).ok()) Note(result);
  }

  void Begin(WriteJobSetStatus& write) {
    Ask(UpdateJobSetStatus{plan().subject.key, plan().uid, running_.version, std::move(write.status)});
  }
  void Answer(const WriteJobSetStatus&, const WriteResult& result) {
    if (!result.ok()) return Note(result);
    running_.version = SeeJobSet(result).version;
  }
  void Answer(const DeleteJobSet&, const WriteResult& result) { NoteUnlessGone(SeeJobSet(result)); }
  void Answer(const RemoveJobSetFinalizer&, const WriteResult& result) { NoteUnlessGone(SeeJobSet(result)); }

  void Answer(const CreateService&, const WriteResult& result) {
    if (See(result, written().services).ok()) return;
    Record(true, "HeadlessServiceCreationFailed", result.message);
    Note(result);
  }
  void Answer(const DeleteService&, const WriteResult& result) { NoteUnlessGone(See(result, written().services)); }
  void Answer(const CreateClaim&, const WriteResult& result) {
    if (See(result, written().claims).ok() || result.code == WriteCode::kAlreadyExists) return;
    Record(true, "PVCCreationFailed", result.message);
    Note(result);
  }
  void Answer(const DeleteClaim&, const WriteResult& result) { NoteUnlessGone(See(result, written().claims)); }

  void Begin(DisruptPod& write) { Ask(MarkDisrupted{write.pod, write.reason, std::string(write.message)}); }
  void Answer(const DisruptPod& write, const WriteResult& result) { Marked(write.pod, result, /*at_once=*/false); }
  void Begin(LosePod& write) { Ask(MarkDisrupted{write.pod, write.reason, std::move(write.message), /*fail=*/true}); }
  void Answer(const LosePod& write, const WriteResult& result) { Marked(write.pod, result, /*at_once=*/true); }

  void Begin(RecordEvent& write) { Record(write.warning, std::move(write.reason), std::move(write.message)); }
  void Answer(const RecordEvent&, const WriteResult&) {}

  // The pod of a write whose first step marks it, and whose second deletes it.
  void Marked(const PodReference& pod, const WriteResult& result, bool at_once) {
    if (step_ == 0 && SeePod(result).ok()) return AskNext(DeletePod{pod, at_once});
    NoteUnlessGone(SeePod(result));
  }

  void PodDeleted(const PodReference& pod, const WriteResult& result) {
    SeePod(result);
    if (result.code == WriteCode::kNotFound) return;
    if (result.ok()) return Record(false, "SuccessfulDelete"_shared, Cat("Deleted pod: ", pod.name));
    Record(true, "FailedDelete", Cat("Error deleting: ", result.message));
    Note(result);
  }

  const WriteResult& SeePod(const WriteResult& result) { return See(result, written().pods); }
  const WriteResult& SeeJob(const WriteResult& result) { return See(result, written().jobs); }
  const WriteResult& SeeJobSet(const WriteResult& result) { return See(result, written().jobsets); }
  static const WriteResult& See(const WriteResult& result, meta::ResourceVersion& newest) {
    newest = std::max(newest, result.version);
    return result;
  }

  void NoteUnlessGone(const WriteResult& result) {
    if (!result.ok() && result.code != WriteCode::kNotFound) Note(result);
  }
  void Note(const WriteResult& result) {
    PlanReport& report = running_.report;
    if (!report.complete()) return;
    report.failure = result.code;
    report.message = result.message;
  }
  void Record(bool warning, SharedString reason, std::string message) {
    PlanRunner& runner = running_.runner;
    runner.api_.RecordEvent({runner.clock_.Now(), plan().subject, warning, std::move(reason), std::move(message)});
  }

  Plan& plan() { return *running_.plan; }
  Versions& written() { return running_.report.written; }

  Running& running_;
  const std::uint32_t write_;
  std::uint32_t step_;
};

PlanRunner::PlanRunner(Api& api, const Clock& clock, std::size_t max_requests)
    : api_(api), clock_(clock), max_requests_(max_requests) {}

PlanRunner::~PlanRunner() {
  for (Running* running : running_) delete running;
}

void PlanRunner::Run(Plan& plan, Done done) {
  auto running = std::make_unique<Running>(*this);
  running->plan = &plan;
  running->done = std::move(done);
  running->version = plan.resource_version;
  running_.insert(running.get());
  Advance(*running.release());
}

void PlanRunner::Advance(Running& running) {
  running.advancing = true;
  while (running.has_stage()) {
    SubmitStage(running);
    if (running.unanswered > 0 || running.held) {
      running.advancing = false;
      return;
    }
    if (running.next < running.writes().size()) {
      // All of the batch are created.
      running.batch *= 2;
      running.batch_left = running.batch;
      continue;
    }
    if (!running.failed_jobs.empty()) {
      api_.RecordEvent(
          {clock_.Now(), running.plan->subject, true, "JobCreationFailed", Join(running.failed_jobs, "\n")});
    }
    if (!running.report.complete()) break;
    ++running.report.stages_done;
    ++running.stage;
    running.next = 0;
    running.batch = running.batch_left = 1;
  }
  Finish(running);
}

void PlanRunner::SubmitStage(Running& running) {
  std::vector<Write>& writes = running.writes();
  for (; running.next < writes.size(); ++running.next) {
    if (requests_ >= max_requests_) {
      if (!std::exchange(running.held, true)) held_.push_back(&running);
      return;
    }
    const bool creates_pod = std::holds_alternative<CreatePod>(writes[running.next]);
    if (creates_pod && running.batch_left == 0 && !running.report.creation_failed) return;
    Steps(running, static_cast<std::uint32_t>(running.next), 0).Begin();
  }
}

void PlanRunner::Answered(Running& running, std::uint32_t write, std::uint32_t step, const WriteResult& result) {
  --running.unanswered;
  --requests_;
  const bool within = std::exchange(running.answering, true);
  Steps(running, write, step).Answer(result);
  if (within) return;
  running.answering = false;
  if (!running.advancing && running.unanswered == 0 && !running.held) Advance(running);
  ResumeHeld();
}

void PlanRunner::ResumeHeld() {
  while (!held_.empty() && requests_ < max_requests_) {
    Running& running = *held_.front();
    held_.pop_front();
    running.held = false;
    Advance(running);
  }
}

void PlanRunner::Finish(Running& running) {
  const std::unique_ptr<Running> ended(&running);
  running_.erase(&running);
  ended->done(ended->report);
}

}  // namespace reprieve::world
