// Small functions on text. Pure; safe from any thread.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace reprieve {

inline bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
inline bool IsLower(char c) {
  return c >= 'a' && c <= 'z';
}
inline bool IsUpper(char c) {
  return c >= 'A' && c <= 'Z';
}
inline bool IsAlnum(char c) {
  return IsDigit(c) || IsLower(c) || IsUpper(c);
}

namespace text_internal {
inline void Append(std::string& out, std::string_view piece) {
  out.append(piece);
}
inline void Append(std::string& out, char piece) {
  out.push_back(piece);
}
template <std::integral T>
requires(!std::same_as<T, char>) void Append(std::string& out, T number) {
  using Wide = std::conditional_t<std::is_signed_v<T>, long long, unsigned long long>;
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, static_cast<Wide>(number)).ptr;
  out.append(buffer, end);
}
}  // namespace text_internal

// Cat("pod ", name, " exited ", 42): strings, characters and whole numbers, one after another.
template <class... Pieces>
std::string Cat(const Pieces&... pieces) {
  std::string out;
  (text_internal::Append(out, pieces), ...);
  return out;
}

template <class... Pieces>
void AppendTo(std::string& out, const Pieces&... pieces) {
  (text_internal::Append(out, pieces), ...);
}

std::string Join(const std::vector<std::string>& pieces, std::string_view separator);
// "a,,b" gives three pieces; "" gives one empty piece.
std::vector<std::string_view> Split(std::string_view text, char separator);
std::string_view Trim(std::string_view text);
std::string ToLower(std::string_view text);

// Like Go's strconv.Quote, which the API server's messages use.
std::string Quote(std::string_view text);

// Parses a decimal integer with an optional minus sign; nullopt if there is anything else or it does not fit.
std::optional<std::int64_t> ParseInt64(std::string_view text);
std::optional<std::int32_t> ParseInt32(std::string_view text);

bool IsValidUtf8(std::string_view text);

// True if `text` matches `pattern`, in which * stands for any run of characters and ? for one.
bool GlobMatch(std::string_view pattern, std::string_view text);

// The candidate nearest to `word` by edit distance, if near enough to be a likely typo; else empty.
std::string_view NearestWord(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace reprieve
