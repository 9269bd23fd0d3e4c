// What is spoken between `run` and an agent inside of a pod (`reprieve agent`), and where they meet.
//
// `run` gives each pod that may have an agent one private Unix stream socket. Its path, as the pod's containers see it,
// is in REPRIEVE_AGENT_SOCKET. Who can connect is in the pod: the socket is the identity, and no name is sent.
//
// JSON objects, one a line (at most kMaxAgentLine bytes with the end of the line):
//
//   to the agent, at once and whenever it changes; of several only the newest counts:
//     {"strategy": "InPlaceRestart", "disabled": false, "current": 0, "previous": 0}
//     `current` and `previous` are the JobSet's status.currentInPlaceRestartAttempt and previousInPlaceRestartAttempt;
//     left out as long as these are not set.
//   from the agent, once it has chosen, and again after it had to connect anew:
//     {"attempt": 1}
//
// Members that are not known are ignored. A peer that breaks these rules is disconnected.
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
// The pod's own address, where a server of its must listen for probes to find it.
inline constexpr std::string_view kPodAddressVariable = "REPRIEVE_POD_ADDRESS";
inline constexpr std::size_t kMaxAgentLine = 4096;

// One line, with its end.
std::string EncodeNews(const policy::InPlaceNews& news);
std::string EncodeAttempt(std::int32_t attempt);
// Of one line, without its end.
Result<policy::InPlaceNews> DecodeNews(std::string_view line);
Result<std::int32_t> DecodeAttempt(std::string_view line);

// Lines out of a stream of bytes.
class AgentLines {
 public:
  // False: a line is too long, nothing more can be read.
  [[nodiscard]] bool Add(std::string_view bytes);
  // The next whole line, if there is one.
  std::optional<std::string> Take();

 private:
  std::string text_;
};

}  // namespace reprieve::node
