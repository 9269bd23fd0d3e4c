// What was made of the same text before, so that objects that have it in common share it: thousands of pods have the
// same owner, conditions and template. Remembers by hash, a place for each: what comes later takes the place of what
// was there, and nothing else follows from forgetting than that it is made again.
//
// One owner.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/shared_string.h"
#include "document/json_cursor.h"

namespace reprieve::kube {

// By JSON text.
template <class Made>
class MadeBefore {
 public:
  // Larger texts are not remembered.
  static constexpr std::size_t kMaxText = std::size_t{256} << 10;

  explicit MadeBefore(std::size_t places) : places_(places) {}

  // What `make(cursor)` makes of `text`, now or before.
  template <class Make>
  Made Of(std::string_view text, const Make& make) {
    Place& place = places_[std::hash<std::string_view>()(text) % places_.size()];
    if (place.text == text && !text.empty()) return place.made;
    document::JsonCursor in(text);
    Made made = make(in);
    if (in.ok() && text.size() <= kMaxText) place = {std::string(text), made};
    return made;
  }

 private:
  struct Place {
    std::string text;
    Made made{};
  };
  std::vector<Place> places_;
};

// By what it is itself, of types that share what they hold when they are copied. `hash` is of what tells them apart.
template <class T>
class SeenBefore {
 public:
  explicit SeenBefore(std::size_t places) : places_(places) {}

  // `value` becomes a copy of one that was equal.
  void Share(std::size_t hash, T& value) {
    T& seen = places_[hash % places_.size()];
    if (seen == value) {
      value = seen;
    } else {
      seen = value;
    }
  }

 private:
  std::vector<T> places_;
};

}  // namespace reprieve::kube
