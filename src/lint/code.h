// The codes of `reprieve lint`: what each is called and how bad it is unless a setting says otherwise.
//
// A code is never renamed or used again. Its page in docs/lint explains it, with a bad and a good manifest.
// Immutable; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace reprieve::lint {

enum class Severity : std::uint8_t { kInfo, kWarning, kError };
// info, warning, error.
std::string_view NameOf(Severity severity);
std::optional<Severity> SeverityNamed(std::string_view name);

// In the order of their numbers: the first is RP001.
enum class Code : std::uint8_t {
  kShadowedRule,
  kPartlyShadowedRule,
  kRuleNeverMatches,
  kRedundantFailJob,
  kNotInCatchesSignals,
  kFailJobBeforeDisruption,
  kIgnoredOutOfMemory,
  kImpossibleExitCode,
  kRuleWithoutContainer,
  kUnhandledDisruption,
  kRetriesInsideGang,
  kNoRestartsLeft,
  kPatternDoesNotCompile,
  kPatternNeverMatches,
  kPatternNotAnchored,
  kUnboundedRetries,
  kLostNodeHangs,
  kBackoffBeyondDeadline,
  kContradictingIndexLimits,
  kIndexLimitUnderOnFailure,
  kLogsVanish,
  kEvidenceVanishes,
  kShellHidesExitCode,
  kTrapHidesSigterm,
  kAlmostKnownKey,
  kNotInThisVersion,
  kBadSuppression,
  kTtlInsideJobSet,
};

struct CodeFacts {
  Code code;
  std::string_view id;     // RP007
  std::string_view title;  // as its page is headed
  Severity severity;       // of most findings; some are milder
};

// All, in the order of their numbers.
std::span<const CodeFacts> AllCodes();
const CodeFacts& FactsOf(Code code);
// "RP007", in capitals or not.
std::optional<Code> CodeNamed(std::string_view id);

}  // namespace reprieve::lint
