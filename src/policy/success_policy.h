// The success policy: when a Job has succeeded although not all of its indexes have.
//
// Source: KEP-3998; spec/job.md 2.7.7. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "model/batch.h"
#include "policy/index_set.h"

namespace reprieve::policy {

// The first rule that the succeeded indexes meet, counted from 0; nullopt if they meet none.
std::optional<std::int32_t> MatchSuccessPolicy(const batch::SuccessPolicy& policy, const IndexSet& succeeded,
                                               std::int32_t completions);

}  // namespace reprieve::policy
