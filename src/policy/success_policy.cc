#include "policy/success_policy.h"

namespace reprieve::policy {
namespace {

bool Meets(const batch::SuccessPolicyRule& rule, const IndexSet& succeeded, std::int32_t completions) {
  if (!rule.succeeded_indexes) return rule.succeeded_count && succeeded.size() >= *rule.succeeded_count;
  const IndexSet asked = IndexSet::ParseLenient(*rule.succeeded_indexes, completions);
  if (asked.empty()) return false;
  const std::int64_t common = asked.CommonWith(succeeded);
  return common == asked.size() || (rule.succeeded_count && common >= *rule.succeeded_count);
}

}  // namespace

std::optional<std::int32_t> MatchSuccessPolicy(const batch::SuccessPolicy& policy, const IndexSet& succeeded,
                                               std::int32_t completions) {
  for (std::size_t i = 0; i < policy.rules.size(); ++i) {
    if (Meets(policy.rules[i], succeeded, completions)) return static_cast<std::int32_t>(i);
  }
  return std::nullopt;
}

}  // namespace reprieve::policy
