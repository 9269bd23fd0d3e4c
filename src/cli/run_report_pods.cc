// RunReport: pods, from their first line to their last.
#include <algorithm>
#include <utility>

#include "base/text.h"
#include "cli/run_report.h"
#include "policy/failure_facts.h"

namespace reprieve::cli {
namespace {

using document::Value;

constexpr std::string_view kCompletionIndex = "batch.kubernetes.io/job-completion-index";
// Announced times are exact but for the batch of a controller.
constexpr Nanoseconds kSooner = std::chrono::milliseconds(200);

std::int32_t IndexOf(const core::Pod& pod) {
  const SharedString* index = pod.metadata.annotations.Find(kCompletionIndex);
  return index == nullptr ? -1 : ParseInt32(index->view()).value_or(-1);
}

const core::ContainerStatus* FailedContainer(const core::Pod& pod) {
  for (const auto* statuses : {&pod.status.container_statuses, &pod.status.init_container_statuses}) {
    for (const core::ContainerStatus& status : *statuses) {
      if (status.state.terminated && status.state.terminated->exit_code != 0) return &status;
    }
  }
  return nullptr;
}

// What the kubelet ended it for, if it did; exit codes are only what came of that.
std::string EndOf(const core::Pod& pod) {
  if (!pod.status.reason.empty()) return policy::Describe(policy::FactsOf(pod, {}));
  if (const core::ContainerStatus* failed = FailedContainer(pod)) return policy::Describe(policy::FactsOf(*failed));
  return "no container ran to its end";
}

// What an event in JSON calls an object of that kind.
std::string_view MemberOf(std::string_view kind) {
  return kind == "JobSet" ? "jobset" : kind == "Pod" ? "pod" : "job";
}

// That a container is being made, or that others come first, is no news.
HeldUp HeldUpOf(const core::Pod& pod) {
  if (pod.IsTerminal()) return {};
  for (const auto* statuses : {&pod.status.init_container_statuses, &pod.status.container_statuses}) {
    for (const core::ContainerStatus& status : *statuses) {
      if (!status.state.waiting) continue;
      const core::ContainerStateWaiting& waiting = *status.state.waiting;
      if (waiting.reason == "ContainerCreating" || waiting.reason == "PodInitializing") continue;
      // Some messages end with the pod's name: without it, they are the same for all of a Job.
      std::string message = waiting.message.str();
      for (const std::string_view names : {" restarting failed container=", " (pod: "}) {
        if (const std::size_t end = message.find(names); end != std::string::npos) message.resize(end);
      }
      return {status.name.str(), waiting.reason.str(), std::move(message)};
    }
  }
  return {};
}

std::string PodName(const core::Pod& pod) {
  return NameOf(meta::KeyOf(pod.metadata));
}

// Whether a container of it, and not only one that was to prepare it, has become a process that ended.
bool HasRun(const core::Pod& pod) {
  return std::any_of(pod.status.container_statuses.begin(), pod.status.container_statuses.end(),
                     [](const core::ContainerStatus& status) {
                       return status.state.terminated && status.state.terminated->started_at;
                     });
}

}  // namespace

JobLife* RunReport::JobOf(const core::Pod& pod) {
  // The Job may be gone before its pods, and with it their owner reference.
  if (const auto known = lives_.pods.find(pod.metadata.uid); known != lives_.pods.end()) {
    return lives_.FindJob(known->second.job);
  }
  const meta::OwnerReference* owner = pod.metadata.Controller();
  return lives_.FindJob(owner != nullptr ? owner->uid : pod.metadata.uid);
}

// A pod that has no Job is told of as if it were one.
JobLife& RunReport::BeginPod(const core::Pod& pod) {
  JobLife& life = lives_.jobs[pod.metadata.uid];
  life.key = meta::KeyOf(pod.metadata);
  life.is_pod = true;
  life.began = out_.Now();
  life.completions = 1;
  lives_.order.push_back(pod.metadata.uid);
  return life;
}

void RunReport::EndPod(JobLife& life, bool succeeded, std::string reason, std::string message) {
  if (life.finished) return;
  life.finished = true;
  life.ended = out_.Now();
  life.status.active = 0;
  life.status.succeeded = succeeded ? 1 : 0;
  life.status.failed = succeeded ? 0 : 1;
  batch::JobCondition& end = life.status.conditions.emplace_back();
  end.type = succeeded ? "Complete" : "Failed";
  end.status = "True";
  end.reason = std::move(reason);
  end.message = std::move(message);
}

void RunReport::PodChanged(const core::Pod& pod) {
  JobLife* job = JobOf(pod);
  if (job == nullptr && !ended_ && pod.metadata.Controller() == nullptr) job = &BeginPod(pod);
  if (job == nullptr || ended_) return;
  const auto [at, fresh] = lives_.pods.try_emplace(pod.metadata.uid);
  PodLife& life = at->second;
  if (fresh) NoteNewPod(pod, *job, life);
  NoteRestarts(pod, *job, life, lives_.TallyOf(*job));
  const core::PodCondition* scheduled = pod.status.FindCondition("PodScheduled");
  const bool waits = scheduled != nullptr && scheduled->status == "False" && pod.node_name.empty() && !pod.IsTerminal();
  NoteWaiting(life, waits ? scheduled->message.str() : std::string());
  NoteHeldUp(life, HeldUpOf(pod));
  if (life.phase != pod.status.phase) NotePhase(pod, *job, life);
  if (!job->is_pod) return;
  job->status.active = pod.IsTerminal() ? 0 : 1;
  if (!pod.IsTerminal() || job->finished) return;
  const bool succeeded = life.phase == core::PodPhase::kSucceeded;
  if (succeeded) {
    EndPod(*job, true, "PodSucceeded", "all containers succeeded");
  } else if (!pod.status.reason.empty() && !pod.status.message.empty()) {
    EndPod(*job, false, pod.status.reason.str(), pod.status.message.str());
  } else {
    EndPod(*job, false, "PodFailed", EndOf(pod));
  }
  ends_.push_back(pod.metadata.uid);
}

void RunReport::NoteNewPod(const core::Pod& pod, JobLife& job, PodLife& life) {
  life.job = job.is_pod ? pod.metadata.uid : pod.metadata.Controller()->uid;
  life.owner = job.jobset.empty() ? life.job : job.jobset;
  ++lives_.TallyOf(job).pods;
  ++job.live_pods;
  TellEarlierRetry(pod, job);
}

void RunReport::NoteRestarts(const core::Pod& pod, const JobLife& job, PodLife& life, Tally& tally) {
  const std::string_view kinds[] = {"container", "init container"};
  const SharedVector<core::ContainerStatus>* lists[] = {&pod.status.container_statuses,
                                                        &pod.status.init_container_statuses};
  for (std::size_t i = 0; i < std::size(lists); ++i) {
    for (const core::ContainerStatus& status : *lists[i]) {
      if (status.restart_count == 0) continue;
      std::int32_t& seen = life.restarts[status.name];
      if (status.restart_count <= seen) continue;
      tally.restarts += status.restart_count - seen;
      seen = status.restart_count;
      TellRestart(pod, job, kinds[i], status);
      const auto* last = status.LastTermination();
      // Restarts may use up the limit without any failure of a pod: then this one is to blame.
      if (last == nullptr || last->exit_code == 0) continue;
      tally.failed_pod = FailedPod{pod.metadata.name.str(), status.name, seen - 1, -1, last->message};
    }
  }
}

void RunReport::TellRestart(const core::Pod& pod, const JobLife& job, std::string_view kind,
                            const core::ContainerStatus& status) {
  const auto* last = status.LastTermination();
  const std::int32_t code = last != nullptr ? last->exit_code : 0;
  const std::string said = last != nullptr ? policy::ShortMessage(last->message) : std::string();
  if (!out_.json()) {
    return out_.Line(Cat(PodName(pod), " ", kind, " ", status.name, " exited ", code,
                         said.empty() ? "" : Cat(": ", said), ", restarted in place (", status.restart_count, ")"));
  }
  Value event = out_.Event("restart", "job", job.key);
  event.Set("pod", Value::String(pod.metadata.name.str()));
  event.Set("container", Value::String(status.name.str()));
  event.Set("exitCode", Value::Int(code));
  event.Set("restarts", Value::Int(status.restart_count));
  if (last != nullptr && !last->message.empty()) event.Set("message", Value::String(last->message.str()));
  out_.Json(event);
}

void RunReport::NotePhase(const core::Pod& pod, JobLife& job, PodLife& life) {
  // A start and an end that come in one write are told as two all the same.
  if (life.phase == core::PodPhase::kPending && pod.IsTerminal() && HasRun(pod)) {
    life.phase = core::PodPhase::kRunning;
    life.running_since = out_.Now();
    TellPhase(pod, job, life);
  }
  life.phase = pod.status.phase;
  if (life.phase == core::PodPhase::kRunning) life.running_since = out_.Now();
  if (life.phase == core::PodPhase::kSucceeded) job.last_success = PodName(pod);
  if (life.phase == core::PodPhase::kFailed) NoteFailure(pod, job, life, lives_.TallyOf(job));
  TellPhase(pod, job, life);
}

void RunReport::NoteFailure(const core::Pod& pod, const JobLife& job, const PodLife& life, Tally& tally) {
  constexpr std::size_t kKept = 1000;
  // What ends because its Job or JobSet succeeds goes as planned.
  if (life.running_since && !EndsWithSuccess(job) && !interrupted_) tally.wasted += out_.Now() - *life.running_since;
  const bool by_itself = !EndsWithOwner(job) && !interrupted_;
  if (by_itself) ++tally.failed;
  const core::ContainerStatus* container = FailedContainer(pod);
  if (container != nullptr && ((by_itself && !pod.metadata.deleting()) || !tally.failed_pod)) {
    tally.failed_pod = FailedPod{pod.metadata.name.str(), container->name, container->restart_count, -1,
                                 container->state.terminated->message};
  }
  for (const auto* statuses : {&pod.status.container_statuses, &pod.status.init_container_statuses}) {
    for (const core::ContainerStatus& status : *statuses) {
      if (!status.state.terminated || status.state.terminated->exit_code == 0) continue;
      failures_.push_back({meta::KeyOf(pod.metadata),
                           {pod.metadata.name.str(), status.name, status.restart_count, IndexOf(pod),
                            status.state.terminated->message}});
    }
  }
  while (failures_.size() > kKept) failures_.pop_front();
}

// Nobody judges such a pod.
bool RunReport::EndsWithOwner(const JobLife& job) const {
  const JobSetLife* jobset = lives_.FindJobSet(job.jobset);
  return job.deleted || job.status.IsTrue("FailureTarget") || job.status.IsTrue("SuccessCriteriaMet") ||
         (jobset != nullptr && jobset->finished);
}

bool RunReport::EndsWithSuccess(const JobLife& job) const {
  const JobSetLife* jobset = lives_.FindJobSet(job.jobset);
  return job.status.IsTrue("SuccessCriteriaMet") || (jobset != nullptr && jobset->status.IsTrue("Completed"));
}

void RunReport::TellPhase(const core::Pod& pod, const JobLife& job, const PodLife& life) {
  const bool failed = life.phase == core::PodPhase::kFailed;
  if (out_.json()) {
    Value event = out_.Event("pod", "job", job.key);
    event.Set("pod", Value::String(pod.metadata.name.str()));
    event.Set("phase", Value::String(std::string(core::NameOf(life.phase))));
    event.Set("node", Value::String(pod.node_name.str()));
    if (failed) event.Set("end", Value::String(EndOf(pod)));
    return out_.Json(event);
  }
  switch (life.phase) {
    case core::PodPhase::kRunning:
      return out_.Line(Cat(PodName(pod), " runs on ", pod.node_name));
    case core::PodPhase::kSucceeded:
      return out_.Line(Cat(PodName(pod), " succeeded"));
    case core::PodPhase::kFailed:
      // The verdict says what any other failure means.
      if (EndsWithOwner(job)) return out_.Line(Cat(PodName(pod), " ended with its Job: ", EndOf(pod)));
      if (interrupted_) out_.Line(Cat(PodName(pod), " ended with the run: ", EndOf(pod)));
      return;
    case core::PodPhase::kPending:
    case core::PodPhase::kUnknown:
      return;
  }
}

void RunReport::PodDeleted(const core::Pod& pod) {
  const auto at = lives_.pods.find(pod.metadata.uid);
  if (at == lives_.pods.end()) return;
  PodLife life = std::move(at->second);
  NoteWaiting(life, {});
  NoteHeldUp(life, {});
  lives_.pods.erase(at);
  JobLife* job = lives_.FindJob(life.job);
  if (job == nullptr) return;
  --job->live_pods;
  if (job->is_pod && !job->finished && !ended_) {
    EndPod(*job, false, "PodDeleted", "it was deleted before it ended");
    ends_.push_back(pod.metadata.uid);
  }
  if (life.phase == core::PodPhase::kRunning && !ended_) {
    if (out_.json()) {
      Value event = out_.Event("podDeleted", "job", job->key);
      event.Set("pod", Value::String(pod.metadata.name.str()));
      out_.Json(event);
    } else {
      out_.Line(Cat(PodName(pod), " was deleted while it was running"));
    }
  }
  ForgetIfGone(life.job);
}

// Upstream's back-off counts from the last success: another pod's success ends it (spec/job.md 2.10).
void RunReport::TellEarlierRetry(const core::Pod& pod, JobLife& job) {
  const Time now = out_.Now();
  std::erase_if(job.announced, [now](const AnnouncedRetry& each) { return each.due <= now; });
  const std::int32_t index = IndexOf(pod);
  const auto fits = std::find_if(job.announced.begin(), job.announced.end(),
                                 [index](const AnnouncedRetry& each) { return each.index == index || each.index < 0; });
  if (fits == job.announced.end()) return;
  const AnnouncedRetry retry = *fits;
  job.announced.erase(fits);
  Tally& tally = lives_.TallyOf(job);
  if (const auto due = tally.retries.find(retry.due); due != tally.retries.end()) tally.retries.erase(due);
  if (retry.due - now < kSooner) return;
  std::string text = Cat("the retry comes ", HumanDuration(retry.due - now), " sooner than announced");
  if (!job.last_success.empty()) AppendTo(text, ": ", job.last_success, " has succeeded, which ends the back-off");
  if (!out_.json()) return out_.Line(Cat(PodName(pod), ": ", text));
  Value event = out_.Event("retryEarlier", "job", job.key);
  event.Set("pod", Value::String(pod.metadata.name.str()));
  event.Set("soonerSeconds", world::InSeconds(retry.due - now));
  event.Set("message", Value::String(text));
  out_.Json(event);
}

// One line per reason, once everything that happened at once is known.
void RunReport::NoteWaiting(PodLife& pod, std::string why) {
  if (pod.waits == why) return;
  JobLife* job = lives_.FindJob(pod.owner);
  JobSetLife* jobset = lives_.FindJobSet(pod.owner);
  if (job == nullptr && jobset == nullptr) return;
  auto& waiting = (job != nullptr ? job->tally : jobset->tally).waiting;
  if (!pod.waits.empty() && --waiting[pod.waits] == 0) waiting.erase(pod.waits);
  if (!why.empty() && ++waiting[why] == 1) waits_changed_.push_back(pod.owner);
  pod.waits = std::move(why);
}

void RunReport::NoteHeldUp(PodLife& pod, HeldUp by) {
  if (pod.held_up == by) return;
  JobLife* job = lives_.FindJob(pod.owner);
  JobSetLife* jobset = lives_.FindJobSet(pod.owner);
  if (job == nullptr && jobset == nullptr) return;
  auto& held_up = (job != nullptr ? job->tally : jobset->tally).held_up;
  if (pod.held_up.any() && --held_up[pod.held_up] == 0) held_up.erase(pod.held_up);
  if (by.any() && ++held_up[by] == 1) waits_changed_.push_back(pod.owner);
  pod.held_up = std::move(by);
}

void RunReport::TellHeldUp(const HeldUp& by, std::int64_t pods, std::string_view kind, const meta::ObjectKey& key) {
  if (out_.json()) {
    Value event = out_.Event("waiting", MemberOf(kind), key);
    event.Set("pods", Value::Int(pods));
    event.Set("container", Value::String(by.container));
    event.Set("reason", Value::String(by.reason));
    event.Set("message", Value::String(by.message));
    return out_.Json(event);
  }
  out_.Line(Cat(kind, " ", NameOf(key), ": ", pods, pods == 1 ? " pod waits" : " pods wait", ": container ",
                by.container, ": ", by.reason, by.message.empty() ? "" : Cat(": ", by.message)));
}

void RunReport::TellWaiting() {
  for (const meta::Uid& uid : std::exchange(waits_changed_, {})) {
    JobLife* job = lives_.FindJob(uid);
    JobSetLife* jobset = lives_.FindJobSet(uid);
    if (job == nullptr && jobset == nullptr) continue;
    Tally& tally = job != nullptr ? job->tally : jobset->tally;
    const meta::ObjectKey& key = job != nullptr ? job->key : jobset->key;
    const std::string_view kind = job != nullptr ? KindOf(*job) : "JobSet";
    for (const auto& [by, pods] : tally.held_up) {
      if (tally.told_held_up.insert(by).second) TellHeldUp(by, pods, kind, key);
    }
    for (const auto& [why, pods] : tally.waiting) {
      if (!tally.told_waiting.insert(why).second) continue;
      if (out_.json()) {
        Value event = out_.Event("waiting", MemberOf(kind), key);
        event.Set("pods", Value::Int(pods));
        event.Set("message", Value::String(why));
        out_.Json(event);
      } else {
        out_.Line(
            Cat(kind, " ", NameOf(key), ": ", pods, pods == 1 ? " pod waits" : " pods wait", " for a place: ", why));
      }
    }
  }
}

}  // namespace reprieve::cli
