#include "kube/sequencer.h"

#include <algorithm>

#include "base/text.h"
#include "document/json.h"

namespace reprieve::kube {
namespace {

document::Value Parsed(std::string_view object) {
  auto parsed = document::ParseJson(object);
  return parsed.ok() ? std::move(*parsed) : document::Value();
}

meta::ResourceVersion VersionOf(std::string_view object) {
  return static_cast<meta::ResourceVersion>(
      std::max<std::int64_t>(ParseInt64(Parsed(object)["metadata"]["resourceVersion"].AsText()).value_or(0), 0));
}

}  // namespace

class Sequencer::Sink final : public ReflectorSink {
 public:
  Sink(Sequencer& sequencer, ReflectorSink& to, Before before)
      : sequencer_(sequencer), to_(to), before_(std::move(before)) {}

  void ListBegins() override {
    lists_ = true;
    to_.ListBegins();
  }
  void ListEnds(meta::ResourceVersion version) override {
    lists_ = false;
    to_.ListEnds(version);
  }
  meta::ResourceVersion Changed(document::JsonCursor& object) override {
    return lists_ ? to_.Changed(object) : sequencer_.Hold(*this, false, object);
  }
  meta::ResourceVersion Deleted(document::JsonCursor& object) override { return sequencer_.Hold(*this, true, object); }
  // It would be ahead of what is held.
  void Bookmark(meta::ResourceVersion) override {}

  void HandOn(const Held& held) {
    document::JsonCursor object(held.object);
    if (!held.deleted && before_) before_(Parsed(held.object));
    held.deleted ? to_.Deleted(object) : to_.Changed(object);
  }

 private:
  Sequencer& sequencer_;
  ReflectorSink& to_;
  const Before before_;
  bool lists_ = false;
};

ReflectorSink& Sequencer::Wrap(ReflectorSink& to, Before before) {
  return *sinks_.emplace_back(std::make_unique<Sink>(*this, to, std::move(before)));
}

Sequencer::Sequencer(net::Loop& loop, Nanoseconds delay) : delay_(delay), timer_(loop) {}
Sequencer::~Sequencer() = default;

meta::ResourceVersion Sequencer::Hold(Sink& sink, bool deleted, document::JsonCursor& object) {
  const std::string_view text = object.Raw();
  if (!object.ok()) return 0;
  const meta::ResourceVersion version = VersionOf(text);
  held_.emplace(Order{version, next_++}, Held{&sink, deleted, std::string(text)});
  arrivals_.emplace_back(std::chrono::steady_clock::now(), version);
  if (held_.size() > kMaxHeld) HandOnUpto(held_.begin()->first.first);
  if (!timer_.pending()) timer_.After(delay_, [this] { HandOn(); });
  return version;
}

void Sequencer::HandOn() {
  const auto now = std::chrono::steady_clock::now();
  meta::ResourceVersion upto = 0;
  while (!arrivals_.empty() && now - arrivals_.front().first >= delay_) {
    upto = std::max(upto, arrivals_.front().second);
    arrivals_.pop_front();
  }
  HandOnUpto(upto);
  if (arrivals_.empty()) return;
  timer_.After(arrivals_.front().first + delay_ - now, [this] { HandOn(); });
}

void Sequencer::HandOnUpto(meta::ResourceVersion version) {
  while (!held_.empty() && held_.begin()->first.first <= version) {
    const auto first = held_.extract(held_.begin());
    first.mapped().sink->HandOn(first.mapped());
  }
}

}  // namespace reprieve::kube
