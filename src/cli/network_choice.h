// --network: which network pods get, by what is asked for and by what the manifests say.
//
// Pure. Source: decisions/0005.
#pragma once

#include <string>

#include "cli/load.h"
#include "node/local_world.h"

namespace reprieve::cli {

struct NetworkChoice {
  node::Networks networks = node::Networks::kMachine;
  // What in the manifests speaks for it, as half a sentence; empty: it was asked for, or nothing speaks for another.
  std::string reason;
};

// `option` is host, pod or auto. By itself it is networks of their own for pods with names, if several of them declare
// one port: that can work in no other way where they listen on 0.0.0.0, and all else works as on this machine.
NetworkChoice ChooseNetwork(const std::string& option, const Loaded& loaded);

}  // namespace reprieve::cli
