// Recorder: Events about Jobs and JobSets, in the form that each one's controller has: core/v1 for Jobs,
// events.k8s.io/v1 for JobSets. Best effort, and bounded: what an API server is too slow for is dropped and counted.
//
// As client-go has it: the same event again within ten minutes raises the count of the one that is there. Of one reason
// about one object nine texts are told within ten minutes, the others are combined in one event, whose count says how
// many there were. Of one object 25 events go out at once, then one in 5 minutes.
//
// Unlike it: what was decided is never combined, and has an allowance of its own, 100 at once
// and then one in 10 s; what exceeds even that is said by the next. Verdicts that decide nothing share the former rules
// but not the object's allowance, so that they are not lost among "Created pod".
//
// Source: the figures are those seen of client-go. Thread rules: the loop's.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "kube/missing_rights.h"
#include "kube/rest.h"
#include "model/meta.h"
#include "world/api.h"
#include "world/verdict.h"

namespace reprieve::kube {

class Recorder {
 public:
  Recorder(Rest& rest, std::string instance);
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder() { *alive_ = false; }

  // `about`: of the object as it is known. `decided`: the event tells what was decided, not only what has happened.
  void Record(const world::Event& event, const meta::ObjectMeta& about, bool decided = false);

  std::uint64_t dropped() const { return dropped_; }
  // Looks at each answer; must outlive it.
  void set_rights(MissingRights* rights) { rights_ = rights; }

 private:
  static constexpr std::size_t kMaxKnown = 4096;
  static constexpr std::size_t kMaxInFlight = 200;

  // One that was sent.
  struct Known {
    std::string key;
    std::string name;
    std::int32_t count = 1;
    Time last;
  };
  // What an object may still have.
  struct Allowance {
    double left = 0;
    Time since;
    std::uint64_t refused = 0;  // since the last that was told
  };
  // Of one reason about one object.
  struct Similar {
    std::unordered_set<std::string> texts{};
    Time last{};
  };

  // Null pointer: not now.
  Allowance* Allow(const std::string& account, Time now, bool decided);
  // True if its text is one too many of its reason.
  bool IsCombined(const std::string& reason, const world::Event& event);
  void Create(const world::Event& event, const meta::ObjectMeta& about, const std::string& key);
  void Again(const world::Event& event, const meta::ObjectMeta& about, Known& known);
  void Send(Ask ask);

  Rest& rest_;
  const std::string instance_;
  std::list<Known> order_;  // used last at the end
  std::unordered_map<std::string, std::list<Known>::iterator> known_;
  std::unordered_map<std::string, Allowance> allowances_;
  std::unordered_map<std::string, Similar> similar_;
  std::size_t in_flight_ = 0;
  std::uint64_t dropped_ = 0;
  MissingRights* rights_ = nullptr;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// The reason of the Event that tells a verdict.
inline constexpr std::string_view kJudged = "Judged";
// That Event. Nothing of it comes from a Secret: facts are exit codes, conditions and names.
world::Event EventOf(const world::Verdict& verdict);

}  // namespace reprieve::kube
