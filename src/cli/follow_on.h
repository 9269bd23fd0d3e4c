// Errors that are there only because a value of the wrong type was left out.
//
// Pure; safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "cli/diagnostic.h"
#include "document/value.h"

namespace reprieve::cli {

// `dropped`: the paths of the values of `manifest` that were left out.
bool FollowsFromDropped(const document::Value& manifest, const Diagnostic& complaint,
                        const std::vector<std::string>& dropped);

}  // namespace reprieve::cli
