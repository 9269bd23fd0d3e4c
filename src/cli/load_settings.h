// ConfigMaps, Secrets, claims and Services of the manifests: what the API server would say of them, all at once.
//
// Source: Kubernetes' validation of core/v1: names, keys, types of values, base64, size; strict decoding. Pure.
#pragma once

#include <vector>

#include "admission/manifest.h"
#include "cli/diagnostic.h"
#include "cli/type_check.h"

namespace reprieve::cli {

// Adds what is wrong with the object to `errors`; gives back what of it can be read.
document::Value CheckSettings(const admission::ManifestObject& manifest, std::vector<Diagnostic>& errors);

Diagnostic AboutFault(const admission::ManifestObject& manifest, TypeFault fault);

}  // namespace reprieve::cli
