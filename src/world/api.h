// Api: what takes the writes of controllers, in every world.
//
// The local and the simulated world answer from their store, the cluster world will answer from a Kubernetes API
// server. Called on the engine's thread only, and answers there.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "world/request.h"

namespace reprieve::world {

// What a plan or an event is about.
enum class Kind : std::uint8_t { kJob, kJobSet };
std::string_view NameOf(Kind kind);
struct Subject {
  Kind kind = Kind::kJob;
  meta::ObjectKey key;
  auto operator<=>(const Subject&) const = default;
};

struct Event {
  Time at;
  Subject about;
  bool warning = false;
  SharedString reason;
  std::string message;
};

class Api {
 public:
  virtual ~Api() = default;

  // Hands over one write. `done` is called once with its answer: before Submit returns where the store is at hand,
  // later and in any order elsewhere. After the engine has gone it is not called any more; what was handed over may
  // still take effect.
  virtual void Submit(Request&& request, Completion&& done) = 0;

  // Best effort: an event that is lost changes nothing.
  virtual void RecordEvent(const Event& event) = 0;
};

}  // namespace reprieve::world
