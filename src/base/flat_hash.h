// FlatMap, FlatSet: hash tables without a node per element, for hot paths.
//
// Boost.Unordered's open addressing: a lookup costs one cache miss, and a table of a million elements doesn't make a
// million allocations. An insertion may move elements, so keep no pointers to them. The order of iteration is not
// reproducible from a seed: sort before a decision depends on it. One owner, no lock.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace reprieve {

// The library's own hash of text, eight bytes at a time; Boost's goes byte by byte.
struct TextHash {
  using is_avalanching = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};
// For text that is random at both ends, such as a UID: hashes only the ends.
struct EndsHash {
  using is_avalanching = void;
  std::size_t operator()(std::string_view text) const noexcept {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    if (text.size() < sizeof last) return TextHash()(text);
    std::memcpy(&first, text.data(), sizeof first);
    std::memcpy(&last, text.data() + text.size() - sizeof last, sizeof last);
    const std::uint64_t mixed = (first ^ (last << 29 | last >> 35)) * 0x9E3779B97F4A7C15U;
    return mixed ^ mixed >> 32;
  }
};

template <class Key>
using HashOf = std::conditional_t<std::is_convertible_v<const Key&, std::string_view>, TextHash, boost::hash<Key>>;

template <class Key, class T, class Hash = HashOf<Key>, class Equal = std::equal_to<Key>>
using FlatMap = boost::unordered_flat_map<Key, T, Hash, Equal>;

template <class Key, class Hash = HashOf<Key>, class Equal = std::equal_to<Key>>
using FlatSet = boost::unordered_flat_set<Key, Hash, Equal>;

}  // namespace reprieve
