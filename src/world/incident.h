// Incidents: what happens to nodes, pods and containers, written as a sentence, to rehearse a policy before it happens
// for real.
//
//   node n2 is drained at 10s
//   node n1 is lost at 20s
//   pod workers-0-1 is killed at 12s
//   pod leader-0-0 exits 42 at 5s
//   container main of pod leader-0-0 is out of memory at 5s
//   container main of pod leader-0-0 exits SIGSEGV at 5s
//   pod leader-0-0 gets condition ConfigIssue at 3s
//   pod workers-0-2 never starts
//   JobSet train is suspended at 1m
//   controller restarts at 30s
//
//   incident  = "node" NAME "is" ("drained" | "tainted" | "lost" | "unreachable" | "shut down" | "back") when
//             | "pod" NAME "is" ("killed" | "deleted" | "evicted" | "preempted" | "evicted under memory pressure" |
//               "evicted over its storage limit" | "preempted by the kubelet" | "deleted for a device taint" |
//               "refused by its node") when
//             | "pod" NAME "gets condition" TYPE ["=" STATUS] ["because" REASON] when
//             | "pod" NAME "exits" ["with" | "by"] end when         every regular container of it that runs
//             | "pod" NAME ("never starts" | "stays pending" | "hangs") [when]     the first one from then on
//             | "container" NAME "of pod" NAME ("is" ("killed" | "out of memory") | "exits" end) when
//             | ("Job" | "JobSet") NAME "is" ("suspended" | "resumed" | "deleted") when
//             | "Job" NAME "is scaled to" NUMBER when
//             | "controller restarts" when
//   end       = CODE | SIGNAL                                        137; SIGKILL, which is 128 and its number
//   when      = "at" DURATION                                        since the beginning
//
// One language for `run --inject` and for policy tests. What each does to a pod is spec/job.md 4.3.
// Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/time.h"
#include "base/word_reader.h"
#include "model/batch.h"
#include "model/core.h"
#include "world/api.h"

namespace reprieve::world {

enum class FaultKind : std::uint8_t {
  kNodeDrained,            // cordoned; its pods are evicted through the Eviction API
  kNodeTainted,            // NoExecute: the taint manager deletes its pods
  kNodeLost,               // gone with all that ran on it; its pods are failed by the garbage collector
  kNodeUnreachable,        // it does not answer, and its object stays
  kNodeShutDown,           // gracefully: the kubelet ends its pods
  kNodeBack,               // takes pods again
  kPodKilled,              // every process of it, by SIGKILL, on the node
  kPodDeleted,             // by a user
  kPodEvicted,             // through the Eviction API
  kPodPreempted,           // by the scheduler
  kPodUnderPressure,       // evicted by the kubelet for want of memory
  kPodOverStorageLimit,    // evicted by the kubelet for what it has written
  kPodPreemptedByKubelet,  // for a critical pod
  kPodDeviceTainted,       // the device taint manager deletes it
  kPodRefused,             // the kubelet does not admit it
  kPodCondition,
  kPodExits,
  kPodNeverStarts,   // it is bound, and its containers are never created
  kPodStaysPending,  // it is not bound
  kPodHangs,         // it runs until something ends it
  kContainerKilled,
  kContainerOutOfMemory,
  kContainerExits,
  kControllerRestarts,  // another takes over, which knows nothing but what it lists
  kSuspended,           // a Job or JobSet, by a user, like the rest
  kResumed,
  kDeleted,
  kScaled,  // a Job's parallelism
};
// Those that only a simulated world can do: real pods and nodes can't be made to.
[[nodiscard]] bool OnlySimulated(FaultKind fault);

struct Incident {
  FaultKind fault = FaultKind::kPodKilled;
  std::string node;       // of a node's
  std::string pod;        // of a pod's and a container's
  std::string container;  // of a container's
  std::string owner;      // of a Job's or JobSet's
  Kind owner_kind = Kind::kJob;
  std::int32_t pods = 0;  // that it is scaled to
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
  kNoOwner,              // there is no such Job or JobSet
  kRefused,              // by the API server, which says why
  kNotDue,               // the run ended before its time
};
struct IncidentOutcome {
  OutcomeKind kind = OutcomeKind::kApplied;
  std::size_t count = 0;  // of a node's: how many pods it changed
  std::string pod = {};   // the pod's full name, if one was found
  std::string message = {};
  std::size_t later = 0;  // of a taint's: pods whose tolerationSeconds let them stay for now
  bool happened() const { return kind == OutcomeKind::kApplied; }
};
// In words: "2 pods evicted", "no effect: no pod workers-0-1".
[[nodiscard]] std::string Describe(const Incident& incident, const IncidentOutcome& outcome);

using IncidentError = WordError;

[[nodiscard]] std::variant<Incident, IncidentError> ParseIncident(std::string_view text);

// "42", "SIGSEGV": the exit code that a container runtime reports; nullopt: neither.
[[nodiscard]] std::optional<std::int32_t> ExitCodeOf(std::string_view word);

// Whether people who say `name` can mean this pod, or this Job (spoken_names.h).
[[nodiscard]] bool IsCalled(const core::Pod& pod, std::string_view name);
[[nodiscard]] bool IsCalled(const batch::Job& job, std::string_view name);

// The condition DisruptionTarget that this fault brings, as the component writes it that is at work; empty texts: none.
struct DisruptionTarget {
  std::string_view reason;
  std::string_view message;
};
[[nodiscard]] DisruptionTarget DisruptionTargetOf(FaultKind fault);
// The NoExecute taint that a node gets which "is tainted".
inline constexpr std::string_view kIncidentTaint = "reprieve.dev/incident";

// The reason and the message that the kubelet gives a pod which it ends so; empty: none.
[[nodiscard]] DisruptionTarget PodEndOf(FaultKind fault);

}  // namespace reprieve::world
