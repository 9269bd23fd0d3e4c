// RP001, RP002, RP003: rules of a pod failure policy, and parts of them, that nothing reaches.
#include <algorithm>
#include <map>
#include <set>

#include "kubelet/restart.h"
#include "lint/checks.h"
#include "lint/words.h"

namespace reprieve::lint {
namespace {

using batch::FailureAction;

class RuleReachCheck {
 public:
  RuleReachCheck(const JobSubject& job, Findings& out)
      : job_(job), reach_(job.reach), rules_(job.policy()->rules), out_(out) {}

  void Run() {
    for (std::size_t r = 0; r < rules_.size(); ++r) {
      if (reach_.rules[r].matches.empty()) {
        NeverMatches(r);
      } else if (reach_.rules[r].decides.empty()) {
        Shadowed(r);
      } else {
        if (rules_[r].on_exit_codes) {
          Values(r);
          Restarted(r);
        }
        Patterns(r);
      }
    }
  }

 private:
  void NeverMatches(std::size_t r) {
    if (!rules_[r].on_exit_codes) {
      for (std::size_t p = 0; p < rules_[r].on_pod_conditions.size(); ++p) NeverCondition(r, p);
      return;
    }
    // What is wrong with such codes is another finding's to say.
    const auto possible = [](std::int32_t code) { return code >= 1 && code <= kGreatestExitCode; };
    const batch::OnExitCodes& codes = *rules_[r].on_exit_codes;
    const bool some = std::any_of(codes.values.begin(), codes.values.end(), possible);
    if (codes.op == batch::ExitCodeOperator::kIn && !some) return;
    out_.Add(Code::kRuleNeverMatches, job_.RuleField(r, ".onExitCodes"),
             Cat("No container of this Job can end with a code that rule ", r + 1, " asks for, so ",
                 NameOf(rules_[r].action), " never happens."),
             "Remove the rule, or correct its codes.");
  }

  // A condition that no failed pod of this Job has.
  void NeverCondition(std::size_t r, std::size_t p) {
    const batch::OnPodCondition& pattern = rules_[r].on_pod_conditions[p];
    const std::string field = job_.RuleField(r, Cat(".onPodConditions[", p, "].type"));
    const KnownCondition* near = nullptr;
    for (const KnownCondition& known : KnownConditions()) {
      if (known.type == pattern.type) {
        out_.Add(Code::kRuleNeverMatches, field,
                 Cat("A pod that has failed never has condition ", pattern.type, "=", pattern.status, ", so ",
                     NameOf(rules_[r].action), " never happens."),
                 Cat("Ask for status \"", known.can_be_true ? "True" : "False", "\", or remove the condition."));
        return;
      }
      if (ToLower(known.type) == ToLower(pattern.type)) near = &known;
    }
    std::vector<std::string_view> types;
    for (const KnownCondition& known : KnownConditions()) types.push_back(known.type);
    const std::string_view nearest = near != nullptr ? near->type : NearestWord(pattern.type, types);
    if (!nearest.empty()) {
      out_.Add(Code::kRuleNeverMatches, field,
               Cat("No pod has a condition ", pattern.type, ", so ", NameOf(rules_[r].action), " never happens."),
               Cat("Write ", nearest, "."));
      return;
    }
    out_.Add(Code::kRuleNeverMatches, field,
             Cat("Nothing in Kubernetes gives a pod the condition ", pattern.type,
                 ", so the rule works only where a controller of yours does."),
             "Keep it if you run that controller, which must also end the pod; else remove the rule.", Severity::kInfo);
  }

  void Shadowed(std::size_t r) {
    const std::set<std::size_t> takers = Takers(reach_.rules[r].matches);
    const bool same = SameAction(r, takers);
    out_.Add(Code::kShadowedRule, job_.RuleField(r),
             Cat("Every failure that rule ", r + 1, " matches is taken by ", RuleNames(takers), " before it",
                 same ? ", with the same action." : Cat(", so ", NameOf(rules_[r].action), " never happens.")),
             same ? std::string("Remove the rule.")
                  : Cat("Move it before ", RuleNames({*takers.begin()}), ", or remove it."),
             same ? std::optional(Severity::kInfo) : std::nullopt);
  }

  // Codes that the rule names and never decides by.
  void Values(std::size_t r) {
    const batch::OnExitCodes& rule = *rules_[r].on_exit_codes;
    if (rule.op != batch::ExitCodeOperator::kIn) return;
    std::set<std::int32_t> decided;
    for (const std::size_t e : reach_.rules[r].decides) decided.insert(ExitOf(reach_.verdicts[e])->exit_code);
    std::map<std::int32_t, std::vector<std::size_t>> taken;  // endings, by code
    for (const std::size_t e : reach_.rules[r].matches) {
      const auto verdict = policy::JudgePod(reach_.alone[r], reach_.endings[e].pod);
      const std::int32_t code = ExitOf(verdict)->exit_code;
      if (!decided.contains(code)) taken[code].push_back(e);
    }
    if (taken.empty()) return;
    std::vector<std::int32_t> codes;
    std::vector<std::size_t> endings;
    for (const auto& [code, of_code] : taken) {
      codes.push_back(code);
      endings.insert(endings.end(), of_code.begin(), of_code.end());
    }
    const auto first = std::find(rule.values.begin(), rule.values.end(), codes.front()) - rule.values.begin();
    Partly(r, Cat(".onExitCodes.values[", first, "]"),
           Cat(codes.size() == 1 ? "exit code " : "exit codes ", AndNumbers(codes)), Takers(endings));
  }

  // Conditions that the rule names and never decides by.
  void Patterns(std::size_t r) {
    const auto& patterns = rules_[r].on_pod_conditions;
    if (patterns.size() < 2) return;
    for (std::size_t p = 0; p < patterns.size(); ++p) {
      batch::PodFailurePolicy only;
      only.rules.emplace_back().action = FailureAction::kCount;
      only.rules[0].on_pod_conditions.push_back(patterns[p]);
      std::vector<std::size_t> matched;
      for (const std::size_t e : reach_.rules[r].matches) {
        if (policy::JudgePod(only, reach_.endings[e].pod).match) matched.push_back(e);
      }
      const auto decided = [&](std::size_t e) {
        return reach_.verdicts[e].match->rule == static_cast<std::int32_t>(r);
      };
      if (matched.empty()) {
        NeverCondition(r, p);
      } else if (std::none_of(matched.begin(), matched.end(), decided)) {
        Partly(r, Cat(".onPodConditions[", p, "].type"), Cat("condition ", patterns[p].type), Takers(matched));
      }
    }
  }

  void Partly(std::size_t r, const std::string& member, const std::string& what, const std::set<std::size_t>& takers) {
    const bool same = SameAction(r, takers);
    out_.Add(Code::kPartlyShadowedRule, job_.RuleField(r, member),
             Cat("Pods with ", what, " are taken by ", RuleNames(takers), " before rule ", r + 1,
                 same ? ", with the same action."
                      : Cat(", so ", NameOf(rules_[r].action), " never happens for ", what, ".")),
             same ? Cat("Remove ", what, " from rule ", r + 1, ".")
                  : Cat("Remove ", what, " here, or move rule ", r + 1, " before ", RuleNames({*takers.begin()}), "."),
             same ? std::optional(Severity::kInfo) : std::nullopt);
  }

  // Of a container that restarts itself at every code that the rule asks for: its pod does not fail by it.
  void Restarted(std::size_t r) {
    const batch::OnExitCodes& rule = *rules_[r].on_exit_codes;
    if (!rule.container_name) return;
    const core::PodSpec& pod = job_.pod();
    for (std::size_t c = 0; c < kubelet::ContainerCount(pod); ++c) {
      const core::Container& container = kubelet::ContainerAt(pod, c);
      if (container.name != *rule.container_name) continue;
      if (kubelet::IsSidecar(pod, c)) {
        out_.Add(Code::kRuleNeverMatches, job_.RuleField(r, ".onExitCodes"),
                 Cat("Container ", container.name,
                     " is a sidecar, which is restarted whenever it exits and never fails its pod: rule ", r + 1,
                     " sees only the code with which it is stopped at the end."),
                 "Name the container whose failure you mean, or make this one a regular container.");
        return;
      }
      const auto& matches = reach_.rules[r].matches;
      const bool by_itself = std::any_of(matches.begin(), matches.end(),
                                         [&](std::size_t e) { return reach_.endings[e].kind == EndingKind::kExit; });
      if (by_itself) return;
      out_.Add(Code::kRuleNeverMatches, job_.RuleField(r, ".onExitCodes"),
               Cat("Container ", container.name, " is restarted in its pod at every code that rule ", r + 1,
                   " asks for, so its pod does not fail and ", NameOf(rules_[r].action), " does not happen."),
               "Leave these codes out of the container's restartPolicyRules, or remove the rule.");
    }
  }

  // The rules that decide these endings: of disruptions only if there is nothing else, as a rule for disruptions takes
  // some endings from nearly every other.
  std::set<std::size_t> Takers(const std::vector<std::size_t>& endings) const {
    std::set<std::size_t> all, undisrupted;
    for (const std::size_t e : endings) {
      const auto rule = static_cast<std::size_t>(reach_.verdicts[e].match->rule);
      all.insert(rule);
      if (!reach_.endings[e].disrupted()) undisrupted.insert(rule);
    }
    return undisrupted.empty() ? all : undisrupted;
  }

  bool SameAction(std::size_t r, const std::set<std::size_t>& takers) const {
    return std::all_of(takers.begin(), takers.end(),
                       [&](std::size_t taker) { return rules_[taker].action == rules_[r].action; });
  }

  const JobSubject& job_;
  const PolicyReach& reach_;
  const std::vector<batch::PodFailurePolicyRule>& rules_;
  Findings& out_;
};

}  // namespace

void CheckRuleReach(const JobSubject& job, Findings& out) {
  if (job.policy() != nullptr) RuleReachCheck(job, out).Run();
}

}  // namespace reprieve::lint
