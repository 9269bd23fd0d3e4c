// Binds plain structs to Values: each struct lists its members once, and reading, writing and equality come from that.
//
//   struct PodCondition { std::string type; ...; Value rest;
//     template <class V> static void Fields(V& v) { v.Field("type", &PodCondition::type, kAlwaysWritten); ... } };
//
// Wire facts (types, documentation, patch strategy) stand in model/schema/fields.tsv; a test holds every name bound
// here against that table. Members that a struct does not interpret are kept in `rest` and written back untouched.
//
// Bind reads values that decoding has already checked (model/decode.h), so it never fails: what does not fit reads as
// its zero. Pure; safe from any thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/shared_string.h"
#include "base/shared_vector.h"
#include "base/time.h"
#include "document/value.h"
#include "model/boxed.h"
#include "model/compact.h"

namespace reprieve::model {

enum class Presence : std::uint8_t {
  kOmitEmpty,  // left out when it holds its zero
  kAlways,     // written even then
};
inline constexpr Presence kOmitEmpty = Presence::kOmitEmpty;
inline constexpr Presence kAlwaysWritten = Presence::kAlways;

// Members that a struct does not interpret. Nearly always none, so it costs a pointer.
class Rest {
 public:
  Rest() = default;
  Rest(const Rest& other) : value_(other.value_ ? std::make_unique<document::Value>(*other.value_) : nullptr) {}
  Rest(Rest&&) noexcept = default;
  Rest& operator=(const Rest& other) {
    if (this != &other) *this = Rest(other);
    return *this;
  }
  Rest& operator=(Rest&&) noexcept = default;
  ~Rest() = default;

  const document::Value& operator[](std::string_view key) const;
  const document::Value::Object& members() const;
  document::Value& At(std::string_view key);

  friend bool operator==(const Rest& a, const Rest& b);

 private:
  std::unique_ptr<document::Value> value_;  // null: none
};

// An enumeration bound as text has a table of its names beside it, found by overload.
template <class E>
concept NamedEnum = std::is_enum_v<E> && requires(E e, std::string_view text) {
  { NameOf(e) } -> std::convertible_to<std::string_view>;
  {FromName(text, e)};
};

template <class T>
concept Bound = requires {
  typename T::BoundTag;
};

void FromValue(const document::Value& value, bool& out);
void FromValue(const document::Value& value, std::int32_t& out);
void FromValue(const document::Value& value, std::int64_t& out);
void FromValue(const document::Value& value, std::string& out);
void FromValue(const document::Value& value, SharedString& out);
void FromValue(const document::Value& value, Time& out);
void FromValue(const document::Value& value, document::Value& out);
document::Value ToValue(bool value);
document::Value ToValue(std::int32_t value);
document::Value ToValue(std::int64_t value);
document::Value ToValue(const std::string& value);
document::Value ToValue(const SharedString& value);
document::Value ToValue(Time value);
document::Value ToValue(const document::Value& value);

template <NamedEnum E>
void FromValue(const document::Value& value, E& out) {
  FromName(value.AsText(), out);
}
template <NamedEnum E>
document::Value ToValue(E value) {
  return document::Value::String(std::string(NameOf(value)));
}

template <class T>
void FromValue(const document::Value& value, std::optional<T>& out);
template <class T>
document::Value ToValue(const std::optional<T>& value);
template <class T>
void FromValue(const document::Value& value, Boxed<T>& out);
template <class T>
document::Value ToValue(const Boxed<T>& value);
template <class T>
void FromValue(const document::Value& value, Compact<T>& out);
template <class T>
document::Value ToValue(const Compact<T>& value);
template <class T>
void FromValue(const document::Value& value, std::vector<T>& out);
template <class T>
document::Value ToValue(const std::vector<T>& value);
template <class T>
void FromValue(const document::Value& value, SharedVector<T>& out);
template <class T>
document::Value ToValue(const SharedVector<T>& value);
template <class T>
void FromValue(const document::Value& value, std::map<std::string, T>& out);
template <class T>
document::Value ToValue(const std::map<std::string, T>& value);
template <class T>
void FromValue(const document::Value& value, std::shared_ptr<const T>& out);
template <class T>
document::Value ToValue(const std::shared_ptr<const T>& value);
template <Bound T>
void FromValue(const document::Value& value, T& out);
template <Bound T>
document::Value ToValue(const T& value);

// --- below: how it works -------------------------------------------------------------------------------------------

template <class T>
void FromValue(const document::Value& value, std::optional<T>& out) {
  if (value.IsNull()) {
    out.reset();
  } else {
    FromValue(value, out.emplace());
  }
}
template <class T>
document::Value ToValue(const std::optional<T>& value) {
  return value ? ToValue(*value) : document::Value::Null();
}

template <class T>
void FromValue(const document::Value& value, Boxed<T>& out) {
  if (value.IsNull()) {
    out.reset();
  } else {
    FromValue(value, out.emplace());
  }
}
template <class T>
document::Value ToValue(const Boxed<T>& value) {
  return value ? ToValue(*value) : document::Value::Null();
}

template <class T>
void FromValue(const document::Value& value, Compact<T>& out) {
  std::optional<T> read;
  FromValue(value, read);
  out = read;
}
template <class T>
document::Value ToValue(const Compact<T>& value) {
  return value ? ToValue(*value) : document::Value::Null();
}

template <class T>
void FromValue(const document::Value& value, std::vector<T>& out) {
  out.clear();
  out.reserve(value.items().size());
  for (const document::Value& item : value.items()) FromValue(item, out.emplace_back());
}
template <class T>
document::Value ToValue(const std::vector<T>& value) {
  document::Value out = document::Value::MakeArray();
  for (const T& item : value) out.Append(ToValue(item));
  return out;
}

template <class T>
void FromValue(const document::Value& value, SharedVector<T>& out) {
  std::vector<T> list;
  FromValue(value, list);
  out = std::move(list);
}
template <class T>
document::Value ToValue(const SharedVector<T>& value) {
  document::Value out = document::Value::MakeArray();
  for (const T& item : value) out.Append(ToValue(item));
  return out;
}

template <class T>
void FromValue(const document::Value& value, std::map<std::string, T>& out) {
  out.clear();
  for (const document::Value::Member& member : value.members()) FromValue(member.value, out[member.key]);
}
template <class T>
document::Value ToValue(const std::map<std::string, T>& value) {
  document::Value out = document::Value::MakeObject();
  for (const auto& [key, item] : value) out.members().push_back({key, ToValue(item), {}});
  return out;
}

template <class T>
void FromValue(const document::Value& value, std::shared_ptr<const T>& out) {
  auto made = std::make_shared<T>();
  FromValue(value, *made);
  out = std::move(made);
}
template <class T>
document::Value ToValue(const std::shared_ptr<const T>& value) {
  return value ? ToValue(*value) : document::Value::MakeObject();
}

namespace bind_internal {

template <class T>
struct Reader {
  const document::Value& from;
  T& to;
  std::vector<std::string_view> known;
  template <class M>
  void Field(std::string_view name, M T::*member, Presence = kOmitEmpty) {
    known.push_back(name);
    if (const document::Value* found = from.Find(name)) FromValue(*found, to.*member);
  }
};

template <class T>
struct Writer {
  const T& from;
  document::Value& to;
  std::initializer_list<std::string_view> without{};  // members that are not written
  template <class M>
  void Field(std::string_view name, M T::*member, Presence presence = kOmitEmpty) {
    for (const std::string_view left_out : without) {
      if (name == left_out) return;
    }
    document::Value value = ToValue(from.*member);
    if constexpr (requires { (from.*member).has_value(); }) {
      // An optional is there or not, zero or not.
      if (value.IsNull() && presence == kOmitEmpty) return;
      if (value.IsNull()) value = document::Value::MakeObject();
    } else {
      if (presence == kOmitEmpty && value.IsEmpty()) return;
    }
    to.members().push_back({std::string(name), std::move(value), {}});
  }
};

}  // namespace bind_internal

template <Bound T>
void FromValue(const document::Value& value, T& out) {
  bind_internal::Reader<T> reader{value, out, {}};
  T::Fields(reader);
  for (const document::Value::Member& member : value.members()) {
    bool known = false;
    for (const std::string_view name : reader.known) known = known || name == member.key;
    if (!known) out.rest.At(member.key) = member.value;
  }
}
template <Bound T>
document::Value ToValue(const T& value) {
  document::Value out = document::Value::MakeObject();
  bind_internal::Writer<T> writer{value, out, {}};
  T::Fields(writer);
  for (const document::Value::Member& member : value.rest.members()) out.members().push_back(member);
  return out;
}

// As ToValue, but for the members of these names.
template <Bound T>
document::Value ToValueWithout(const T& value, std::initializer_list<std::string_view> members) {
  document::Value out = document::Value::MakeObject();
  bind_internal::Writer<T> writer{value, out, members};
  T::Fields(writer);
  for (const document::Value::Member& other : value.rest.members()) out.members().push_back(other);
  return out;
}

template <class T>
T Bind(const document::Value& value) {
  T out;
  FromValue(value, out);
  return out;
}

}  // namespace reprieve::model
