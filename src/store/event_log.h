// EventLog: the recorded events, as clients of a cluster would list them: later ones of many similar events are
// combined, and events older than an hour are dropped.
//
// Source: oracle recordings; client-go's correlation: ten different messages of one reason about one object within ten
// minutes stand alone, further ones are one event that shows the newest; the API server keeps an event for an hour
// after its last occurrence. One owner; no lock.
#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "world/api.h"

namespace reprieve::store {

class EventLog {
 public:
  // Of one subject at most this many distinct events are kept; of more, the first stay until they expire.
  static constexpr std::size_t kMaxEventsPerSubject = 1000;
  // Of all subjects; of more, the subject with the oldest newest event loses its events first.
  static constexpr std::size_t kMaxEvents = 100'000;
  static constexpr Nanoseconds kKeptFor = std::chrono::hours(1);

  void Add(const world::Event& event);
  // In order of first appearance; repeated ones once. What has expired since the last Add is still there.
  std::vector<world::Event> About(const world::Subject& subject) const;
  std::size_t size() const { return size_; }

 private:
  // Events that differ in nothing but their message.
  struct Similar {
    bool warning = false;
    SharedString reason;
    std::map<std::string, std::size_t> messages;  // and the number of each one's event
    Time last;
    std::size_t combined = 0;  // the number of the combined event, plus one; 0: none yet
  };
  struct Kept {
    world::Event event;
    Time last;              // when it occurred last
    bool combined = false;  // stands for all further similar ones, and shows the newest
  };
  struct PerSubject;
  using Subjects = std::map<world::Subject, PerSubject>;
  using Place = Subjects::iterator;
  struct PerSubject {
    std::deque<Kept> events;  // numbered from `expired`
    std::size_t expired = 0;
    std::vector<Similar> similar;  // as many as there are reasons, which are few
    Time last;
    std::list<Place>::iterator place;  // in by_age_

    // Null pointer: it has expired.
    Kept* Find(std::size_t number) { return number < expired ? nullptr : &events[number - expired]; }
  };

  PerSubject& SubjectOf(const world::Event& event);
  static Similar& SimilarTo(const world::Event& event, PerSubject& subject);
  void Expire(PerSubject& subject, Time now);
  // False if the subject has as many events as it may have.
  bool Keep(PerSubject& subject, const world::Event& event, bool combined);
  void DropOldest();

  Subjects subjects_;
  std::list<Place> by_age_;  // by their newest event, the oldest first
  std::size_t size_ = 0;     // events of all subjects
};

}  // namespace reprieve::store
