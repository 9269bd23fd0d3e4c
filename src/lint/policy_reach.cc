#include "lint/policy_reach.h"

namespace reprieve::lint {

PolicyReach Reach(const batch::JobSpec& spec) {
  PolicyReach out;
  out.codes = CodeClasses(spec);
  out.endings = PodEndings(*spec.pod_template.spec, out.codes);
  if (spec.pod_failure_policy) {
    for (const batch::PodFailurePolicyRule& rule : spec.pod_failure_policy->rules) {
      out.alone.emplace_back().rules.push_back(rule);
    }
  }
  out.rules.resize(out.alone.size());
  out.verdicts.reserve(out.endings.size());
  for (std::size_t e = 0; e < out.endings.size(); ++e) {
    const core::Pod& pod = out.endings[e].pod;
    const policy::PodVerdict& verdict = out.verdicts.emplace_back(policy::JudgePod(spec.pod_failure_policy, pod));
    if (verdict.match) out.rules[static_cast<std::size_t>(verdict.match->rule)].decides.push_back(e);
    for (std::size_t r = 0; r < out.alone.size(); ++r) {
      if (policy::JudgePod(out.alone[r], pod).match) out.rules[r].matches.push_back(e);
    }
  }
  return out;
}

const policy::ExitCodeEvidence* ExitOf(const policy::PodVerdict& verdict) {
  return verdict.match ? std::get_if<policy::ExitCodeEvidence>(&verdict.match->evidence) : nullptr;
}

}  // namespace reprieve::lint
