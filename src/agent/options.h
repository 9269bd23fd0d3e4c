// An agent's options, read from the environment of its container.
//
// Source: spec/jobset.md 2.14: the names and defaults are upstream's. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace reprieve::agent {

struct Options {
  std::string jobset;
  std::string pod;
  // Empty in sidecar form; set in main-container form.
  std::string worker_command;
  // The path of the startup probe, in sidecar form.
  std::string probe_path = "/barrier-is-down";
  std::uint16_t probe_port = 8081;
  // The address to listen on for the probe; empty: every address.
  std::string probe_address;
  // The exit code that makes the pod restart in place.
  int exit_code = 1;
  // The socket of `run` for this agent; empty: there is none.
  std::string socket;

  bool sidecar() const { return worker_command.empty(); }
};

struct ReadOptions {
  Options options;
  // One sentence per problem; the options are valid only if there is none.
  std::vector<std::string> problems;
};

// `variable`: the value of an environment variable; empty if it is not set.
ReadOptions ReadEnvironment(const std::function<std::string(std::string_view)>& variable);

}  // namespace reprieve::agent
