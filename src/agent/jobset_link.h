// JobSetLink: how an agent hears of its JobSet and says which attempt its pod is at.
//
// `run` is reached through a socket (socket_link.h); a Kubernetes API can stand in the same place. Nothing blocks: the
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
  // What it waits for; fd -1: nothing but the time.
  virtual pollfd poll_request() const = 0;
  virtual std::optional<Clock::time_point> due() const = 0;
  // Does what can be done now, at any time; the newest that was heard, if anything was.
  virtual std::optional<policy::InPlaceNews> Go(Clock::time_point now) = 0;
  // The pod's attempt; it is told as soon as that is possible.
  virtual void Report(std::int32_t attempt) = 0;
};

}  // namespace reprieve::agent
