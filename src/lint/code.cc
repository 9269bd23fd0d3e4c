#include "lint/code.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace reprieve::lint {
namespace {

constexpr CodeFacts kCodes[] = {
    {Code::kShadowedRule, "RP001", "A rule that an earlier rule shadows", Severity::kWarning},
    {Code::kPartlyShadowedRule, "RP002", "A part of a rule that an earlier rule shadows", Severity::kWarning},
    {Code::kRuleNeverMatches, "RP003", "A rule that can never match", Severity::kWarning},
    {Code::kRedundantFailJob, "RP004", "A FailJob rule that changes nothing", Severity::kInfo},
    {Code::kNotInCatchesSignals, "RP005", "NotIn that catches preempted pods", Severity::kError},
    {Code::kFailJobBeforeDisruption, "RP006", "FailJob before the rule for disruptions", Severity::kWarning},
    {Code::kIgnoredOutOfMemory, "RP007", "Ignore on exit code 137", Severity::kWarning},
    {Code::kImpossibleExitCode, "RP008", "An exit code that no process has", Severity::kError},
    {Code::kRuleWithoutContainer, "RP009", "A rule without containerName that judges by a helper container",
     Severity::kWarning},
    {Code::kUnhandledDisruption, "RP010", "A disruption that costs a restart of the gang", Severity::kWarning},
    {Code::kRetriesInsideGang, "RP011", "Retries of single pods inside a gang", Severity::kWarning},
    {Code::kNoRestartsLeft, "RP012", "A restarting rule without restarts", Severity::kWarning},
    {Code::kPatternDoesNotCompile, "RP013", "A message pattern that does not compile", Severity::kError},
    {Code::kPatternNeverMatches, "RP014", "A message pattern that can never match", Severity::kWarning},
    {Code::kPatternNotAnchored, "RP015", "A message pattern that matches more than it reads", Severity::kWarning},
    {Code::kUnboundedRetries, "RP016", "Retries without end", Severity::kWarning},
    {Code::kLostNodeHangs, "RP017", "A lost node that hangs the Job", Severity::kWarning},
    {Code::kBackoffBeyondDeadline, "RP018", "Back-off that does not fit into the deadline", Severity::kWarning},
    {Code::kContradictingIndexLimits, "RP019", "Limits per index that contradict each other", Severity::kWarning},
    {Code::kIndexLimitUnderOnFailure, "RP020", "backoffLimitPerIndex under restartPolicy OnFailure", Severity::kError},
    {Code::kLogsVanish, "RP021", "Logs that vanish at the limit", Severity::kInfo},
    {Code::kEvidenceVanishes, "RP022", "A TTL that takes the evidence away", Severity::kWarning},
    {Code::kShellHidesExitCode, "RP023", "A shell that hides the program's exit code", Severity::kWarning},
    {Code::kTrapHidesSigterm, "RP024", "A trap that swallows SIGTERM", Severity::kWarning},
    {Code::kAlmostKnownKey, "RP025", "A label or annotation that nothing reads", Severity::kWarning},
    {Code::kNotInThisVersion, "RP026", "A field that this version does not have", Severity::kWarning},
    {Code::kBadSuppression, "RP027", "A suppression that suppresses nothing", Severity::kWarning},
    {Code::kTtlInsideJobSet, "RP028", "A TTL that runs finished Jobs of a JobSet again", Severity::kWarning},
};

}  // namespace

std::string_view NameOf(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return {};
}

std::optional<Severity> SeverityNamed(std::string_view name) {
  for (const Severity severity : {Severity::kInfo, Severity::kWarning, Severity::kError}) {
    if (NameOf(severity) == name) return severity;
  }
  return std::nullopt;
}

std::span<const CodeFacts> AllCodes() {
  return kCodes;
}

const CodeFacts& FactsOf(Code code) {
  const CodeFacts& facts = kCodes[static_cast<std::size_t>(code)];
  REPRIEVE_CHECK(facts.code == code, "the table of codes is in the order of their numbers");
  return facts;
}

std::optional<Code> CodeNamed(std::string_view id) {
  const std::string lower = ToLower(id);
  const auto found = std::find_if(std::begin(kCodes), std::end(kCodes),
                                  [&](const CodeFacts& each) { return ToLower(each.id) == lower; });
  if (found == std::end(kCodes)) return std::nullopt;
  return found->code;
}

}  // namespace reprieve::lint
