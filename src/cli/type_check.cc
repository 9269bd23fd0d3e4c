#include "cli/type_check.h"

#include "base/base64.h"
#include "base/text.h"
#include "document/json.h"
#include "model/gotime.h"
#include "model/quantity.h"

namespace reprieve::cli {
namespace {

using document::Value;
using model::Shape;
using model::Type;

constexpr std::size_t kLongestShown = 60;

std::string_view KindName(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNull:
      return "null";
    case Value::Kind::kBool:
      return "a boolean";
    case Value::Kind::kNumber:
      return "a number";
    case Value::Kind::kString:
      return "a string";
    case Value::Kind::kArray:
      return "a list";
    case Value::Kind::kObject:
      return "a mapping";
  }
  return "";
}

std::string_view Expected(Shape shape) {
  switch (shape) {
    case Shape::kString:
      return "text";
    case Shape::kBool:
      return "true or false";
    case Shape::kInt32:
      return "a whole number of at most 2147483647";
    case Shape::kInt64:
      return "a whole number";
    case Shape::kBytes:
      return "text in base64";
    case Shape::kQuantity:
      return "a quantity, such as 2, 500m or 1Gi,";
    case Shape::kIntOrString:
      return "a whole number or text";
    case Shape::kTime:
    case Shape::kMicroTime:
      return "a time, such as 2026-01-31T12:00:00Z,";
    case Shape::kRaw:
      return "anything";
    case Shape::kMessage:
      return "a mapping";
    case Shape::kList:
      return "a list";
    case Shape::kMap:
      return "a mapping of names";
  }
  return "";
}

bool Fits(const Value& value, Shape shape) {
  switch (shape) {
    case Shape::kString:
      return value.IsString();
    case Shape::kBool:
      return value.IsBool();
    case Shape::kInt32:
      return value.IsNumber() && ParseInt32(value.AsText()).has_value();
    case Shape::kInt64:
      return value.IsNumber() && ParseInt64(value.AsText()).has_value();
    case Shape::kBytes:
      return value.IsString() && DecodeBase64(value.AsText()).has_value();
    case Shape::kQuantity:
      return (value.IsString() || value.IsNumber()) && model::Quantity::Parse(Trim(value.AsText())).ok();
    case Shape::kIntOrString:
      return value.IsString() || (value.IsNumber() && ParseInt32(value.AsText()).has_value());
    case Shape::kTime:
    case Shape::kMicroTime:
      return value.IsString() && model::ParseGoTime(value.AsText(), shape == Shape::kMicroTime).ok();
    case Shape::kRaw:
      return true;
    case Shape::kMessage:
    case Shape::kMap:
      return value.IsObject();
    case Shape::kList:
      return value.IsArray();
  }
  return true;
}

// A file's text, for showing values as they were written: yes and 1.10 are not what they mean.
class Source {
 public:
  explicit Source(std::string_view text) : text_(text) {}

  // The plain scalar at `mark`; empty if none stands there.
  std::string_view ScalarAt(document::Mark mark) {
    const std::string_view line = Line(mark.line);
    std::size_t at = 0;
    for (std::uint32_t column = 1; column < mark.column && at < line.size(); ++column) {
      do ++at;
      while (at < line.size() && (static_cast<unsigned char>(line[at]) & 0xC0) == 0x80);
    }
    const std::string_view word = line.substr(at, line.find_first_of(" ,]}\r\t", at) - at);
    return word.empty() || std::string_view("\"'[{!&*|>").find(word.front()) != std::string_view::npos ? "" : word;
  }

 private:
  std::string_view Line(std::uint32_t number) {
    if (starts_.empty()) {
      starts_ = {0};
      for (std::size_t end = text_.find('\n'); end != std::string_view::npos; end = text_.find('\n', end + 1)) {
        starts_.push_back(end + 1);
      }
    }
    if (number == 0 || number > starts_.size()) return {};
    const std::string_view rest = text_.substr(starts_[number - 1]);
    return rest.substr(0, rest.find('\n'));
  }

  std::string_view text_;
  std::vector<std::size_t> starts_;  // of lines; found at first use
};

std::string Shortened(std::string out) {
  if (out.size() <= kLongestShown) return out;
  std::size_t end = kLongestShown;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
  out.resize(end);
  return Cat(out, "…");
}

class Checker {
 public:
  Checker(std::vector<TypeFault>& faults, std::string_view text) : faults_(faults), source_(text) {}

  // False: it does not fit, and is removed.
  bool Clean(Value& value, const Type& type, document::Mark key) {
    if (value.IsNull()) return true;
    if (!Fits(value, type.shape)) {
      Complain(value, type.shape, key);
      return false;
    }
    if (type.shape == Shape::kMessage) CleanMessage(value, *type.message);
    if (type.shape == Shape::kList) CleanItems(value, *type.element);
    if (type.shape == Shape::kMap) {
      std::erase_if(value.members(), [&](Value::Member& member) {
        return !At(Cat("[", member.key, "]"), [&] { return Clean(member.value, *type.element, member.mark); });
      });
    }
    return true;
  }

  void CleanMessage(Value& value, const model::Message& message) {
    std::erase_if(value.members(), [&](Value::Member& member) {
      const model::Field* field = message.Find(member.key);
      if (field == nullptr) return false;
      return !At(Cat(path_.empty() ? "" : ".", member.key),
                 [&] { return Clean(member.value, field->type, member.mark); });
    });
  }

 private:
  // A removed item leaves a null: the others keep their indexes.
  void CleanItems(Value& list, const Type& element) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      Value& item = list.items()[i];
      if (!At(Cat("[", i, "]"), [&] { return Clean(item, element, item.mark()); })) item = Value();
    }
  }

  bool At(const std::string& step, const auto& clean) {
    const std::size_t length = path_.size();
    path_ += step;
    const bool fits = clean();
    path_.resize(length);
    return fits;
  }

  void Complain(const Value& value, Shape shape, document::Mark key) {
    TypeFault fault;
    fault.path = path_;
    fault.mark = value.mark().line != 0 ? value.mark() : key;
    const bool plain = value.IsNumber() || value.IsBool();
    std::string written(plain ? source_.ScalarAt(value.mark()) : std::string_view());
    if (written.empty()) written = document::WriteJson(value);
    fault.message = Cat(Shortened(written), ", ", KindName(value), " where ", Expected(shape), " was expected");
    if (shape == Shape::kString && plain) fault.advice = Cat("Quote it: \"", written, "\".");
    faults_.push_back(std::move(fault));
  }

  std::vector<TypeFault>& faults_;
  Source source_;
  std::string path_;
};

}  // namespace

TypeCheck CheckTypes(const Value& manifest, const model::Message& message, std::string_view text) {
  TypeCheck out;
  out.cleaned = manifest;
  Checker(out.faults, text).CleanMessage(out.cleaned, message);
  return out;
}

}  // namespace reprieve::cli
