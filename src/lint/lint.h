// Lint: what of an admitted Job or JobSet does not do what it reads as.
//
// What rules can reach is found by asking the policy core about every way in which the pods can end, never by looking
// at the text of the rules. Pure; safe from any thread.
#pragma once

#include <vector>

#include "document/value.h"
#include "lint/finding.h"
#include "model/jobset.h"
#include "model/kubernetes_version.h"

namespace reprieve::lint {

// `manifest`: the object as it was written. The findings have no order.
[[nodiscard]] std::vector<Finding> LintJob(const batch::Job& job, const document::Value& manifest);
// The Jobs that a CronJob as it was written makes; nothing if the API server would refuse them.
[[nodiscard]] std::vector<Finding> LintCronJob(const document::Value& manifest, model::KubernetesVersion version);
[[nodiscard]] std::vector<Finding> LintJobSet(const jobset::JobSet& jobset, const document::Value& manifest,
                                              model::KubernetesVersion version);

}  // namespace reprieve::lint
