// SharedString: immutable text, the size of a pointer; a copy only increments a reference count. For values that
// thousands of objects have in common: reasons, condition types, container names, identities.
//
//   condition.reason = "PodCompleted"_shared;  // never allocates
//   condition.reason = Cat("exit ", code);     // one allocation for all its copies
//
// A plain value. Copies of one text may be used and destroyed on different threads.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "base/ref_count.h"

namespace reprieve {

namespace shared_string_internal {

// The characters follow it in memory.
struct Header {
  static constexpr std::uint32_t kImmortal = std::numeric_limits<std::uint32_t>::max();
  RefCount refs;
  std::uint32_t size;
};

template <std::size_t N>
struct Literal {
  consteval Literal(const char (&text)[N]) {  // NOLINT(google-explicit-constructor): literals are passed directly
    for (std::size_t i = 0; i < N; ++i) chars[i] = text[i];
  }
  char chars[N]{};
};

template <Literal text>
struct Immortal {
  Header header{RefCount(Header::kImmortal), sizeof text.chars - 1};
  decltype(text.chars) chars;
  constexpr Immortal() {
    for (std::size_t i = 0; i < sizeof chars; ++i) chars[i] = text.chars[i];
  }
};
template <Literal text>
inline constinit const Immortal<text> kImmortalText{};

}  // namespace shared_string_internal

class SharedString {
 public:
  SharedString() = default;
  SharedString(std::string_view text);  // NOLINT(google-explicit-constructor): converts like std::string
  SharedString(const std::string& text)
      : SharedString(std::string_view(text)) {}                             // NOLINT(google-explicit-constructor)
  SharedString(const char* text) : SharedString(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
  SharedString(const SharedString& other) noexcept : text_(other.text_) { Hold(); }
  SharedString(SharedString&& other) noexcept : text_(std::exchange(other.text_, nullptr)) {}
  SharedString& operator=(const SharedString& other) noexcept {
    SharedString(other).Swap(*this);
    return *this;
  }
  SharedString& operator=(SharedString&& other) noexcept {
    SharedString(std::move(other)).Swap(*this);
    return *this;
  }
  ~SharedString() { Drop(); }

  std::string_view view() const {
    return text_ == nullptr ? std::string_view()
                            : std::string_view(reinterpret_cast<const char*>(text_ + 1), text_->size);
  }
  operator std::string_view() const {
    return view();
  }  // NOLINT(google-explicit-constructor): readable wherever text is
  std::string str() const { return std::string(view()); }
  bool empty() const { return text_ == nullptr; }
  // Concatenates the pieces with one allocation.
  static SharedString Join(std::initializer_list<std::string_view> pieces);
  std::size_t size() const { return text_ == nullptr ? 0 : text_->size; }

  friend bool operator==(const SharedString& a, const SharedString& b) {
    return a.text_ == b.text_ || (a.size() == b.size() && a.view() == b.view());
  }
  template <std::convertible_to<std::string_view> T>
  requires(!std::same_as<T, SharedString>) friend bool operator==(const SharedString& a, const T& b) {
    return a.view() == std::string_view(b);
  }
  friend std::strong_ordering operator<=>(const SharedString& a, const SharedString& b) {
    return a.view() <=> b.view();
  }
  template <std::convertible_to<std::string_view> T>
  requires(!std::same_as<T, SharedString>) friend std::strong_ordering operator<=>(const SharedString& a, const T& b) {
    return a.view() <=> std::string_view(b);
  }

 private:
  template <shared_string_internal::Literal text>
  friend SharedString operator""_shared();
  explicit SharedString(const shared_string_internal::Header* text) : text_(text) {}

  void Swap(SharedString& other) noexcept { std::swap(text_, other.text_); }
  bool IsCounted() const {
    return text_ != nullptr && text_->refs.count() != shared_string_internal::Header::kImmortal;
  }
  void Hold() const {
    if (IsCounted()) text_->refs.Add();
  }
  void Drop() const {
    if (IsCounted() && text_->refs.Drop()) Delete();
  }
  void Delete() const;

  const shared_string_internal::Header* text_ = nullptr;  // null: empty
};

// A literal: no allocation and no counting.
template <shared_string_internal::Literal text>
SharedString operator""_shared() {
  static_assert(sizeof text.chars > 1, "an empty SharedString is SharedString()");
  return SharedString(&shared_string_internal::kImmortalText<text>.header);
}

}  // namespace reprieve

template <>
struct std::hash<reprieve::SharedString> {
  std::size_t operator()(const reprieve::SharedString& text) const noexcept {
    return std::hash<std::string_view>()(text.view());
  }
};
