// The agent's part of an in-place restart: how one pod reacts to the status of its JobSet.
//
// A barrier holds the pod's worker back until every pod of the JobSet has reached the same attempt. A pod whose attempt
// is over restarts its containers, and joins the next one.
//
// Source: spec/jobset.md 2.14 (agent). Pure: no I/O, no clock, no lock; one owner.
#pragma once

#include <cstdint>
#include <optional>

namespace reprieve::policy {

// What an agent needs to know about its JobSet.
struct InPlaceNews {
  bool in_place = false;                 // its restart strategy is InPlaceRestart
  bool disabled = false;                 // it carries the annotation that switches agents off
  std::optional<std::int32_t> current;   // the attempt that all pods have reached
  std::optional<std::int32_t> previous;  // the newest attempt that is over

  bool operator==(const InPlaceNews&) const = default;
};

// What to do, in this order.
struct InPlaceStep {
  std::optional<std::int32_t> report;  // this is the pod's attempt from now on
  bool restart = false;                // end everything, so that the containers restart; this is the last step
  bool lift = false;                   // the worker may begin
};

class InPlaceAgent {
 public:
  // Unchanged news requires no step.
  [[nodiscard]] InPlaceStep Hear(const InPlaceNews& news);

  // Absent: not chosen yet.
  std::optional<std::int32_t> attempt() const { return attempt_; }
  bool lifted() const { return lifted_; }

 private:
  std::optional<std::int32_t> attempt_;
  bool lifted_ = false;
};

}  // namespace reprieve::policy
