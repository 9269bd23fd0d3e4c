// Rules about some of the virtual nodes, as the command line has them: NODE:KEY=VALUE, NODE with * and ?.
//
// The later rule wins. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "scheduler/placement.h"

namespace reprieve::node {

// --node-label n1:rack=a.
Status ApplyLabelRules(const std::vector<std::string>& rules, std::vector<scheduler::Node>& nodes);

// --node-resource n1:nvidia.com/gpu=8: what a node has to give, whatever this machine has. GPUs that are not there have
// no numbers: a node that is given more than it has keeps none of its own, so that no pod takes a real one for its
// share of those that are not.
Status ApplyResourceRules(const std::vector<std::string>& rules, std::vector<scheduler::Node>& nodes);

// --node-taint n1:gpu=yes:NoSchedule, or n1:gpu:NoSchedule.
Status ApplyTaintRules(const std::vector<std::string>& rules, std::vector<scheduler::Node>& nodes);

}  // namespace reprieve::node
