// What this machine has, and the virtual nodes it is divided into.
//
// Thread rules: any thread. DetectMachine reads /proc, /sys and /dev; MakeNodes is pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "scheduler/placement.h"

namespace reprieve::node {

struct MachineCapacity {
  scheduler::Resources resources;  // cpu, memory, pods, and nvidia.com/gpu if there is one
  std::vector<int> gpus;
};

// What this process may use: the processors it may run on, the memory and cpu that its cgroup leaves it, the GPUs in
// /dev, and as many pods as its limit on open files can hold.
MachineCapacity DetectMachine();

struct NodeOptions {
  int count = 1;
  // Instead of what the machine has, for each node: cpu=4, memory=8Gi, nvidia.com/gpu=2.
  std::map<std::string, std::string> capacity;
  std::map<std::string, std::string> labels;
  // NODE:KEY=VALUE, NODE with * and ?: labels of some nodes. The later rule wins.
  std::vector<std::string> label_rules;
  // The same of what some nodes have to give: n1:nvidia.com/gpu=8.
  std::vector<std::string> resource_rules;
  std::vector<scheduler::Taint> taints;
  // NODE:KEY[=VALUE]:EFFECT.
  std::vector<std::string> taint_rules;
};

// n1 to nN, each with an even share. A share of GPUs is whole; the first nodes get those left over.
Result<std::vector<scheduler::Node>> MakeNodes(const NodeOptions& options, const MachineCapacity& machine);

}  // namespace reprieve::node
