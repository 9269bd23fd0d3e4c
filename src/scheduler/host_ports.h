// Ports of its node that a pod asks for: no two pods of one node may have the same.
//
// Source: kube-scheduler's filter NodePorts: protocol and number are the same, and the address, or one of them asks for
// all. With hostNetwork every containerPort is one. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/core.h"

namespace reprieve::scheduler {

struct HostPort {
  std::string address;  // 0.0.0.0: all
  std::string protocol;
  std::int64_t port = 0;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

std::vector<HostPort> HostPortsOf(const core::PodSpec& pod);
bool Conflict(const HostPort& one, const HostPort& other);

}  // namespace reprieve::scheduler
