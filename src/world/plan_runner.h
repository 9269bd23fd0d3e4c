// PlanRunner: carries out plans against an Api. A plan is handed over, its report comes later, and many are in flight
// at once.
//
// Stages keep their order. The writes of one stage are handed over at once, but creations of pods as upstream's
// controllers do it: one, then two, then four and so on, each batch once the one before it has been answered; after a
// failure none. What is created and deleted is announced as upstream announces it. Where the Api answers within Submit,
// a plan is over when Run returns.
//
// One owner, the engine's thread. It must outlive the answers of its Api (Api::Submit).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>

#include "base/flat_hash.h"
#include "world/api.h"
#include "world/clock.h"
#include "world/plan.h"

namespace reprieve::world {

class PlanRunner {
 public:
  using Done = std::function<void(const PlanReport&)>;

  // Requests of all plans that may be unanswered at once; the others wait for their turn.
  static constexpr std::size_t kMaxRequests = 500;

  PlanRunner(Api& api, const Clock& clock, std::size_t max_requests = kMaxRequests);
  PlanRunner(const PlanRunner&) = delete;
  PlanRunner& operator=(const PlanRunner&) = delete;
  ~PlanRunner();

  // Takes from `plan` what it creates. The plan must stay where it is until `done` is called, once; `done` may hand
  // over the next one.
  void Run(Plan& plan, Done done);

  // Plans whose report is not in.
  std::size_t in_flight() const { return running_.size(); }

 private:
  struct Running;
  class Steps;

  // Goes on with the plan until it waits for an answer or is done.
  void Advance(Running& running);
  // Hands over what the stage may hand over now.
  void SubmitStage(Running& running);
  void Answered(Running& running, std::uint32_t write, std::uint32_t step, const WriteResult& result);
  void Finish(Running& running);
  // Those that have waited for their turn longest.
  void ResumeHeld();

  Api& api_;
  const Clock& clock_;
  const std::size_t max_requests_;
  std::size_t requests_ = 0;  // unanswered
  FlatSet<Running*> running_;
  std::deque<Running*> held_;  // at the limit
};

}  // namespace reprieve::world
