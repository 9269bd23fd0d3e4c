#include "base/pattern.h"

#include <re2/re2.h>

#include <algorithm>
#include <cstdint>
#include <vector>

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

constexpr int kMostRepeats = 1000;
constexpr int kDeepestGroup = 999;
// Enough for what Go compiles, such as \pL{1000}.
constexpr std::int64_t kMaxMemory = std::int64_t{64} << 20;

bool IsWordByte(char c) {
  return IsAlnum(c) || c == '_';
}

// What RE2 compiles and Go refuses: \C, names with letters beyond ASCII, counts above a thousand (RE2 takes one that
// overflows as text), groups nested a thousand deep. Reads what RE2 has found well formed.
class OnlyInRe2 {
 public:
  explicit OnlyInRe2(std::string_view pattern) : pattern_(pattern) {}

  // The error; empty: Go compiles it too.
  std::string Find() {
    while (at_ < pattern_.size() && error_.empty()) Step();
    return error_;
  }

 private:
  void Step() {
    const std::string_view rest = pattern_.substr(at_);
    if (rest.starts_with("\\Q")) {
      const std::size_t end = rest.find("\\E", 2);
      at_ += end == std::string_view::npos ? rest.size() : end + 2;
    } else if (rest.starts_with("\\C")) {
      error_ = "invalid escape sequence: \\C";
    } else if (rest.front() == '\\') {
      at_ += 2;
    } else if (rest.front() == '[') {
      SkipClass();
    } else if (rest.front() == '(') {
      Group(rest);
    } else if (rest.front() == ')') {
      if (!open_.empty()) captures_ -= open_.back() ? 1 : 0, open_.pop_back();
      ++at_;
    } else {
      if (rest.front() == '{') Count(rest);
      ++at_;
    }
  }

  // A bracket that comes first is a member of the class; so is all in [:alpha:].
  void SkipClass() {
    ++at_;
    if (pattern_.substr(at_).starts_with("^")) ++at_;
    if (pattern_.substr(at_).starts_with("]")) ++at_;
    while (at_ < pattern_.size() && pattern_[at_] != ']') {
      if (pattern_[at_] == '\\') {
        at_ += 2;
      } else if (pattern_.substr(at_).starts_with("[:")) {
        const std::size_t end = pattern_.find(":]", at_ + 2);
        at_ = end == std::string_view::npos ? at_ + 1 : end + 2;
      } else {
        ++at_;
      }
    }
    ++at_;
  }

  void Group(std::string_view rest) {
    const bool named = rest.starts_with("(?P<") || rest.starts_with("(?<");
    const bool capture = named || !rest.starts_with("(?");
    if (named) {
      const std::size_t begin = rest.find('<') + 1;
      const std::string_view name = rest.substr(begin, rest.find('>') - begin);
      if (!std::all_of(name.begin(), name.end(), IsWordByte)) error_ = Cat("invalid named capture: ", name);
    }
    // (?i) opens nothing; its parenthesis closes what this opens.
    open_.push_back(capture);
    captures_ += capture ? 1 : 0;
    if (captures_ > kDeepestGroup) error_ = "expression nests too deeply";
    ++at_;
  }

  void Count(std::string_view rest) {
    const std::string_view inside = rest.substr(1, rest.find('}') - 1);
    const std::size_t comma = std::min(inside.find(','), inside.size());
    const std::string_view parts[] = {inside.substr(0, comma), inside.substr(std::min(comma + 1, inside.size()))};
    if (rest.find('}') == std::string_view::npos || parts[0].empty()) return;
    for (const std::string_view part : parts) {
      if (!std::all_of(part.begin(), part.end(), IsDigit)) return;
    }
    for (const std::string_view part : parts) {
      const auto count = ParseInt32(part);
      if (!part.empty() && (!count || *count > kMostRepeats)) error_ = Cat("invalid repeat count: {", inside, "}");
    }
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  std::vector<bool> open_;  // groups; true: it captures
  int captures_ = 0;
  std::string error_;
};

RE2::Options OptionsOfRe2() {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(kMaxMemory);
  return options;
}

}  // namespace

struct Pattern::Compiled {
  explicit Compiled(const std::string& pattern) : expression(pattern, OptionsOfRe2()) {}
  RE2 expression;
};

Pattern::Pattern(std::string_view pattern) : compiled_(std::make_unique<Compiled>(WithNamedGroups(pattern))) {
  if (compiled_->expression.ok()) {
    error_ = OnlyInRe2(pattern).Find();
    if (!error_.empty()) compiled_.reset();
    return;
  }
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
