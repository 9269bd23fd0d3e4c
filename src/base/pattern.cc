#include "base/pattern.h"

#include <re2/re2.h>

#include "base/text.h"

namespace reprieve {
namespace {

// Go writes a named group (?<name>...) as well as (?P<name>...); this RE2 knows the latter alone.
std::string WithNamedGroups(std::string_view pattern) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      out += pattern[i++];
    } else if (pattern.substr(i, 3) == "(?<" && i + 3 < pattern.size() && pattern[i + 3] != '=' &&
               pattern[i + 3] != '!') {
      out += "(?P";
      i += 1;
      continue;
    }
    out += pattern[i];
  }
  return out;
}

}  // namespace

struct Pattern::Compiled {
  explicit Compiled(const std::string& pattern) : expression(pattern, RE2::Quiet) {}
  RE2 expression;
};

Pattern::Pattern(std::string_view pattern) : compiled_(std::make_unique<Compiled>(WithNamedGroups(pattern))) {
  if (compiled_->expression.ok()) return;
  error_ = compiled_->expression.error();
  compiled_.reset();
}

Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

bool Pattern::FoundIn(std::string_view text) const {
  return compiled_ && RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), compiled_->expression);
}

}  // namespace reprieve
