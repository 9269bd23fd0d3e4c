// Incidents: what happens to nodes, pods and containers, written as a sentence, to rehearse a policy before it happens
// for real.
//
//   node n2 is drained at 10s
//   node n1 is lost at 20s
//   pod workers-0-1 is killed at 12s
//   container main of pod leader-0-0 is out of memory at 5s
//   container main of pod leader-0-0 exits 42 at 5s
//   pod leader-0-0 gets condition ConfigIssue at 3s
//
//   incident  = "node" NAME "is" ("drained" | "tainted" | "lost" | "shut down" | "back") when
//             | "pod" NAME "is" ("killed" | "deleted" | "evicted" | "preempted" | "evicted under memory pressure") when
//             | "pod" NAME "gets condition" TYPE ["=" STATUS] ["because" REASON] when
//             | "container" NAME "of pod" NAME ("is" ("killed" | "out of memory") | "exits" CODE) when
//   when      = "at" DURATION                       since the beginning
//
// One language for `run --inject`, for policy tests and for scenarios. What each does to a pod is spec/job.md 4.3.
// Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/time.h"
#include "model/core.h"

namespace reprieve::world {

enum class FaultKind : std::uint8_t {
  kNodeDrained,       // cordoned; its pods are evicted through the Eviction API
  kNodeTainted,       // NoExecute: the taint manager deletes its pods
  kNodeLost,          // gone with all that ran on it; its pods are failed by the garbage collector
  kNodeShutDown,      // gracefully: the kubelet ends its pods
  kNodeBack,          // takes pods again
  kPodKilled,         // every process of it, by SIGKILL, on the node
  kPodDeleted,        // by a user
  kPodEvicted,        // through the Eviction API
  kPodPreempted,      // by the scheduler
  kPodUnderPressure,  // evicted by the kubelet for want of memory
  kPodCondition,
  kContainerKilled,
  kContainerOutOfMemory,
  kContainerExits,
};

struct Incident {
  FaultKind fault = FaultKind::kPodKilled;
  std::string node;       // of a node's
  std::string pod;        // of a pod's and a container's
  std::string container;  // of a container's
  std::string condition;
  std::string condition_status = "True";
  std::string condition_reason;
  std::int32_t exit_code = 0;
  Nanoseconds at{};         // since the beginning
  std::string text;         // as it was given
  std::size_t name_at = 0;  // where in `text` the node's or pod's name begins
};

// What came of an incident.
enum class OutcomeKind : std::uint8_t {
  kApplied,              // to `count` pods of a node, or to `pod`, or to `container` of it
  kNoNode,               // there is no such node
  kNoPod,                // no such pod is there, or it has ended
  kNoContainer,          // the pod has no such container
  kPodNotOnNode,         // the pod has no node yet
  kPodNotRunning,        // no container of the pod runs
  kContainerNotRunning,  // that container does not run
  kNotDue,               // the run ended before its time
};
struct IncidentOutcome {
  OutcomeKind kind = OutcomeKind::kApplied;
  std::size_t count = 0;  // of a node's: how many pods it changed
  std::string pod = {};   // the pod's full name, if one was found
  bool happened() const { return kind == OutcomeKind::kApplied; }
};
// In words: "2 pods evicted", "no effect: no pod workers-0-1".
[[nodiscard]] std::string Describe(const Incident& incident, const IncidentOutcome& outcome);

// What cannot be read: the word that is wrong, and what was expected.
struct IncidentError {
  std::string message;
  std::size_t at = 0;  // where in the text the word begins
  std::size_t length = 0;
};

[[nodiscard]] std::variant<Incident, IncidentError> ParseIncident(std::string_view text);

// Whether people who say `name` can mean this pod: its name, or that without the part that the server has chosen, or,
// of a JobSet, that without the JobSet's name: train-workers-0-1-x2x4z, train-workers-0-1, workers-0-1.
[[nodiscard]] bool IsCalled(const core::Pod& pod, std::string_view name);

// The condition DisruptionTarget that this fault brings, as the component writes it that is at work; empty texts: none.
struct DisruptionTarget {
  std::string_view reason;
  std::string_view message;
};
[[nodiscard]] DisruptionTarget DisruptionTargetOf(FaultKind fault);
// The reason and the message that the kubelet gives a pod which it ends so; empty: none.
[[nodiscard]] DisruptionTarget PodEndOf(FaultKind fault);

}  // namespace reprieve::world
