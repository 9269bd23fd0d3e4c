// Reads bound structs straight from JSON text, without a tree in between: the same Fields (model/bind.h) say how, and
// Read makes what Bind makes of the parsed text, but for marks. Types that are read in a way of their own (labels,
// metadata) have a Read of their own, found by overload; what has only a FromValue is read through a tree.
//
// Like Bind it never fails: what does not fit reads as its zero, and a text that is no JSON shows in the cursor.
// REQUIRES of each: `out` is as it was made. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "document/json_cursor.h"
#include "model/bind.h"
#include "model/meta.h"

namespace reprieve::meta {

void Read(document::JsonCursor& in, Labels& out);
void Read(document::JsonCursor& in, Finalizers& out);
// What members of the names `without` hold is passed over.
void Read(document::JsonCursor& in, ObjectMeta& out, std::initializer_list<std::string_view> without = {});

}  // namespace reprieve::meta

namespace reprieve::model {

using document::JsonCursor;

void Read(JsonCursor& in, bool& out);
void Read(JsonCursor& in, std::int32_t& out);
void Read(JsonCursor& in, std::int64_t& out);
void Read(JsonCursor& in, std::string& out);
void Read(JsonCursor& in, SharedString& out);
void Read(JsonCursor& in, Time& out);
void Read(JsonCursor& in, document::Value& out);

template <NamedEnum E>
void Read(JsonCursor& in, E& out) {
  FromName(in.ReadText(), out);
}

template <class T>
void Read(JsonCursor& in, std::optional<T>& out);
template <class T>
void Read(JsonCursor& in, Boxed<T>& out);
template <class T>
void Read(JsonCursor& in, Compact<T>& out);
template <class T>
void Read(JsonCursor& in, std::vector<T>& out);
template <class T>
void Read(JsonCursor& in, SharedVector<T>& out);
template <class T>
void Read(JsonCursor& in, std::map<std::string, T>& out);
template <class T>
void Read(JsonCursor& in, std::shared_ptr<const T>& out);
template <Bound T>
void Read(JsonCursor& in, T& out);
// Of what is bound by a FromValue of its own, and is rare.
template <class T>
requires(!Bound<T> && !NamedEnum<T>) void Read(JsonCursor& in, T& out) {
  FromValue(in.ReadValue(), out);
}

// The same, but `reads_itself(key)` is asked first about each member: true if it has read or skipped the value.
template <Bound T, class ReadsItself>
void ReadMembers(JsonCursor& in, T& out, ReadsItself&& reads_itself);

// --- below: how it works -------------------------------------------------------------------------------------------

namespace read_internal {

template <class Optional>
void ReadOptional(JsonCursor& in, Optional& out) {
  out.reset();
  if (in.Peek() == document::Value::Kind::kNull) {
    in.Skip();
  } else {
    Read(in, out.emplace());
  }
}

// Finds the field of one name and reads it.
template <class T>
struct MemberReader {
  JsonCursor& in;
  T& to;
  std::string_view key;
  std::uint64_t& seen;  // the fields that were there before, by their number
  unsigned number = 0;
  bool found = false;

  template <class M>
  void Field(std::string_view name, M T::*member, Presence = kOmitEmpty) {
    if (!found && name == key) {
      found = true;
      // Of repeated members the last counts, and nothing of the others.
      const std::uint64_t bit = std::uint64_t{1} << (number % 64);
      if ((seen & bit) != 0) to.*member = T().*member;
      seen |= bit;
      Read(in, to.*member);
    }
    ++number;
  }
};

}  // namespace read_internal

template <class T>
void Read(JsonCursor& in, std::optional<T>& out) {
  read_internal::ReadOptional(in, out);
}

template <class T>
void Read(JsonCursor& in, Boxed<T>& out) {
  read_internal::ReadOptional(in, out);
}

template <class T>
void Read(JsonCursor& in, Compact<T>& out) {
  std::optional<T> read;
  Read(in, read);
  out = read;
}

template <class T>
void Read(JsonCursor& in, std::vector<T>& out) {
  out.clear();
  if (!in.BeginArray()) return;
  while (in.NextItem()) Read(in, out.emplace_back());
}

template <class T>
void Read(JsonCursor& in, SharedVector<T>& out) {
  std::vector<T> list;
  Read(in, list);
  list.shrink_to_fit();
  out = std::move(list);
}

template <class T>
void Read(JsonCursor& in, std::map<std::string, T>& out) {
  out.clear();
  if (!in.BeginObject()) return;
  std::string_view key;
  while (in.NextMember(key)) Read(in, out[std::string(key)] = T());
}

template <class T>
void Read(JsonCursor& in, std::shared_ptr<const T>& out) {
  auto made = std::make_shared<T>();
  Read(in, *made);
  out = std::move(made);
}

template <Bound T, class ReadsItself>
void ReadMembers(JsonCursor& in, T& out, ReadsItself&& reads_itself) {
  if (!in.BeginObject()) return;
  std::uint64_t seen = 0;
  std::string_view key;
  while (in.NextMember(key)) {
    if (reads_itself(key)) continue;
    read_internal::MemberReader<T> reader{in, out, key, seen};
    T::Fields(reader);
    if (reader.found) continue;
    const std::string name(key);
    out.rest.At(name) = in.ReadValue();
  }
}

template <Bound T>
void Read(JsonCursor& in, T& out) {
  ReadMembers(in, out, [](std::string_view) { return false; });
}

}  // namespace reprieve::model
