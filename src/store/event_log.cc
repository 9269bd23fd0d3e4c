#include "store/event_log.h"

#include "base/text.h"

namespace reprieve::store {
namespace {

constexpr std::size_t kStandAlone = 10;
constexpr Nanoseconds kSimilarFor = Seconds(600);

}  // namespace

void EventLog::Add(const world::Event& event) {
  while (!by_age_.empty() && by_age_.front()->second.last + kKeptFor <= event.at) DropOldest();
  PerSubject& subject = SubjectOf(event);
  Expire(subject, event.at);
  Similar& similar = SimilarTo(event, subject);
  if (event.at - similar.last > kSimilarFor) similar = {event.warning, event.reason, {}, {}, 0};
  similar.last = event.at;
  if (similar.messages.size() < kStandAlone) {
    const auto [message, fresh] = similar.messages.try_emplace(event.message, subject.expired + subject.events.size());
    Kept* known = fresh ? nullptr : subject.Find(message->second);
    if (known != nullptr) {
      known->last = event.at;
      return;
    }
    message->second = subject.expired + subject.events.size();
    if (similar.messages.size() < kStandAlone) {
      if (!Keep(subject, event, false)) similar.messages.erase(message);
      return;
    }
  }
  Kept* combined = similar.combined > 0 ? subject.Find(similar.combined - 1) : nullptr;
  if (combined != nullptr) {
    combined->event.message = event.message;
    combined->last = event.at;
  } else if (Keep(subject, event, true)) {
    similar.combined = subject.expired + subject.events.size();
  }
}

EventLog::PerSubject& EventLog::SubjectOf(const world::Event& event) {
  // Most often the next event is about the same.
  if (!by_age_.empty() && by_age_.back()->first == event.about) {
    by_age_.back()->second.last = event.at;
    return by_age_.back()->second;
  }
  const auto [at, fresh] = subjects_.try_emplace(event.about);
  PerSubject& subject = at->second;
  if (fresh) {
    subject.place = by_age_.insert(by_age_.end(), at);
  } else {
    by_age_.splice(by_age_.end(), by_age_, subject.place);
  }
  subject.last = event.at;
  return subject;
}

EventLog::Similar& EventLog::SimilarTo(const world::Event& event, PerSubject& subject) {
  for (Similar& similar : subject.similar) {
    if (similar.warning == event.warning && similar.reason == event.reason) return similar;
  }
  return subject.similar.emplace_back(Similar{event.warning, event.reason, {}, {}, 0});
}

void EventLog::Expire(PerSubject& subject, Time now) {
  while (!subject.events.empty() && subject.events.front().last + kKeptFor <= now) {
    subject.events.pop_front();
    ++subject.expired;
    --size_;
  }
}

bool EventLog::Keep(PerSubject& subject, const world::Event& event, bool combined) {
  if (subject.events.size() >= kMaxEventsPerSubject) return false;
  while (size_ >= kMaxEvents) DropOldest();
  subject.events.push_back({event, event.at, combined});
  ++size_;
  return true;
}

void EventLog::DropOldest() {
  const Place at = by_age_.front();
  by_age_.pop_front();
  size_ -= at->second.events.size();
  subjects_.erase(at);
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
