// The protocol between `run` and an agent inside a pod (`reprieve agent`).
//
// `run` gives each pod that may have an agent a private Unix stream socket. Its path, as the pod's containers see it,
// is in REPRIEVE_AGENT_SOCKET. Only that pod can connect to it, so the socket identifies the pod and no name is sent.
//
// JSON objects, one per line (at most kMaxAgentLine bytes including the newline):
//
//   to the agent, on connection and whenever it changes; only the newest counts:
//     {"strategy": "InPlaceRestart", "disabled": false, "current": 0, "previous": 0}
//     `current` and `previous` are the JobSet's status.currentInPlaceRestartAttempt and previousInPlaceRestartAttempt;
//     absent while those are not set.
//   from the agent, once it has chosen, and again after each reconnect:
//     {"attempt": 1}
//
// Unknown members are ignored. A peer that breaks these rules is disconnected.
// Pure; safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "policy/in_place_agent.h"

namespace reprieve::node {

inline constexpr std::string_view kAgentSocketVariable = "REPRIEVE_AGENT_SOCKET";
// The pod's own address, on which an agent must listen for probes to reach it.
inline constexpr std::string_view kPodAddressVariable = "REPRIEVE_POD_ADDRESS";
inline constexpr std::size_t kMaxAgentLine = 4096;

// One line, with its newline.
std::string EncodeNews(const policy::InPlaceNews& news);
std::string EncodeAttempt(std::int32_t attempt);
// Parses one line, without its newline.
Result<policy::InPlaceNews> DecodeNews(std::string_view line);
Result<std::int32_t> DecodeAttempt(std::string_view line);

// Splits a stream of bytes into lines.
class AgentLines {
 public:
  // False: a line is too long, and the stream is unusable.
  [[nodiscard]] bool Add(std::string_view bytes);
  // The next complete line, if there is one.
  std::optional<std::string> Take();

 private:
  std::string text_;
};

}  // namespace reprieve::node
