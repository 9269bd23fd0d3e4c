#include "store/event_log.h"

#include "base/text.h"

namespace reprieve::store {
namespace {

constexpr std::size_t kStandAlone = 10;
constexpr Nanoseconds kSimilarFor = Seconds(600);

}  // namespace

void EventLog::Add(const world::Event& event) {
  PerSubject& subject = subjects_[event.about];
  Similar& similar = subject.similar[{event.warning, event.reason}];
  if (event.at - similar.last > kSimilarFor) similar = {};
  similar.last = event.at;
  if (similar.messages.size() < kStandAlone) {
    const bool fresh = similar.messages.insert(event.message).second;
    if (!fresh) return;
    if (similar.messages.size() < kStandAlone) {
      if (subject.events.size() < kMaxEventsPerSubject) subject.events.push_back({event, false});
      return;
    }
  }
  if (similar.combined == 0) {
    if (subject.events.size() >= kMaxEventsPerSubject) return;
    subject.events.push_back({event, true});
    similar.combined = subject.events.size();
  }
  subject.events[similar.combined - 1].event.message = event.message;
}

std::vector<world::Event> EventLog::About(const world::Subject& subject) const {
  std::vector<world::Event> out;
  const auto at = subjects_.find(subject);
  if (at == subjects_.end()) return out;
  for (const Kept& kept : at->second.events) {
    out.push_back(kept.event);
    if (kept.combined) out.back().message = Cat("(combined from similar events): ", kept.event.message);
  }
  return out;
}

}  // namespace reprieve::store
