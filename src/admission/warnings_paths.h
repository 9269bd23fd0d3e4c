// Files of one volume that lie over each other.
//
// Source: kube-apiserver 1.37.2 in tests/vectors/pods.yaml. Internal to the module. Pure; safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "document/value.h"

namespace reprieve::admission {

// `volumes`: those of a pod's spec.
void AppendPathWarnings(const document::Value& volumes, std::vector<std::string>& out);

}  // namespace reprieve::admission
