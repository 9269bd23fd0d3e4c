// Warnings that come again and again, such as those of a Job whose pods can't be created: each is told once.
//
// One owner. Followers of exclusive placement are refused until their leader has a node: that is told only if it lasts
// and nothing else explains it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "world/api.h"

namespace reprieve::cli {

class RepeatedWarnings {
 public:
  // Whether the warning is to be told now. `explained`: something that was told already makes a transient one come.
  // `ended` gets the former one of the same object and reason if that came more
  // than once and comes no more.
  bool Add(const world::Event& event, bool explained, std::vector<std::string>& ended);
  // Those that came more than once and how often.
  std::vector<std::string> Rest() const;

 private:
  struct Warning {
    std::string message;
    Time first;
    std::int64_t count = 0;
    bool told = false;
  };
  using Key = std::pair<world::Subject, std::string>;
  static std::string Text(const Key& key, const Warning& warning);

  std::map<Key, Warning> warnings_;
};

}  // namespace reprieve::cli
