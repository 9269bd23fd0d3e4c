// Ports of a pod's containers that get in each other's way.
//
// Source: the `warnings` of the recordings; tests/vectors/pods.yaml. Internal to the module. Pure; safe from any
// thread.
#pragma once

#include <string>
#include <vector>

#include "document/value.h"

namespace reprieve::admission {

// `path`: of the pod's spec.
void AppendPortWarnings(const document::Value& pod_spec, const std::string& path, std::vector<std::string>& out);

}  // namespace reprieve::admission
