// Runs a case of a policy test and says what did not hold. Pure but for its own simulated world: any thread.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "cli/test_suite.h"

namespace reprieve::cli {

// What a case expected, and what was so instead.
struct CaseFailure {
  document::Mark mark;   // of the sentence
  std::string expected;  // as it stands in the file
  std::string actual;
};

struct CaseReport {
  const SuiteTest* test = nullptr;
  const sim::PolicyCase* of = nullptr;
  std::vector<CaseFailure> failures;  // empty: it passed
  std::vector<std::string> timeline;  // of a case that failed: "10s  node n2 is drained: 1 pod evicted"
  std::set<std::string> exercised;    // parts of the policies that decided something (test_coverage.h)
  bool passed() const { return failures.empty(); }
};

[[nodiscard]] CaseReport RunCase(const SuiteTest& test, const sim::PolicyCase& each);

}  // namespace reprieve::cli
