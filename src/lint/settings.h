// The settings of a project: .reprieve-lint.yaml.
//
//   disable: [RP021, RP022]
//   severity: {RP010: warning}
//   fail-on: error                    # error, warning (the default), info, never
//   kubernetes-version: "1.33"
//   jobset-version: "0.10"
//   feature-gates: RestartJob=true
//
// Pure; safe from any thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "document/value.h"
#include "lint/code.h"

namespace reprieve::lint {

inline constexpr std::string_view kSettingsFile = ".reprieve-lint.yaml";

// From which severity on a finding fails the run; absent: never.
using FailOn = std::optional<Severity>;

struct Settings {
  std::set<Code> disabled;
  std::map<Code, Severity> severities;
  std::optional<FailOn> fail_on;
  std::string kubernetes_version;  // empty: not said
  std::string jobset_version;
  std::string feature_gates;
};

struct SettingsError {
  document::Mark mark;
  std::string field;
  std::string message;
  std::string advice;
};

// All that is wrong with the text, in its order; none: `out` has the settings.
[[nodiscard]] std::vector<SettingsError> ReadSettings(std::string_view text, Settings& out);

// "RP001,RP002" to codes; the word that is none.
[[nodiscard]] std::variant<std::set<Code>, std::string> ParseCodes(std::string_view text);
// error, warning, info or never; nothing: it is none of them.
[[nodiscard]] std::optional<FailOn> ParseFailOn(std::string_view word);

}  // namespace reprieve::lint
