// JobSetLink: how an agent learns about its JobSet and reports its pod's attempt.
//
// socket_link.h implements it with a socket of `run`; a Kubernetes API could implement it too. Nothing blocks: the
// agent's loop waits for `poll_request` and `due`, and then calls Go. One owner, no lock.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <optional>

#include "policy/in_place_agent.h"

namespace reprieve::agent {

using Clock = std::chrono::steady_clock;

class JobSetLink {
 public:
  virtual ~JobSetLink() = default;
  // What to wait for; fd -1: only for `due`.
  virtual pollfd poll_request() const = 0;
  virtual std::optional<Clock::time_point> due() const = 0;
  // Does what can be done now. May be called at any time. Returns the newest news, if any came.
  virtual std::optional<policy::InPlaceNews> Go(Clock::time_point now) = 0;
  // Reports the pod's attempt as soon as possible.
  virtual void Report(std::int32_t attempt) = 0;
};

}  // namespace reprieve::agent
