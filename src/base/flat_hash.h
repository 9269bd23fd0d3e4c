// FlatMap, FlatSet: hash tables without a node per element, for what every pod passes through.
//
// Boost.Unordered's open addressing: an element is one cache line away, and a table of a million costs no million
// allocations. An insertion may move elements: keep no pointer to one. Iteration is in no order that a seed repeats:
// sort before anything follows from it. One owner, no lock.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

namespace reprieve {

template <class Key, class T, class Hash = boost::hash<Key>, class Equal = std::equal_to<Key>>
using FlatMap = boost::unordered_flat_map<Key, T, Hash, Equal>;

template <class Key, class Hash = boost::hash<Key>, class Equal = std::equal_to<Key>>
using FlatSet = boost::unordered_flat_set<Key, Hash, Equal>;

}  // namespace reprieve
