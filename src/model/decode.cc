#include "model/decode.h"

#include <set>

#include "base/text.h"
#include "document/json.h"
#include "model/gotime.h"
#include "model/quantity.h"

namespace reprieve::model {

using document::Value;

namespace {

constexpr std::size_t kMaxIssues = 100;

std::string_view KindName(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNull:
      return "null";
    case Value::Kind::kBool:
      return "bool";
    case Value::Kind::kNumber:
      return "number";
    case Value::Kind::kString:
      return "string";
    case Value::Kind::kArray:
      return "array";
    case Value::Kind::kObject:
      return "object";
  }
  return "null";
}

// Bytes in base64 with padding, as Go's StdEncoding takes them; the place of the first bad byte if they are not.
std::optional<std::size_t> Base64Error(std::string_view text) {
  std::size_t symbols = 0;
  std::size_t padding = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\r' || c == '\n') continue;
    if (c == '=') {
      if (++padding > 2 || symbols % 4 < 2) return i;
    } else if (padding > 0 || !(IsAlnum(c) || c == '+' || c == '/')) {
      return i;
    } else {
      ++symbols;
    }
  }
  if ((symbols + padding) % 4 != 0) return text.size();
  return std::nullopt;
}

// Reads into slots that may hold the value of an earlier member of the same name, as Go does with its variables.
class Decoder {
 public:
  Decoder(const FateOf& fate_of, Decoded& out) : fate_of_(fate_of), out_(out) {}

  void Run(const Value& raw, const Message& message) {
    Type type;
    type.shape = Shape::kMessage;
    type.message = &message;
    const auto package = std::string_view(message.full_name).substr(0, message.full_name.rfind('.'));
    type.go_name = Cat(PackageName(package), ".", message.name);
    out_.value = Value::MakeObject();
    out_.value.set_mark(raw.mark());
    Into(raw, type, out_.value);
  }

 private:
  // False: nothing more is read, as the error came from a type with a reader of its own.
  bool Into(const Value& raw, const Type& type, Value& slot) {
    if (raw.IsNull()) {
      const bool nilable = type.pointer || type.shape == Shape::kList || type.shape == Shape::kMap ||
                           type.shape == Shape::kBytes || type.shape == Shape::kRaw;
      if (nilable || type.shape == Shape::kTime || type.shape == Shape::kMicroTime || type.shape == Shape::kQuantity ||
          type.shape == Shape::kIntOrString) {
        slot = Value();
      }
      return true;
    }
    switch (type.shape) {
      case Shape::kMessage:
        return IntoMessage(raw, type, slot);
      case Shape::kList:
        return IntoList(raw, type, slot);
      case Shape::kMap:
        return IntoMap(raw, type, slot);
      case Shape::kQuantity:
        return IntoQuantity(raw, slot);
      case Shape::kTime:
        return IntoTime(raw, false, slot);
      case Shape::kMicroTime:
        return IntoTime(raw, true, slot);
      case Shape::kIntOrString:
        return IntoIntOrString(raw, slot);
      case Shape::kRaw:
        return Assign(slot, raw, raw);
      case Shape::kString:
        return raw.IsString() ? Assign(slot, raw, raw) : Mismatch(raw, type.go_name);
      case Shape::kBool:
        return raw.IsBool() ? Assign(slot, raw, raw) : Mismatch(raw, type.go_name);
      case Shape::kInt32:
        return raw.IsNumber() && ParseInt32(raw.AsText()) ? Assign(slot, raw, raw) : NumberMismatch(raw, type.go_name);
      case Shape::kInt64:
        return raw.IsNumber() && ParseInt64(raw.AsText()) ? Assign(slot, raw, raw) : NumberMismatch(raw, type.go_name);
      case Shape::kBytes:
        return IntoBytes(raw, type, slot);
    }
    return true;
  }

  static bool Assign(Value& slot, Value value, const Value& raw) {
    // -0 is 0 once it has been an integer.
    if (value.IsNumber() && value.AsText() == "-0") value = Value::Int(0);
    slot = std::move(value);
    slot.set_mark(raw.mark());
    return true;
  }

  bool IntoMessage(const Value& raw, const Type& type, Value& slot) {
    if (!raw.IsObject()) return Mismatch(raw, type.go_name);
    if (!slot.IsObject()) slot = Value::MakeObject();
    slot.set_mark(raw.mark());
    const Message* outer = struct_;
    struct_ = type.message;
    std::set<std::string_view> seen;
    bool go_on = true;
    for (const Value::Member& member : raw.members()) {
      const Field* field = type.message->Find(member.key);
      const FieldFate fate = field != nullptr ? FateOfField(*type.message, *field) : FieldFate::kUnknown;
      if (fate == FieldFate::kUnknown) {
        Report(FieldIssue::Kind::kUnknown, member);
        continue;
      }
      if (!seen.insert(member.key).second) Report(FieldIssue::Kind::kDuplicate, member);
      const std::size_t depth = go_path_.size();
      go_path_.insert(go_path_.end(), field->embedded.begin(), field->embedded.end());
      go_path_.push_back(field->name);
      Value dropped = Value::MakeObject();
      go_on = IntoMember(member, field->type, fate == FieldFate::kDropped ? dropped : slot);
      go_path_.resize(depth);
      if (!go_on) break;
    }
    struct_ = outer;
    return go_on;
  }

  FieldFate FateOfField(const Message& message, const Field& field) const {
    return fate_of_ ? fate_of_(message, field) : FieldFate::kKept;
  }

  // One member of a message; a null takes an earlier value away.
  bool IntoMember(const Value::Member& member, const Type& type, Value& slot) {
    Value* earlier = slot.Find(member.key);
    Value value = earlier != nullptr ? std::move(*earlier) : Value();
    const std::size_t length = path_.size();
    if (!path_.empty()) path_ += '.';
    path_ += member.key;
    const bool go_on = Into(member.value, type, value);
    path_.resize(length);
    if (value.IsNull() && type.shape != Shape::kRaw) {
      slot.Remove(member.key);
    } else if (earlier != nullptr) {
      *earlier = std::move(value);
    } else {
      slot.members().push_back({member.key, std::move(value), member.mark});
    }
    return go_on;
  }

  bool IntoList(const Value& raw, const Type& type, Value& slot) {
    if (!raw.IsArray()) return Mismatch(raw, type.go_name);
    slot = Value::MakeArray();
    slot.set_mark(raw.mark());
    slot.items().reserve(raw.size());
    for (const Value& item : raw.items()) {
      const std::size_t length = path_.size();
      AppendTo(path_, "[", slot.size(), "]");
      Value value;
      const bool go_on = Into(item, *type.element, value);
      path_.resize(length);
      slot.items().push_back(value.IsNull() ? Zero(*type.element) : std::move(value));
      if (!go_on) return false;
    }
    return true;
  }

  bool IntoMap(const Value& raw, const Type& type, Value& slot) {
    if (!raw.IsObject()) return Mismatch(raw, type.go_name);
    if (!slot.IsObject()) slot = Value::MakeObject();
    slot.set_mark(raw.mark());
    std::set<std::string, std::less<>> seen;
    for (const Value::Member& member : slot.members()) seen.insert(member.key);
    std::set<std::string_view> written;
    for (const Value::Member& member : raw.members()) {
      if (!written.insert(member.key).second) Report(FieldIssue::Kind::kDuplicate, member);
      if (!seen.insert(member.key).second) slot.Remove(member.key);
      const std::size_t length = path_.size();
      AppendTo(path_, path_.empty() ? "" : ".", member.key);
      Value value;
      const bool go_on = Into(member.value, *type.element, value);
      path_.resize(length);
      slot.members().push_back({member.key, value.IsNull() ? Zero(*type.element) : std::move(value), member.mark});
      if (!go_on) return false;
    }
    return true;
  }

  // What an element is that was null, or could not be read.
  static Value Zero(const Type& type) {
    switch (type.shape) {
      case Shape::kString:
        return Value::String("");
      case Shape::kBool:
        return Value::Bool(false);
      case Shape::kInt32:
      case Shape::kInt64:
        return Value::Int(0);
      case Shape::kQuantity:
        return Value::String("0");
      case Shape::kMessage:
        return Value::MakeObject();
      case Shape::kBytes:
      case Shape::kIntOrString:
      case Shape::kTime:
      case Shape::kMicroTime:
      case Shape::kRaw:
      case Shape::kList:
      case Shape::kMap:
        break;
    }
    return {};
  }

  bool IntoQuantity(const Value& raw, Value& slot) {
    const std::string text = raw.IsString() ? raw.AsText() : document::WriteJson(raw);
    auto quantity = Quantity::Parse(Trim(text));
    if (!quantity.ok()) return Abort(raw, quantity.error().message);
    return Assign(slot, Value::String((*quantity).text()), raw);
  }

  bool IntoTime(const Value& raw, bool micro, Value& slot) {
    if (!raw.IsString()) return AbortMismatch(raw, "string");
    const auto time = ParseGoTime(raw.AsText(), micro);
    if (!time.ok()) return Abort(raw, time.error().message);
    if ((*time).IsZero()) {
      slot = Value();
      return true;
    }
    return Assign(slot, Value::String((*time).Text(micro)), raw);
  }

  bool IntoIntOrString(const Value& raw, Value& slot) {
    if (raw.IsString()) return Assign(slot, raw, raw);
    if (raw.IsNumber() && ParseInt32(raw.AsText())) return Assign(slot, raw, raw);
    return AbortMismatch(raw, "int32", raw.IsNumber());
  }

  bool IntoBytes(const Value& raw, const Type& type, Value& slot) {
    if (!raw.IsString()) return Mismatch(raw, type.go_name);
    if (const auto bad = Base64Error(raw.AsText())) {
      return Save(raw, Cat("illegal base64 data at input byte ", *bad));
    }
    return Assign(slot, raw, raw);
  }

  std::string MismatchText(const Value& raw, std::string_view go_name, bool with_number) const {
    std::string what(KindName(raw));
    if (with_number && raw.IsNumber()) AppendTo(what, " ", raw.AsText());
    if (go_path_.empty()) return Cat("json: cannot unmarshal ", what, " into Go value of type ", go_name);
    return Cat("json: cannot unmarshal ", what, " into Go struct field ", struct_->name, ".", Join(go_path_, "."),
               " of type ", go_name);
  }

  bool Mismatch(const Value& raw, std::string_view go_name) { return Save(raw, MismatchText(raw, go_name, false)); }
  bool NumberMismatch(const Value& raw, std::string_view go_name) {
    return Save(raw, MismatchText(raw, go_name, true));
  }
  bool AbortMismatch(const Value& raw, std::string_view go_name, bool with_number = false) {
    return Abort(raw, MismatchText(raw, go_name, with_number));
  }

  // The first such error counts, and the rest is still read.
  bool Save(const Value& raw, std::string message) {
    if (!out_.error) out_.error = DecodeError{std::move(message), raw.mark()};
    return true;
  }
  // This one counts, whatever was before.
  bool Abort(const Value& raw, std::string message) {
    out_.error = DecodeError{std::move(message), raw.mark()};
    return false;
  }

  void Report(FieldIssue::Kind kind, const Value::Member& member) {
    if (out_.issues.size() >= kMaxIssues) return;
    FieldIssue issue{kind, path_.empty() ? member.key : Cat(path_, ".", member.key), member.mark};
    if (reported_.insert(issue.Text()).second) out_.issues.push_back(std::move(issue));
  }

  const FateOf& fate_of_;
  Decoded& out_;
  const Message* struct_ = nullptr;
  std::vector<std::string> go_path_;
  std::string path_;
  std::set<std::string> reported_;
};

}  // namespace

std::string FieldIssue::Text() const {
  return Cat(kind == Kind::kUnknown ? "unknown field " : "duplicate field ", Quote(path));
}

Decoded Decode(const Value& raw, const Message& message, const FateOf& fate_of) {
  Decoded out;
  Decoder(fate_of, out).Run(raw, message);
  return out;
}

}  // namespace reprieve::model
