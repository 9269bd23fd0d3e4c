// MessagePattern: a regular expression of onJobFailureMessagePatterns, in the syntax that upstream's patterns are
// written for (RE2), compiled once.
//
// Source: spec/jobset.md 3.2. A search is unanchored and case-sensitive. A pattern that does not compile matches nothing.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace reprieve::policy {

class MessagePattern {
 public:
  explicit MessagePattern(std::string_view pattern);
  MessagePattern(MessagePattern&&) noexcept;
  MessagePattern& operator=(MessagePattern&&) noexcept;
  ~MessagePattern();

  bool FoundIn(std::string_view message) const;
  // Why it does not compile; empty: it does.
  const std::string& error() const { return error_; }

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
  std::string error_;
};

}  // namespace reprieve::policy
