// A finding: what of a manifest does not do what it reads as, why that matters, and the change to make.
//
// Plain values.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lint/code.h"

namespace reprieve::lint {

struct Finding {
  Code code;
  Severity severity;
  std::string field;   // from the manifest's root: spec.podFailurePolicy.rules[1]
  std::string why;     // one sentence: why it matters
  std::string change;  // one sentence: what to write instead
};

// Findings of one object as they are made.
class Findings {
 public:
  // `severity`: if it is not that of the code.
  void Add(Code code, std::string field, std::string why, std::string change,
           std::optional<Severity> severity = std::nullopt) {
    list_.push_back(
        {code, severity.value_or(FactsOf(code).severity), std::move(field), std::move(why), std::move(change)});
  }
  std::vector<Finding> Take() { return std::move(list_); }

 private:
  std::vector<Finding> list_;
};

}  // namespace reprieve::lint
