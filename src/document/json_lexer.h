// The tokens of JSON text, for those who read it into a tree (document/json.h) or without one
// (document/json_cursor.h): both take the same texts and refuse the others in the same words.
//
// Source: RFC 8259; the words of errors are those of Go's encoding/json. What fails says false and keeps its reason;
// the place is then where it failed. Pure; one owner.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "document/value.h"

namespace reprieve::document {

class JsonLexer {
 public:
  explicit JsonLexer(std::string_view text, std::size_t at = 0) : text_(text), at_(at) {}

  std::string_view text() const { return text_; }
  std::size_t at() const { return at_; }
  // Empty: nothing has failed.
  const std::string& failure() const { return failure_; }

  bool At(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool AtEnd() const { return at_ >= text_.size(); }
  // REQUIRES: !AtEnd().
  char Next() const { return text_[at_]; }
  // REQUIRES: !AtEnd().
  void Pass() { ++at_; }
  void MoveTo(std::size_t at) { at_ = at; }
  void SkipSpace() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return;
      ++at_;
    }
  }

  // Each begins at the first byte of what it reads and ends after its last one.
  bool ReadLiteral(std::string_view word);
  bool SkipNumber();
  // Appends. Malformed UTF-8 and lone surrogates become U+FFFD.
  bool ReadString(std::string& out);
  // The content as it is written, if it has no escapes and is ASCII: `plain` then, else nothing is read.
  // REQUIRES: at a quotation mark.
  bool ReadPlainString(std::string_view& plain);
  bool SkipString();

  // Always false. The byte at at() can't stand there, or the text ends; the first reason counts.
  bool Fail(std::string_view where);
  bool Refuse(std::string_view why);

 private:
  void PassPlain();
  bool ReadEscape(std::string& out);
  bool ReadUnicodeEscape(std::string& out);
  bool ReadHex4(unsigned& rune);
  bool SkipDigits(std::string_view where);

  std::string_view text_;
  std::size_t at_;
  std::string failure_;
};

// The one value that begins at the lexer's place, which is moved to its end; it may nest `depth` deep. Its marks count
// from where it begins. Nothing: the lexer says why.
[[nodiscard]] std::optional<Value> ReadJsonValue(JsonLexer& lexer, std::size_t depth);

inline constexpr std::string_view kTooLargeJson = "the JSON text is larger than 256 MiB";

// How long the well-formed UTF-8 sequence at the start of `text` is; 0 if there is none. REQUIRES: not empty.
std::size_t Utf8Length(std::string_view text);

}  // namespace reprieve::document
