// What an agent is told by the environment of its container.
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
  // Empty: sidecar form, else main-container form.
  std::string worker_command;
  // Where the startup probe of the sidecar form asks.
  std::string probe_path = "/barrier-is-down";
  std::uint16_t probe_port = 8081;
  // Where to listen for it; empty: at every address.
  std::string probe_address;
  // With what to exit so that the pod restarts in place.
  int exit_code = 1;
  // Where `run` listens for this agent; empty: nowhere.
  std::string socket;

  bool sidecar() const { return worker_command.empty(); }
};

struct ReadOptions {
  Options options;
  // What is wrong, one clear sentence each; options hold only if there is nothing.
  std::vector<std::string> problems;
};

// `variable`: the value of an environment variable; empty if it is not set.
ReadOptions ReadEnvironment(const std::function<std::string(std::string_view)>& variable);

}  // namespace reprieve::agent
