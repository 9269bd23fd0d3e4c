// SocketLink: the link to `run` on the same machine (node/agent_protocol.h).
//
// A connection that breaks or can't be made is retried, with waits that double from 50 ms to 5 s; it then reports the
// pod's attempt again. One owner, no lock.
#pragma once

#include <functional>
#include <string>

#include "agent/jobset_link.h"
#include "node/agent_protocol.h"
#include "runtime/fd.h"

namespace reprieve::agent {

class SocketLink final : public JobSetLink {
 public:
  // `say`: a line for people, when the connection is lost or can't be made.
  SocketLink(std::string path, std::function<void(const std::string&)> say);

  pollfd poll_request() const override;
  std::optional<Clock::time_point> due() const override;
  std::optional<policy::InPlaceNews> Go(Clock::time_point now) override;
  void Report(std::int32_t attempt) override;

 private:
  bool Connect(Clock::time_point now);
  bool Send();
  // False: the connection is broken.
  bool Receive(std::optional<policy::InPlaceNews>& newest);
  void Lose(Clock::time_point now, const std::string& why);

  const std::string path_;
  const std::function<void(const std::string&)> say_;
  runtime::Fd socket_;
  node::AgentLines heard_;
  std::string unsent_;
  std::optional<std::int32_t> attempt_;
  Clock::time_point retry_at_{};
  Clock::duration wait_;
  bool said_ = false;
};

}  // namespace reprieve::agent
