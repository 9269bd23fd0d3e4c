#include "document/value.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace reprieve::document {
namespace {

const Value kNullValue;
const Value::Array kNoItems;
const Value::Object kNoMembers;

// The members in the order of their keys; those of one key in the order in which they were written.
std::vector<const Value::Member*> SortedMembers(const Value::Object& members) {
  std::vector<const Value::Member*> sorted;
  sorted.reserve(members.size());
  for (const auto& member : members) sorted.push_back(&member);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
  return sorted;
}

}  // namespace

Value::Value(const Value& other)
    : kind_(other.kind_),
      bool_(other.bool_),
      mark_(other.mark_),
      text_(other.text_),
      array_(other.array_ ? std::make_unique<Array>(*other.array_) : nullptr),
      object_(other.object_ ? std::make_unique<Object>(*other.object_) : nullptr) {}

Value& Value::operator=(const Value& other) {
  if (this != &other) *this = Value(other);
  return *this;
}

Value Value::Bool(bool value) {
  Value out;
  out.kind_ = Kind::kBool;
  out.bool_ = value;
  return out;
}

Value Value::Int(std::int64_t value) {
  return Number(Cat(value));
}

Value Value::Number(std::string text) {
  Value out;
  out.kind_ = Kind::kNumber;
  out.text_ = std::move(text);
  return out;
}

Value Value::String(std::string text) {
  Value out;
  out.kind_ = Kind::kString;
  out.text_ = std::move(text);
  return out;
}

Value Value::MakeArray() {
  return MakeArray(Array());
}
Value Value::MakeObject() {
  return MakeObject(Object());
}

Value Value::MakeArray(Array items) {
  Value out;
  out.kind_ = Kind::kArray;
  out.array_ = std::make_unique<Array>(std::move(items));
  return out;
}

Value Value::MakeObject(Object members) {
  Value out;
  out.kind_ = Kind::kObject;
  out.object_ = std::make_unique<Object>(std::move(members));
  return out;
}

std::int64_t Value::AsInt() const {
  return kind_ == Kind::kNumber ? ParseInt64(text_).value_or(0) : 0;
}

const Value::Array& Value::items() const {
  return array_ ? *array_ : kNoItems;
}
const Value::Object& Value::members() const {
  return object_ ? *object_ : kNoMembers;
}

Value::Array& Value::items() {
  REPRIEVE_CHECK(IsArray(), "items of a value that is no array");
  return *array_;
}

Value::Object& Value::members() {
  REPRIEVE_CHECK(IsObject(), "members of a value that is no object");
  return *object_;
}

std::size_t Value::size() const {
  return IsArray() ? array_->size() : IsObject() ? object_->size() : 0;
}

bool Value::IsEmpty() const {
  switch (kind_) {
    case Kind::kNull:
      return true;
    case Kind::kBool:
      return !bool_;
    case Kind::kNumber:
      return text_ == "0";
    case Kind::kString:
      return text_.empty();
    case Kind::kArray:
      return array_->empty();
    case Kind::kObject:
      return object_->empty();
  }
  return true;
}

const Value* Value::Find(std::string_view key) const {
  if (!IsObject()) return nullptr;
  for (auto it = object_->rbegin(); it != object_->rend(); ++it) {
    if (it->key == key) return &it->value;
  }
  return nullptr;
}

Value* Value::Find(std::string_view key) {
  return const_cast<Value*>(std::as_const(*this).Find(key));
}

const Value& Value::operator[](std::string_view key) const {
  const Value* found = Find(key);
  return found != nullptr ? *found : kNullValue;
}

const Value& Value::operator[](std::size_t index) const {
  return IsArray() && index < array_->size() ? (*array_)[index] : kNullValue;
}

Value& Value::At(std::string_view key) {
  if (IsNull()) {
    const Mark mark = mark_;
    *this = MakeObject();
    mark_ = mark;
  }
  REPRIEVE_CHECK(IsObject(), "a member of a value that is no object");
  if (Value* found = Find(key)) return *found;
  object_->push_back({std::string(key), Value(), Mark()});
  return object_->back().value;
}

Value& Value::Set(std::string_view key, Value value) {
  return At(key) = std::move(value);
}

bool Value::Remove(std::string_view key) {
  return IsObject() && std::erase_if(*object_, [&](const Member& member) { return member.key == key; }) > 0;
}

Value& Value::Append(Value value) {
  if (IsNull()) *this = MakeArray();
  REPRIEVE_CHECK(IsArray(), "an item of a value that is no array");
  array_->push_back(std::move(value));
  return array_->back();
}

bool operator==(const Value& a, const Value& b) {
  if (a.kind_ != b.kind_) return false;
  switch (a.kind_) {
    case Value::Kind::kNull:
      return true;
    case Value::Kind::kBool:
      return a.bool_ == b.bool_;
    case Value::Kind::kNumber:
    case Value::Kind::kString:
      return a.text_ == b.text_;
    case Value::Kind::kArray:
      return *a.array_ == *b.array_;
    case Value::Kind::kObject:
      break;
  }
  if (a.object_->size() != b.object_->size()) return false;
  const auto left = SortedMembers(*a.object_);
  const auto right = SortedMembers(*b.object_);
  return std::equal(left.begin(), left.end(), right.begin(),
                    [](const auto* x, const auto* y) { return x->key == y->key && x->value == y->value; });
}

}  // namespace reprieve::document
