// Pattern: a regular expression in the syntax of Go and RE2, compiled once.
//
// A search is unanchored and case-sensitive. A pattern that does not compile matches nothing. Immutable; safe from any
// thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace reprieve {

class Pattern {
 public:
  explicit Pattern(std::string_view pattern);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  bool FoundIn(std::string_view text) const;
  // Why it does not compile; empty: it does.
  const std::string& error() const { return error_; }

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
  std::string error_;
};

}  // namespace reprieve
