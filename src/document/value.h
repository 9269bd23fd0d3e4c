// Value: any JSON or YAML value as the user wrote it: members in their order, numbers as text, and the place of each.
//
// The currency of everything that reads, writes, defaults, validates and patches API objects. What the controllers
// interpret is bound from it to plain structs (model/bind.h).
//
// Numbers keep their text (1.0 is not 1; nothing is rounded). Repeated members are all kept, so that a strict decoder
// can name them; Find returns the last, as Go's decoder does. A plain value: const use is safe from any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reprieve::document {

// A place in the user's file. Line and column count from 1; line 0: not from a file.
struct Mark {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

class Value {
 public:
  enum class Kind : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };
  struct Member;
  using Array = std::vector<Value>;
  using Object = std::vector<Member>;

  Value();  // null
  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value();

  static Value Null() { return {}; }
  static Value Bool(bool value);
  static Value Int(std::int64_t value);
  // `text` is a JSON number.
  static Value Number(std::string text);
  static Value String(std::string text);
  static Value MakeArray();
  static Value MakeArray(Array items);
  static Value MakeObject();
  static Value MakeObject(Object members);

  Kind kind() const { return kind_; }
  bool IsNull() const { return kind_ == Kind::kNull; }
  bool IsBool() const { return kind_ == Kind::kBool; }
  bool IsNumber() const { return kind_ == Kind::kNumber; }
  bool IsString() const { return kind_ == Kind::kString; }
  bool IsArray() const { return kind_ == Kind::kArray; }
  bool IsObject() const { return kind_ == Kind::kObject; }

  // Readers that never fail: of another kind they give false, "", 0 or nothing.
  bool AsBool() const { return kind_ == Kind::kBool && bool_; }
  // The text of a string or of a number.
  const std::string& AsText() const { return text_; }
  std::int64_t AsInt() const;
  const Array& items() const;
  const Object& members() const;
  Array& items();
  Object& members();
  std::size_t size() const;
  // Null, "", [], {}, false or 0: what `omitempty` leaves out.
  bool IsEmpty() const;

  // The last member of that name; null pointer if there is none or this is no object.
  const Value* Find(std::string_view key) const;
  Value* Find(std::string_view key);
  // The member, or a shared null. value["spec"]["template"] is safe on anything.
  const Value& operator[](std::string_view key) const;
  const Value& operator[](std::size_t index) const;
  // The member, made (null) if it is not there. A null becomes an object first. REQUIRES: null or object.
  Value& At(std::string_view key);
  Value& Set(std::string_view key, Value value);
  // Removes all members of that name; true if there was one.
  bool Remove(std::string_view key);
  // Appends to an array. A null becomes an array first. REQUIRES: null or array.
  Value& Append(Value value);

  Mark mark() const { return mark_; }
  void set_mark(Mark mark) { mark_ = mark; }

  // Equal as JSON values: marks and the order of members do not count; numbers compare by text.
  friend bool operator==(const Value& a, const Value& b);

 private:
  Kind kind_ = Kind::kNull;
  bool bool_ = false;
  Mark mark_;
  std::string text_;
  std::unique_ptr<Array> array_;
  std::unique_ptr<Object> object_;
};

struct Value::Member {
  std::string key;
  Value value;
  Mark mark;  // of the key
};

// Here, where Member is complete.
inline Value::Value() = default;
inline Value::Value(Value&& other) noexcept = default;
inline Value& Value::operator=(Value&& other) noexcept = default;
inline Value::~Value() = default;

}  // namespace reprieve::document
