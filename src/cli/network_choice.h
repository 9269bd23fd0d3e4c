// --network: which network pods get, by what is asked for and by what the manifests say.
//
// Pure. Source: decisions/0005.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/load.h"
#include "node/local_world.h"

namespace reprieve::cli {

struct NetworkChoice {
  node::Networks networks = node::Networks::kMachine;
  // What speaks for networks of pods' own, as the beginning of a sentence: "several pods declare the containerPort
  // 5000"; empty: nothing does.
  std::string reason;
};

// `option` is host, pod or auto. By itself it is networks of their own for pods with names, if several of them declare
// one port: that can work in no other way where they listen on 0.0.0.0, and all else works as on this machine.
NetworkChoice ChooseNetwork(const std::string& option, const Loaded& loaded);

// The port, with its protocol unless TCP, that two or more pods with names declare: the one that most do.
std::optional<std::string> PortOfSeveralPods(const Loaded& loaded);

}  // namespace reprieve::cli
