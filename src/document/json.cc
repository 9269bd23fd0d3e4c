#include "document/json.h"

#include <cstdint>

#include "base/text.h"

namespace reprieve::document {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// How long the well-formed UTF-8 sequence at the start of `text` is; 0 if there is none.
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

// Reads one text with an explicit stack of the containers that are open.
class Reader {
 public:
  Reader(std::string_view text, JsonError& error) : text_(text), error_(error) {}

  std::optional<Value> Read() {
    if (text_.size() > kMaxJsonBytes) return Refuse("the JSON text is larger than 256 MiB");
    if (!ReadValueStart()) return std::nullopt;
    while (!open_.empty()) {
      if (!Continue()) return std::nullopt;
    }
    SkipSpace();
    if (at_ < text_.size()) return Unexpected("after top-level value");
    return std::move(done_);
  }

 private:
  struct Frame {
    Value container;
    std::string key;
    Mark key_mark;
  };

  std::nullopt_t Refuse(std::string message) {
    error_ = {std::move(message), MarkAt(at_)};
    return std::nullopt;
  }
  // The byte at at_ can't stand there; or the text ends.
  std::nullopt_t Unexpected(std::string_view where) {
    if (at_ >= text_.size()) return Refuse("unexpected end of JSON input");
    return Refuse(Cat("invalid character ", QuoteByte(text_[at_]), " ", where));
  }

  // Places are asked for in rising order, so that each byte is looked at once.
  Mark MarkAt(std::size_t position) {
    for (; marked_ < position && marked_ < text_.size(); ++marked_) {
      const char c = text_[marked_];
      if (c == '\n') {
        ++mark_.line;
        mark_.column = 1;
      } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
        ++mark_.column;
      }
    }
    return mark_;
  }

  void SkipSpace() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return;
      ++at_;
    }
  }

  bool At(char c) const { return at_ < text_.size() && text_[at_] == c; }

  // A finished value goes into the innermost open container, or is the whole.
  void Place(Value value) {
    if (open_.empty()) {
      done_ = std::move(value);
      return;
    }
    Frame& frame = open_.back();
    if (frame.container.IsArray()) {
      frame.container.items().push_back(std::move(value));
    } else {
      frame.container.members().push_back({std::move(frame.key), std::move(value), frame.key_mark});
      frame.key.clear();
    }
  }

  void Close() {
    ++at_;
    Value value = std::move(open_.back().container);
    open_.pop_back();
    Place(std::move(value));
  }

  // What may follow in the innermost open container: its next element, or its end.
  bool Continue() {
    SkipSpace();
    const Frame& frame = open_.back();
    if (frame.container.IsArray()) {
      if (frame.container.size() > 0) {
        if (At(']')) return Close(), true;
        if (!At(',')) return Fail("after array element");
        ++at_;
        SkipSpace();
      } else if (At(']')) {
        return Close(), true;
      }
      return ReadValueStart();
    }
    if (frame.container.size() > 0) {
      if (At('}')) return Close(), true;
      if (!At(',')) return Fail("after object key:value pair");
      ++at_;
      SkipSpace();
    } else if (At('}')) {
      return Close(), true;
    }
    return ReadKey() && ReadValueStart();
  }

  bool Fail(std::string_view where) {
    Unexpected(where);
    return false;
  }

  bool ReadKey() {
    if (!At('"')) return Fail("looking for beginning of object key string");
    const Mark mark = MarkAt(at_);
    std::string key;
    if (!ReadString(key)) return false;
    SkipSpace();
    if (!At(':')) return Fail("after object key");
    ++at_;
    open_.back().key = std::move(key);
    open_.back().key_mark = mark;
    return true;
  }

  // A scalar whole; of a container only its opening bracket.
  bool ReadValueStart() {
    SkipSpace();
    if (at_ >= text_.size()) return Fail("");
    const Mark mark = MarkAt(at_);
    Value value;
    switch (text_[at_]) {
      case '{':
        value = Value::MakeObject();
        break;
      case '[':
        value = Value::MakeArray();
        break;
      case '"': {
        std::string text;
        if (!ReadString(text)) return false;
        value = Value::String(std::move(text));
        break;
      }
      case 't':
        if (!ReadLiteral("true")) return false;
        value = Value::Bool(true);
        break;
      case 'f':
        if (!ReadLiteral("false")) return false;
        value = Value::Bool(false);
        break;
      case 'n':
        if (!ReadLiteral("null")) return false;
        break;
      default: {
        if (!At('-') && !IsDigit(text_[at_])) return Fail("looking for beginning of value");
        const std::size_t start = at_;
        if (!SkipNumber()) return false;
        value = Value::Number(std::string(text_.substr(start, at_ - start)));
      }
    }
    value.set_mark(mark);
    if (!value.IsObject() && !value.IsArray()) return Place(std::move(value)), true;
    if (open_.size() >= kMaxJsonDepth) {
      Refuse("exceeded max depth");
      return false;
    }
    ++at_;
    open_.push_back({std::move(value), {}, {}});
    return true;
  }

  bool ReadLiteral(std::string_view word) {
    for (std::size_t i = 0; i < word.size(); ++i, ++at_) {
      if (!At(word[i])) return Fail(Cat("in literal ", word, " (expecting '", word[i], "')"));
    }
    return true;
  }

  bool SkipDigits(std::string_view where) {
    if (at_ >= text_.size() || !IsDigit(text_[at_])) return Fail(where);
    while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
    return true;
  }

  bool SkipNumber() {
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

  bool ReadString(std::string& out) {
    ++at_;
    while (true) {
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

  bool ReadEscape(std::string& out) {
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

  // at_ is at the u; leaves it after the four digits.
  std::optional<std::uint32_t> ReadHex4() {
    ++at_;
    std::uint32_t rune = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const int digit = at_ < text_.size() ? HexDigit(text_[at_]) : -1;
      if (digit < 0) return Unexpected("in \\u hexadecimal character escape");
      rune = rune * 16 + static_cast<std::uint32_t>(digit);
    }
    return rune;
  }

  bool ReadUnicodeEscape(std::string& out) {
    const auto rune = ReadHex4();
    if (!rune) return false;
    if (*rune < 0xD800 || *rune > 0xDFFF) return AppendUtf8(out, *rune), true;
    const bool high = *rune < 0xDC00;
    if (!high || text_.substr(at_, 2) != "\\u") return out += kReplacement, true;
    const std::size_t second = at_;
    ++at_;
    const auto low = ReadHex4();
    if (!low) return false;
    if (*low >= 0xDC00 && *low <= 0xDFFF) {
      AppendUtf8(out, 0x10000 + ((*rune - 0xD800) << 10) + (*low - 0xDC00));
    } else {
      out += kReplacement;
      at_ = second;
    }
    return true;
  }

  std::string_view text_;
  JsonError& error_;
  std::size_t at_ = 0;
  std::size_t marked_ = 0;
  Mark mark_{1, 1};
  std::vector<Frame> open_;
  Value done_;
};

void Indent(std::string& out, int depth) {
  out += '\n';
  out.append(static_cast<std::size_t>(depth) * 2, ' ');
}

// `depth` < 0: compact.
void Write(std::string& out, const Value& value, int depth) {
  const bool pretty = depth >= 0;
  const int inner = pretty ? depth + 1 : depth;
  switch (value.kind()) {
    case Value::Kind::kNull:
      out += "null";
      return;
    case Value::Kind::kBool:
      out += value.AsBool() ? "true" : "false";
      return;
    case Value::Kind::kNumber:
      out += value.AsText();
      return;
    case Value::Kind::kString:
      AppendJsonString(out, value.AsText());
      return;
    case Value::Kind::kArray: {
      out += '[';
      bool first = true;
      for (const Value& item : value.items()) {
        if (!first) out += ',';
        first = false;
        if (pretty) Indent(out, inner);
        Write(out, item, inner);
      }
      if (pretty && !first) Indent(out, depth);
      out += ']';
      return;
    }
    case Value::Kind::kObject: {
      out += '{';
      bool first = true;
      for (const Value::Member& member : value.members()) {
        if (!first) out += ',';
        first = false;
        if (pretty) Indent(out, inner);
        AppendJsonString(out, member.key);
        out += pretty ? ": " : ":";
        Write(out, member.value, inner);
      }
      if (pretty && !first) Indent(out, depth);
      out += '}';
      return;
    }
  }
}

}  // namespace

std::optional<Value> ParseJson(std::string_view text, JsonError& error) {
  return Reader(text, error).Read();
}

Result<Value> ParseJson(std::string_view text) {
  JsonError error;
  auto value = ParseJson(text, error);
  if (!value) return Error{std::move(error.message)};
  return std::move(*value);
}

std::string WriteJson(const Value& value) {
  std::string out;
  Write(out, value, -1);
  return out;
}

std::string WriteJsonPretty(const Value& value) {
  std::string out;
  Write(out, value, 0);
  return out;
}

void AppendJsonString(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x80) {
      const std::size_t length = Utf8Length(text.substr(i));
      const std::string_view rune = text.substr(i, length);
      if (length == 0) {
        out += "\\ufffd";
      } else if (rune == "\xE2\x80\xA8" || rune == "\xE2\x80\xA9") {  // line and paragraph separator
        out += rune.back() == '\xA8' ? "\\u2028" : "\\u2029";
      } else {
        out += rune;
      }
      i += length == 0 ? 1 : length;
      continue;
    }
    ++i;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (c < 0x20 || c == '<' || c == '>' || c == '&') {
          out += "\\u00";
          out += kHex[c >> 4];
          out += kHex[c & 15];
        } else {
          out += static_cast<char>(c);
        }
    }
  }
  out += '"';
}

}  // namespace reprieve::document
