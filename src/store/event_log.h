// EventLog: what was announced, as clients of a cluster would list it: of many similar events the later are combined.
//
// Source: oracle recordings; client-go's correlation: ten different messages of one reason about one object within ten
// minutes stand alone, further ones are one event that shows the newest. One owner; no lock.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "world/api.h"

namespace reprieve::store {

class EventLog {
 public:
  // Of one subject at most this many distinct events are kept; of more, the first stay.
  static constexpr std::size_t kMaxEventsPerSubject = 1000;

  void Add(const world::Event& event);
  // In order of first appearance; repeated ones once.
  std::vector<world::Event> About(const world::Subject& subject) const;
  void Forget(const world::Subject& subject) { subjects_.erase(subject); }

 private:
  // Events that differ in nothing but their message.
  struct Similar {
    std::set<std::string> messages;
    Time last;
    std::size_t combined = 0;  // position of the combined event, plus one; 0: none yet
  };
  struct Kept {
    world::Event event;
    bool combined = false;  // stands for all further similar ones, and shows the newest
  };
  struct PerSubject {
    std::vector<Kept> events;
    std::map<std::pair<bool, SharedString>, Similar> similar;
  };

  std::map<world::Subject, PerSubject> subjects_;
};

}  // namespace reprieve::store
