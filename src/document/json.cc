#include "document/json.h"

#include "base/text.h"
#include "document/json_lexer.h"

namespace reprieve::document {
namespace {

// Reads one value with an explicit stack of the containers that are open.
class Reader {
 public:
  explicit Reader(JsonLexer& lexer, std::size_t depth = kMaxJsonDepth) : lexer_(lexer), most_open_(depth) {}

  // The value that begins at the lexer's place. Nothing: the lexer says why.
  std::optional<Value> Read() {
    if (!ReadValueStart()) return std::nullopt;
    while (!open_.empty()) {
      if (!Continue()) return std::nullopt;
    }
    return std::move(done_);
  }

  // Places are asked for in rising order, so that each byte is looked at once.
  Mark MarkHere() {
    const std::string_view text = lexer_.text();
    for (; marked_ < lexer_.at() && marked_ < text.size(); ++marked_) {
      const char c = text[marked_];
      if (c == '\n') {
        ++mark_.line;
        mark_.column = 1;
      } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
        ++mark_.column;
      }
    }
    return mark_;
  }

 private:
  struct Frame {
    Value container;
    std::string key;
    Mark key_mark;
  };

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
    lexer_.Pass();
    Value value = std::move(open_.back().container);
    open_.pop_back();
    Place(std::move(value));
  }

  // What may follow in the innermost open container: its next element, or its end.
  bool Continue() {
    lexer_.SkipSpace();
    const Frame& frame = open_.back();
    const bool list = frame.container.IsArray();
    if (lexer_.At(list ? ']' : '}')) return Close(), true;
    if (frame.container.size() > 0) {
      if (!lexer_.At(',')) return lexer_.Fail(list ? "after array element" : "after object key:value pair");
      lexer_.Pass();
      lexer_.SkipSpace();
    }
    return list ? ReadValueStart() : ReadKey() && ReadValueStart();
  }

  bool ReadKey() {
    if (!lexer_.At('"')) return lexer_.Fail("looking for beginning of object key string");
    const Mark mark = MarkHere();
    std::string key;
    if (!lexer_.ReadString(key)) return false;
    lexer_.SkipSpace();
    if (!lexer_.At(':')) return lexer_.Fail("after object key");
    lexer_.Pass();
    open_.back().key = std::move(key);
    open_.back().key_mark = mark;
    return true;
  }

  // A scalar whole; of a container only its opening bracket.
  bool ReadValueStart() {
    lexer_.SkipSpace();
    if (lexer_.AtEnd()) return lexer_.Fail("");
    const Mark mark = MarkHere();
    Value value;
    switch (lexer_.Next()) {
      case '{':
        value = Value::MakeObject();
        break;
      case '[':
        value = Value::MakeArray();
        break;
      case '"': {
        std::string text;
        if (!lexer_.ReadString(text)) return false;
        value = Value::String(std::move(text));
        break;
      }
      case 't':
        if (!lexer_.ReadLiteral("true")) return false;
        value = Value::Bool(true);
        break;
      case 'f':
        if (!lexer_.ReadLiteral("false")) return false;
        value = Value::Bool(false);
        break;
      case 'n':
        if (!lexer_.ReadLiteral("null")) return false;
        break;
      default: {
        if (!lexer_.At('-') && !IsDigit(lexer_.Next())) return lexer_.Fail("looking for beginning of value");
        const std::size_t start = lexer_.at();
        if (!lexer_.SkipNumber()) return false;
        value = Value::Number(std::string(lexer_.text().substr(start, lexer_.at() - start)));
      }
    }
    value.set_mark(mark);
    if (!value.IsObject() && !value.IsArray()) return Place(std::move(value)), true;
    if (open_.size() >= most_open_) return lexer_.Refuse("exceeded max depth");
    lexer_.Pass();
    open_.push_back({std::move(value), {}, {}});
    return true;
  }

  JsonLexer& lexer_;
  const std::size_t most_open_;
  std::size_t marked_ = 0;
  Mark mark_{1, 1};
  std::vector<Frame> open_;
  Value done_;
};

// As it is written between quotation marks.
bool StandsForItself(char written) {
  const auto c = static_cast<unsigned char>(written);
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

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
  JsonLexer lexer(text);
  Reader reader(lexer);
  std::optional<Value> out;
  if (text.size() > kMaxJsonBytes) {
    lexer.Refuse(kTooLargeJson);
  } else {
    out = reader.Read();
    lexer.SkipSpace();
    if (out && !lexer.AtEnd()) lexer.Fail("after top-level value");
  }
  if (lexer.failure().empty()) return out;
  error = {lexer.failure(), reader.MarkHere()};
  return std::nullopt;
}

std::optional<Value> ReadJsonValue(JsonLexer& lexer, std::size_t depth) {
  JsonLexer value(lexer.text().substr(lexer.at()));
  std::optional<Value> out = Reader(value, depth).Read();
  lexer.MoveTo(lexer.at() + value.at());
  if (!out) lexer.Refuse(value.failure());
  return out;
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
    const std::size_t begun = i;
    while (i < text.size() && StandsForItself(text[i])) ++i;
    out.append(text.substr(begun, i - begun));
    if (i == text.size()) break;
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
