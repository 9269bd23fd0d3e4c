#include "base/word_reader.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace reprieve {

WordReader::WordReader(std::string_view text) : text_(text) {
  constexpr std::string_view kBlanks = " \t\n";
  for (std::size_t at = text.find_first_not_of(kBlanks); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    words_.push_back({text.substr(at, end - at), at});
    at = text.find_first_not_of(kBlanks, end);
  }
}

Word WordReader::Next(std::string_view expected) {
  if (!AtEnd()) return words_[next_++];
  Fail(Here(), Cat("expected ", expected));
  return {};
}

bool WordReader::Take(std::string_view word) {
  if (error_ || Peek() != word) return false;
  ++next_;
  return true;
}

bool WordReader::Expect(std::string_view word, std::string_view expected) {
  if (error_) return false;
  if (Take(word)) return true;
  Fail(Here(), Cat("expected ", expected.empty() ? word : expected));
  return false;
}

Nanoseconds WordReader::Duration() {
  constexpr std::string_view kExpected = "a time since the beginning, such as 10s or 1m30s";
  const Word word = Next(kExpected);
  const auto duration = ParseDuration(word.text);
  if (duration && *duration >= Nanoseconds(0)) return *duration;
  Fail(word, Cat("expected ", kExpected));
  return {};
}

std::int64_t WordReader::Count(std::string_view expected) {
  const Word word = Next(expected);
  const auto number = ParseInt32(word.text);
  if (number && *number >= 0) return *number;
  Fail(word, Cat("expected ", expected));
  return 0;
}

void WordReader::End(std::string_view why) {
  if (!error_ && !AtEnd()) Fail({text_.substr(Here().at), Here().at}, std::string(why));
}

std::string WordReader::Phrase(std::string_view stop) {
  std::string out;
  while (!AtEnd() && Peek() != stop) AppendTo(out, out.empty() ? "" : " ", words_[next_++].text);
  return out;
}

std::size_t WordReader::read_to() const {
  if (next_ == 0) return 0;
  const Word& last = words_[next_ - 1];
  return last.at + last.text.size();
}

void WordReader::Fail(const Word& word, std::string message) {
  if (!error_) error_ = WordError{std::move(message), word.at, word.text.size()};
}

}  // namespace reprieve
