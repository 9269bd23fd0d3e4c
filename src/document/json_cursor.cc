#include "document/json_cursor.h"

#include "base/text.h"
#include "document/json.h"

namespace reprieve::document {

JsonCursor::JsonCursor(std::string_view text) : lexer_(text) {
  if (text.size() > kMaxJsonBytes) lexer_.Refuse(kTooLargeJson);
}

Value::Kind JsonCursor::Peek() {
  if (!ok()) return Value::Kind::kNull;
  lexer_.SkipSpace();
  if (lexer_.AtEnd()) return Value::Kind::kNull;
  switch (lexer_.Next()) {
    case '{':
      return Value::Kind::kObject;
    case '[':
      return Value::Kind::kArray;
    case '"':
      return Value::Kind::kString;
    case 't':
    case 'f':
      return Value::Kind::kBool;
    case 'n':
      return Value::Kind::kNull;
    default:
      return Value::Kind::kNumber;
  }
}

bool JsonCursor::Begin(char bracket) {
  if (!ok()) return false;
  lexer_.SkipSpace();
  if (!lexer_.At(bracket)) {
    Skip();
    return false;
  }
  if (depth_ >= kMaxJsonDepth) return lexer_.Refuse("exceeded max depth");
  lexer_.Pass();
  ++depth_;
  first_ = true;
  return true;
}

bool JsonCursor::NextMember(std::string_view& key) {
  if (!ok()) return false;
  lexer_.SkipSpace();
  const bool first = first_;
  first_ = false;
  if (lexer_.At('}')) {
    lexer_.Pass();
    --depth_;
    return false;
  }
  if (!first) {
    if (!lexer_.At(',')) return lexer_.Fail("after object key:value pair");
    lexer_.Pass();
    lexer_.SkipSpace();
  }
  if (!lexer_.At('"')) return lexer_.Fail("looking for beginning of object key string");
  if (!lexer_.ReadPlainString(key)) {
    decoded_.clear();
    if (!lexer_.ReadString(decoded_)) return false;
    key = decoded_;
  }
  lexer_.SkipSpace();
  if (!lexer_.At(':')) return lexer_.Fail("after object key");
  lexer_.Pass();
  return true;
}

bool JsonCursor::NextItem() {
  if (!ok()) return false;
  lexer_.SkipSpace();
  const bool first = first_;
  first_ = false;
  if (lexer_.At(']')) {
    lexer_.Pass();
    --depth_;
    return false;
  }
  if (first) return true;
  if (!lexer_.At(',')) return lexer_.Fail("after array element");
  lexer_.Pass();
  return true;
}

std::string_view JsonCursor::ReadText() {
  if (!ok()) return {};
  lexer_.SkipSpace();
  if (lexer_.At('"')) {
    std::string_view plain;
    if (lexer_.ReadPlainString(plain)) return plain;
    decoded_.clear();
    return lexer_.ReadString(decoded_) ? std::string_view(decoded_) : std::string_view();
  }
  const bool number = !lexer_.AtEnd() && (lexer_.At('-') || IsDigit(lexer_.Next()));
  const std::string_view raw = Raw();
  return number && ok() ? raw : std::string_view();
}

bool JsonCursor::ReadBool() {
  const bool is_bool = Peek() == Value::Kind::kBool;
  return Raw() == "true" && is_bool && ok();
}

Value JsonCursor::ReadValue() {
  if (!ok()) return {};
  // Those that are open here count, too.
  lexer_.SkipSpace();
  return ReadJsonValue(lexer_, kMaxJsonDepth - depth_).value_or(Value());
}

std::string_view JsonCursor::Raw() {
  if (!ok()) return {};
  lexer_.SkipSpace();
  const std::size_t begun = lexer_.at();
  Skip();
  return lexer_.text().substr(begun, lexer_.at() - begun);
}

void JsonCursor::SkipScalar() {
  switch (lexer_.Next()) {
    case '"':
      lexer_.SkipString();
      return;
    case 't':
      lexer_.ReadLiteral("true");
      return;
    case 'f':
      lexer_.ReadLiteral("false");
      return;
    case 'n':
      lexer_.ReadLiteral("null");
      return;
    default:
      if (!lexer_.At('-') && !IsDigit(lexer_.Next())) {
        lexer_.Fail("looking for beginning of value");
        return;
      }
      lexer_.SkipNumber();
  }
}

void JsonCursor::Skip() {
  skipped_.clear();
  do {
    if (!ok()) return;
    // What begins here: a value, or the end of the innermost container that has nothing in it.
    lexer_.SkipSpace();
    if (lexer_.AtEnd()) {
      lexer_.Fail("");
      return;
    }
    const char c = lexer_.Next();
    if (c == '{' || c == '[') {
      if (depth_ + skipped_.size() >= kMaxJsonDepth) {
        lexer_.Refuse("exceeded max depth");
        return;
      }
      lexer_.Pass();
      skipped_ += c == '{' ? '}' : ']';
      lexer_.SkipSpace();
      if (!lexer_.At(skipped_.back())) {
        if (c == '{') SkipKey();
        continue;
      }
    } else {
      SkipScalar();
      if (!ok()) return;
    }
    CloseSkipped();
  } while (!skipped_.empty());
}

// After a value: ends the containers that end here, and passes the comma before the next value.
void JsonCursor::CloseSkipped() {
  while (!skipped_.empty()) {
    lexer_.SkipSpace();
    const char end = skipped_.back();
    if (lexer_.At(end)) {
      lexer_.Pass();
      skipped_.pop_back();
      continue;
    }
    if (!lexer_.At(',')) {
      lexer_.Fail(end == '}' ? "after object key:value pair" : "after array element");
      return;
    }
    lexer_.Pass();
    lexer_.SkipSpace();
    if (end == '}') SkipKey();
    return;
  }
}

void JsonCursor::SkipKey() {
  if (!lexer_.At('"')) {
    lexer_.Fail("looking for beginning of object key string");
    return;
  }
  if (!lexer_.SkipString()) return;
  lexer_.SkipSpace();
  if (!lexer_.At(':')) {
    lexer_.Fail("after object key");
    return;
  }
  lexer_.Pass();
}

void JsonCursor::End() {
  if (!ok()) return;
  lexer_.SkipSpace();
  if (!lexer_.AtEnd()) lexer_.Fail("after top-level value");
}

}  // namespace reprieve::document
