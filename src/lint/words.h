// Small pieces of messages. Pure.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"

namespace reprieve::lint {

// "a", "a and b", "a, b and c".
inline std::string And(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    AppendTo(out, i == 0 ? "" : i + 1 == words.size() ? " and " : ", ", words[i]);
  }
  return out;
}

template <class Numbers>
std::string AndNumbers(const Numbers& numbers) {
  std::vector<std::string> words;
  words.reserve(numbers.size());
  for (const auto number : numbers) words.push_back(Cat(number));
  return And(words);
}

// "rule 1", "rules 1 and 3": people count from 1.
inline std::string RuleNames(const std::set<std::size_t>& rules) {
  std::vector<std::size_t> numbers;
  numbers.reserve(rules.size());
  for (const std::size_t rule : rules) numbers.push_back(rule + 1);
  return Cat(numbers.size() == 1 ? "rule " : "rules ", AndNumbers(numbers));
}

}  // namespace reprieve::lint
