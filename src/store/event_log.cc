#include "store/event_log.h"

#include "base/text.h"

namespace reprieve::store {
namespace {

constexpr std::size_t kStandAlone = 10;
constexpr Nanoseconds kSimilarFor = Seconds(600);

}  // namespace

void EventLog::Add(const world::Event& event) {
  PerJob& job = jobs_[event.about];
  Similar& similar = job.similar[{event.warning, event.reason}];
  if (event.at - similar.last > kSimilarFor) similar = {};
  similar.last = event.at;
  if (similar.messages.size() < kStandAlone) {
    const bool fresh = similar.messages.insert(event.message).second;
    if (!fresh) return;
    if (similar.messages.size() < kStandAlone) {
      if (job.events.size() < kMaxEventsPerJob) job.events.push_back(event);
      return;
    }
  }
  const std::string message = Cat("(combined from similar events): ", event.message);
  if (similar.combined == 0) {
    if (job.events.size() >= kMaxEventsPerJob) return;
    job.events.push_back(event);
    similar.combined = job.events.size();
  }
  job.events[similar.combined - 1].message = message;
}

std::vector<world::Event> EventLog::About(const meta::ObjectKey& job) const {
  const auto at = jobs_.find(job);
  return at == jobs_.end() ? std::vector<world::Event>() : at->second.events;
}

}  // namespace reprieve::store
