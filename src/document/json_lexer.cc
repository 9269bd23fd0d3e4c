#include "document/json_lexer.h"

#include <array>
#include <cstdint>

#include "base/text.h"

namespace reprieve::document {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// What stands in a string for itself: ASCII without quotation marks, backslashes and control characters.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> out{};
  for (std::size_t c = 0x20; c < 0x80; ++c) out[c] = c != '"' && c != '\\';
  return out;
}();

bool IsPlain(char c) {
  return kPlain[static_cast<unsigned char>(c)];
}

void AppendUtf8(std::string& out, std::uint32_t rune) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (rune < 0x80) {
    put(rune);
  } else if (rune < 0x800) {
    put(0xC0 | (rune >> 6));
    put(0x80 | (rune & 0x3F));
  } else if (rune < 0x10000) {
    put(0xE0 | (rune >> 12));
    put(0x80 | ((rune >> 6) & 0x3F));
    put(0x80 | (rune & 0x3F));
  } else {
    put(0xF0 | (rune >> 18));
    put(0x80 | ((rune >> 12) & 0x3F));
    put(0x80 | ((rune >> 6) & 0x3F));
    put(0x80 | (rune & 0x3F));
  }
}

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A byte as Go's decoder names it: 'x', '\'', '"', '\n', 'é' for 0xE9.
std::string QuoteByte(char c) {
  if (c == '\'') return "'\\''";
  if (c == '"') return "'\"'";
  std::string rune;
  AppendUtf8(rune, static_cast<unsigned char>(c));
  const std::string quoted = Quote(rune);
  return Cat("'", std::string_view(quoted).substr(1, quoted.size() - 2), "'");
}

}  // namespace

std::size_t Utf8Length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    if (first == 0xF0 && byte(1) < 0x90) return 0;
    if (first == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

bool JsonLexer::Refuse(std::string_view why) {
  if (failure_.empty()) failure_ = why;
  return false;
}

bool JsonLexer::Fail(std::string_view where) {
  if (at_ >= text_.size()) return Refuse("unexpected end of JSON input");
  return Refuse(Cat("invalid character ", QuoteByte(text_[at_]), " ", where));
}

bool JsonLexer::ReadLiteral(std::string_view word) {
  for (std::size_t i = 0; i < word.size(); ++i, ++at_) {
    if (!At(word[i])) return Fail(Cat("in literal ", word, " (expecting '", word[i], "')"));
  }
  return true;
}

bool JsonLexer::SkipDigits(std::string_view where) {
  if (at_ >= text_.size() || !IsDigit(text_[at_])) return Fail(where);
  while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
  return true;
}

bool JsonLexer::SkipNumber() {
  if (At('-')) ++at_;
  if (At('0')) {
    ++at_;
  } else if (!SkipDigits("in numeric literal")) {
    return false;
  }
  if (At('.')) {
    ++at_;
    if (!SkipDigits("after decimal point in numeric literal")) return false;
  }
  if (At('e') || At('E')) {
    ++at_;
    if (At('+') || At('-')) ++at_;
    if (!SkipDigits("in exponent of numeric literal")) return false;
  }
  return true;
}

void JsonLexer::PassPlain() {
  while (at_ < text_.size() && IsPlain(text_[at_])) ++at_;
}

bool JsonLexer::ReadPlainString(std::string_view& plain) {
  const std::size_t quote = at_++;
  PassPlain();
  if (!At('"')) {
    at_ = quote;
    return false;
  }
  plain = text_.substr(quote + 1, at_ - quote - 1);
  ++at_;
  return true;
}

bool JsonLexer::ReadString(std::string& out) {
  ++at_;
  while (true) {
    const std::size_t begun = at_;
    PassPlain();
    out.append(text_.substr(begun, at_ - begun));
    if (at_ >= text_.size()) return Fail("");
    const char c = text_[at_];
    if (c == '"') return ++at_, true;
    if (c == '\\') {
      ++at_;
      if (!ReadEscape(out)) return false;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      return Fail("in string literal");
    } else if (const std::size_t length = Utf8Length(text_.substr(at_)); length == 0) {
      out += kReplacement;
      ++at_;
    } else {
      out.append(text_.substr(at_, length));
      at_ += length;
    }
  }
}

bool JsonLexer::SkipString() {
  ++at_;
  while (true) {
    PassPlain();
    if (at_ >= text_.size()) return Fail("");
    const char c = text_[at_];
    if (c == '"') return ++at_, true;
    if (c == '\\') {
      ++at_;
      std::string ignored;  // an escape is at most four bytes: no memory
      if (!ReadEscape(ignored)) return false;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      return Fail("in string literal");
    } else {
      ++at_;  // of UTF-8, well formed or not, no byte but the first can look like ASCII
    }
  }
}

bool JsonLexer::ReadEscape(std::string& out) {
  if (at_ >= text_.size()) return Fail("");
  switch (text_[at_]) {
    case '"':
      out += '"';
      break;
    case '\\':
      out += '\\';
      break;
    case '/':
      out += '/';
      break;
    case 'b':
      out += '\b';
      break;
    case 'f':
      out += '\f';
      break;
    case 'n':
      out += '\n';
      break;
    case 'r':
      out += '\r';
      break;
    case 't':
      out += '\t';
      break;
    case 'u':
      return ReadUnicodeEscape(out);
    default:
      return Fail("in string escape code");
  }
  ++at_;
  return true;
}

// At the u; ends after the four digits.
bool JsonLexer::ReadHex4(unsigned& rune) {
  ++at_;
  rune = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const int digit = at_ < text_.size() ? HexDigit(text_[at_]) : -1;
    if (digit < 0) return Fail("in \\u hexadecimal character escape");
    rune = rune * 16 + static_cast<unsigned>(digit);
  }
  return true;
}

bool JsonLexer::ReadUnicodeEscape(std::string& out) {
  unsigned rune = 0;
  if (!ReadHex4(rune)) return false;
  if (rune < 0xD800 || rune > 0xDFFF) return AppendUtf8(out, rune), true;
  const bool high = rune < 0xDC00;
  if (!high || text_.substr(at_, 2) != "\\u") return out += kReplacement, true;
  const std::size_t second = at_;
  ++at_;
  unsigned low = 0;
  if (!ReadHex4(low)) return false;
  if (low >= 0xDC00 && low <= 0xDFFF) {
    AppendUtf8(out, 0x10000 + ((rune - 0xD800) << 10) + (low - 0xDC00));
  } else {
    out += kReplacement;
    at_ = second;
  }
  return true;
}

}  // namespace reprieve::document
