#include "world/incident.h"

#include "base/text.h"
#include "model/jobset.h"
#include "world/spoken_names.h"

namespace reprieve::world {

namespace {

std::string DescribeApplied(const Incident& incident, const IncidentOutcome& outcome) {
  const auto pods = [&](std::string_view what) {
    return Cat(outcome.count, outcome.count == 1 ? " pod " : " pods ", what);
  };
  switch (incident.fault) {
    case FaultKind::kNodeDrained:
      return pods("evicted");
    case FaultKind::kNodeTainted:
      return Cat(pods("deleted"),
                 outcome.later == 0 ? "" : Cat(", ", outcome.later, " later, by their tolerationSeconds"));
    case FaultKind::kNodeLost:
      return pods("lost");
    case FaultKind::kNodeUnreachable:
      return pods("not heard of any more");
    case FaultKind::kNodeShutDown:
      return pods("ended by the kubelet");
    case FaultKind::kNodeBack:
      return "it takes pods again";
    case FaultKind::kPodKilled:
      return Cat("SIGKILL to ", outcome.pod);
    case FaultKind::kPodDeleted:
      return Cat(outcome.pod, " deleted");
    case FaultKind::kPodEvicted:
      return Cat(outcome.pod, " evicted");
    case FaultKind::kPodPreempted:
      return Cat(outcome.pod, " preempted");
    case FaultKind::kPodUnderPressure:
    case FaultKind::kPodOverStorageLimit:
      return Cat(outcome.pod, " evicted by the kubelet");
    case FaultKind::kPodPreemptedByKubelet:
      return Cat(outcome.pod, " preempted by the kubelet");
    case FaultKind::kPodDeviceTainted:
      return Cat(outcome.pod, " deleted");
    case FaultKind::kPodRefused:
      return Cat(outcome.pod, " refused");
    case FaultKind::kPodExits:
      return Cat(outcome.pod, " exits ", incident.exit_code);
    case FaultKind::kPodNeverStarts:
      return Cat(outcome.pod, " never starts");
    case FaultKind::kPodStaysPending:
      return Cat(outcome.pod, " stays pending");
    case FaultKind::kPodHangs:
      return Cat(outcome.pod, " hangs");
    case FaultKind::kControllerRestarts:
      return "it knows nothing, and lists everything";
    case FaultKind::kSuspended:
      return Cat(incident.owner, " suspended");
    case FaultKind::kResumed:
      return Cat(incident.owner, " resumed");
    case FaultKind::kDeleted:
      return Cat(incident.owner, " deleted");
    case FaultKind::kScaled:
      return Cat(incident.owner, " scaled to ", incident.pods);
    case FaultKind::kPodCondition:
      return Cat("set on ", outcome.pod);
    case FaultKind::kContainerKilled:
    case FaultKind::kContainerOutOfMemory:
    case FaultKind::kContainerExits:
      return Cat("SIGKILL to ", incident.container, " of ", outcome.pod);
  }
  return {};
}

}  // namespace

std::string Describe(const Incident& incident, const IncidentOutcome& outcome) {
  switch (outcome.kind) {
    case OutcomeKind::kApplied:
      return DescribeApplied(incident, outcome);
    case OutcomeKind::kNoNode:
      return Cat("no effect: no node ", incident.node);
    case OutcomeKind::kNoPod:
      return Cat("no effect: no pod ", incident.pod);
    case OutcomeKind::kNoContainer:
      return Cat("no effect: no container ", incident.container, " in ", outcome.pod);
    case OutcomeKind::kPodNotOnNode:
      return Cat("no effect: ", outcome.pod, " is not on a node yet");
    case OutcomeKind::kPodNotRunning:
      return Cat("no effect: no container of ", outcome.pod, " is running");
    case OutcomeKind::kContainerNotRunning:
      return Cat("no effect: container ", incident.container, " of ", outcome.pod, " is not running");
    case OutcomeKind::kNoOwner:
      return Cat("no effect: no ", NameOf(incident.owner_kind), " ", incident.owner);
    case OutcomeKind::kRefused:
      return Cat("no effect: the API server refuses it: ", outcome.message);
    case OutcomeKind::kNotDue:
      return "no effect: the run ended before its time";
  }
  return {};
}

namespace {

std::string_view JobSetOf(const meta::ObjectMeta& metadata) {
  const SharedString* jobset = metadata.labels.Find(jobset::kJobSetName);
  return jobset != nullptr ? jobset->view() : std::string_view();
}

}  // namespace

bool IsCalled(const core::Pod& pod, std::string_view name) {
  return IsAmong(name, SpokenPodNames(pod.metadata.name, JobSetOf(pod.metadata)));
}

bool IsCalled(const batch::Job& job, std::string_view name) {
  return IsAmong(name, SpokenJobNames(job.metadata.name, JobSetOf(job.metadata)));
}

DisruptionTarget DisruptionTargetOf(FaultKind fault) {
  switch (fault) {
    case FaultKind::kNodeDrained:
    case FaultKind::kPodEvicted:
      return {"EvictionByEvictionAPI", "Eviction API: evicting"};
    case FaultKind::kNodeTainted:
      return {"DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint"};
    case FaultKind::kPodDeviceTainted:
      return {"DeletionByDeviceTaintManager", "Device Taint manager: deleting due to NoExecute taint"};
    case FaultKind::kNodeLost:
      return {"DeletionByPodGC", "PodGC: node no longer exists"};
    case FaultKind::kPodPreempted:
      return {"PreemptionByScheduler", "default-scheduler: preempting to accommodate a higher priority pod"};
    case FaultKind::kNodeShutDown:
    case FaultKind::kPodUnderPressure:
      return {"TerminationByKubelet", PodEndOf(fault).message};
    case FaultKind::kPodPreemptedByKubelet:
      return {"TerminationByKubelet", "Pod was preempted by Kubelet to accommodate a critical pod."};
    case FaultKind::kNodeBack:
    case FaultKind::kNodeUnreachable:
    case FaultKind::kPodOverStorageLimit:
    case FaultKind::kPodRefused:
    case FaultKind::kPodExits:
    case FaultKind::kPodNeverStarts:
    case FaultKind::kPodStaysPending:
    case FaultKind::kPodHangs:
    case FaultKind::kControllerRestarts:
    case FaultKind::kSuspended:
    case FaultKind::kResumed:
    case FaultKind::kDeleted:
    case FaultKind::kScaled:
    case FaultKind::kPodKilled:
    case FaultKind::kPodDeleted:
    case FaultKind::kPodCondition:
    case FaultKind::kContainerKilled:
    case FaultKind::kContainerOutOfMemory:
    case FaultKind::kContainerExits:
      return {};
  }
  return {};
}

DisruptionTarget PodEndOf(FaultKind fault) {
  if (fault == FaultKind::kNodeShutDown) {
    return {"Terminated", "Pod was terminated in response to imminent node shutdown."};
  }
  if (fault == FaultKind::kPodUnderPressure) return {"Evicted", "The node was low on resource: memory. "};
  if (fault == FaultKind::kPodOverStorageLimit) {
    return {"Evicted", "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. "};
  }
  if (fault == FaultKind::kPodPreemptedByKubelet) return {"Preempting", "Preempted in order to admit critical pod"};
  if (fault == FaultKind::kPodRefused) {
    return {"UnexpectedAdmissionError", "Allocate failed due to no healthy devices present, which is unexpected"};
  }
  return {};
}

bool OnlySimulated(FaultKind fault) {
  return fault == FaultKind::kNodeUnreachable || fault == FaultKind::kPodRefused ||
         fault == FaultKind::kPodNeverStarts || fault == FaultKind::kPodStaysPending || fault == FaultKind::kPodHangs ||
         fault == FaultKind::kControllerRestarts;
}

}  // namespace reprieve::world
