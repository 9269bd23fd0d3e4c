// Which fields of the schema a server of one version serves: a later version's field is unknown to it, and what is
// behind a feature gate that is off is read, checked and dropped.
//
// Source: model/versions.h; recordings of 1.37.2 (spec/job.md 11.7). Pure; safe from any thread.
#pragma once

#include "model/decode.h"
#include "model/kubernetes_version.h"

namespace reprieve::admission {

// Valid for the whole program.
[[nodiscard]] const model::FateOf& FieldsServedBy(model::KubernetesVersion version);

}  // namespace reprieve::admission
