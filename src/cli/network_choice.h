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
  // What in the manifests led to it, as half a sentence; empty: it was asked for, or is the default.
  std::string reason;
};

// `option` is host, pod or auto. auto gives pods with names networks of their own if several of them declare the same
// port: if they listen on 0.0.0.0 nothing else can work. All other manifests work on this machine's network.
NetworkChoice ChooseNetwork(const std::string& option, const Loaded& loaded);

}  // namespace reprieve::cli
