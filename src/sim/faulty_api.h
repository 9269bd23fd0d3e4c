// FaultyApi: an Api in front of a store whose writes take time and go wrong by seed, or after which the controller is
// gone.
//
// One owner, the simulation's thread.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "sim/agenda.h"
#include "store/store.h"
#include "world/api.h"
#include "world/clock.h"

namespace reprieve::sim {

struct FaultRates {
  // One write in so many; 0: never.
  std::uint64_t unavailable = 0;  // no answer; of writes that may be repeated, half take effect, before it or later
  std::uint64_t conflict = 0;     // somebody else writes the Job first
  std::uint64_t crash = 0;        // the controller is gone, before the write or after it
  std::uint64_t forbidden = 0;    // of creations: a quota or a policy refuses it, which passes
  std::uint64_t modified = 0;     // 409 to what changes an object, though nobody else has
  std::uint64_t refused = 0;      // 422 to an update of a spec, by a rule of admission that passes
  std::uint64_t throttled = 0;    // 429 or 503 with Retry-After: the client waits, and sends it then
  // Exactly at the n-th write, counted from 1; 0: nowhere.
  std::uint64_t crash_at = 0;
  bool crash_after = false;      // that write has taken effect
  Nanoseconds crash_landing{0};  // or does so that much later
  // Creations of pods may take effect without an answer, too. A second pod can come of it, here as upstream: names are
  // generated.
  bool strays = false;
  // What got no answer, and what a controller that is gone had sent, may still take effect within that time.
  // 0: at once, or within `slowest`, or never.
  Nanoseconds latest_landing{0};
  // A write takes effect within that time, and is answered within that time again: so writes overtake each other.
  // 0: at once.
  Nanoseconds slowest{0};
};

class FaultyApi final : public world::Api {
 public:
  FaultyApi(store::Store& store, Agenda& agenda, const world::Clock& clock, Random& random, FaultRates rates)
      : store_(store), agenda_(agenda), clock_(clock), random_(random), rates_(rates) {}
  FaultyApi(const FaultyApi&) = delete;
  FaultyApi& operator=(const FaultyApi&) = delete;

  // The controller has crashed: nothing that it asks for from now on happens, and nothing is answered.
  bool crashed() const { return crashed_; }
  // Ends it, between two writes.
  void Crash() { crashed_ = true; }
  // No faults from now on.
  void Calm() { calm_ = true; }
  // Another controller begins. What the former had on the wire takes effect now or never.
  void Revive();
  // How many writes were asked for.
  std::uint64_t writes() const { return writes_; }
  // Creations that took effect without an answer to the controller that leads then.
  std::uint64_t strays() const { return strays_; }
  // What takes effect right now was sent by a controller that has crashed.
  bool writes_of_a_former() const { return of_a_former_; }
  // Statuses that validation has refused, in the server's words.
  const std::vector<std::string>& refused() const { return refused_; }

  void Submit(world::Request&& request, world::Completion&& done) override;
  void RecordEvent(const world::Event& event) override;

 private:
  // A request until it has taken effect and been answered.
  struct Pending {
    world::Request request;
    world::Completion done;
    bool repeatable = true;        // the same write may follow one whose outcome is unknown
    bool over = false;             // it has taken effect, or never will
    bool answered = false;         // `result` is what the controller is told, whatever comes of it
    std::uint64_t controller = 0;  // that asks
    world::WriteResult result;
  };
  using PendingPointer = std::shared_ptr<Pending>;

  bool Happens(std::uint64_t one_in) { return !calm_ && one_in > 0 && random_.OneIn(one_in); }
  Nanoseconds SomeTime() { return Nanoseconds(random_.Between(0, rates_.slowest.count())); }
  void Send(const PendingPointer& pending);
  // What the write comes to, and its answer.
  void Arrive(const PendingPointer& pending);
  // A time-out: the write may take effect all the same, now or later.
  void LeaveUnanswered(const PendingPointer& pending);
  void TakeEffect(Pending& pending);
  // Takes effect after that time, whoever leads then.
  void Land(const PendingPointer& pending, Nanoseconds after);
  // A refusal without an effect; a null pointer: none.
  const world::WriteResult* Refusal(const world::Request& request);
  void Answer(const PendingPointer& pending);
  // Now, or after some time if writes take any; not after a crash.
  template <class Step>
  void Later(const PendingPointer& pending, Step step);
  // Another client's write, which changes nothing that controllers look at.
  void WriteFirst(const world::Request& request);

  store::Store& store_;
  Agenda& agenda_;
  const world::Clock& clock_;
  Random& random_;
  const FaultRates rates_;
  bool crashed_ = false;
  std::uint64_t controller_ = 0;  // which one asks
  bool calm_ = false;
  std::uint64_t writes_ = 0;
  std::uint64_t strays_ = 0;
  bool of_a_former_ = false;
  std::list<PendingPointer> on_the_wire_;
  std::vector<std::string> refused_;
};

}  // namespace reprieve::sim
