// Exclusive placement: each child Job in a topology domain of its own. The leader, the pod with completion index 0,
// finds a domain; its followers are kept to it.
//
// Source: spec/jobset.md 4. Pure: no I/O, no clock, no lock; safe from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/jobset.h"
#include "world/plan.h"

namespace reprieve::controllers {

// How the Jobs of one replicated job are placed. Null: not said.
struct ExclusivePlacement {
  const SharedString* topology = nullptr;       // null: like any pod
  const SharedString* node_selector = nullptr;  // not null: on nodes that the user has prepared for each Job
};
// By the annotations of both; what the template says wins (spec/jobset.md 2.9).
[[nodiscard]] ExclusivePlacement PlacementOf(const meta::Labels& jobset, const meta::Labels& job_template);

// What placement asks about other objects.
struct PlacementLookup {
  // What the Priority admission plugin gives a pod that names none; absent: there is no such plugin, and pods without
  // a priority keep nobody away.
  std::optional<std::int32_t> usual_priority = std::nullopt;
  // Pods of that name without its last part, in that namespace, of exclusively placed Jobs.
  std::function<std::vector<const core::Pod*>(const SharedString& name_space, const std::string& base)> pods;
  // Null pointer if there is no such node.
  std::function<const core::Node*(const std::string& name)> node;
};

// True if this pod's place follows from annotations, by the rules of this file and not by prepared nodes.
[[nodiscard]] bool IsPlacedExclusively(const core::Pod& pod);
[[nodiscard]] bool IsLeader(const core::Pod& pod);

// What becomes of a pod of a JobSet when it is created (spec/jobset.md 4.1, 4.2); an error refuses it, in the webhook's
// words.
[[nodiscard]] Status PlacePod(core::Pod& pod, const PlacementLookup& lookup);
// Whether a message, of an event say, tells of a follower that was refused until its leader has a node.
[[nodiscard]] bool IsDeniedFollower(std::string_view message);

// Followers that are kept to another domain than their leader's are disrupted, all of them (spec/jobset.md 4.4). The
// plan is empty if there are none, or if the leader's domain is not known yet.
[[nodiscard]] world::Plan ReconcilePlacement(const core::Pod& leader, const std::vector<const core::Pod*>& pods,
                                             const PlacementLookup& lookup);

}  // namespace reprieve::controllers
