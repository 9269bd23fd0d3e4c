// Replaying one recorded line, and the result.
//
// Source: tests/oracle/README.md. One replay is one function from the line to an Outcome: it prints nothing and shares
// nothing with the next line. main.cc picks the function by the members that the line has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "document/value.h"
#include "model/jobset_version.h"
#include "model/kubernetes_version.h"

namespace reprieve::oracle {

// The definition of JobSets that was installed for the recordings was made from the types of Kubernetes 1.36, as
// 0.12's.
inline constexpr model::JobSetVersion kRecordedJobSet{12};

// One place where the two differ. An absent value reads "(absent)".
struct Difference {
  std::string step;  // "" for a line without steps; "3" for the third
  std::string path;  // $.answer.code
  std::string expected;
  std::string actual;
};

struct Outcome {
  enum class Kind : std::uint8_t { kPassed, kFailed, kSkipped };

  Kind kind = Kind::kPassed;
  std::vector<Difference> differences;  // where kFailed
  std::string reason;                   // if kSkipped: a phrase, the same for all lines of a kind

  static Outcome Passed() { return {}; }
  static Outcome Skipped(std::string reason) { return {Kind::kSkipped, {}, std::move(reason)}; }
  // Passed if there are no differences.
  static Outcome Of(std::vector<Difference> differences) {
    const Kind kind = differences.empty() ? Kind::kPassed : Kind::kFailed;
    return {kind, std::move(differences), {}};
  }
};

// `version`: of the server that was recorded.
[[nodiscard]] Outcome ReplayAdmission(const document::Value& line, model::KubernetesVersion version);
[[nodiscard]] Outcome ReplayHistory(const document::Value& line, model::KubernetesVersion version);
[[nodiscard]] Outcome ReplayJobSetHistory(const document::Value& line, model::KubernetesVersion version);
[[nodiscard]] Outcome ReplayTimed(const document::Value& line, model::KubernetesVersion version);

}  // namespace reprieve::oracle
