#include "kube/sequencer.h"

#include <algorithm>

#include "base/text.h"

namespace reprieve::kube {
namespace {

meta::ResourceVersion VersionOf(const document::Value& object) {
  return static_cast<meta::ResourceVersion>(
      std::max<std::int64_t>(ParseInt64(object["metadata"]["resourceVersion"].AsText()).value_or(0), 0));
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
  void Changed(document::Value object) override {
    lists_ ? to_.Changed(std::move(object)) : sequencer_.Hold(*this, false, std::move(object));
  }
  void Deleted(document::Value object) override { sequencer_.Hold(*this, true, std::move(object)); }
  // It would be ahead of what is held.
  void Bookmark(meta::ResourceVersion) override {}

  void HandOn(Held held) {
    if (held.deleted) return to_.Deleted(std::move(held.object));
    if (before_) before_(held.object);
    to_.Changed(std::move(held.object));
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

void Sequencer::Hold(Sink& sink, bool deleted, document::Value object) {
  const meta::ResourceVersion version = VersionOf(object);
  held_.emplace(Order{version, next_++}, Held{&sink, deleted, std::move(object)});
  arrivals_.emplace_back(std::chrono::steady_clock::now(), version);
  if (held_.size() > kMaxHeld) HandOnUpto(held_.begin()->first.first);
  if (!timer_.pending()) timer_.After(delay_, [this] { HandOn(); });
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
    auto first = held_.extract(held_.begin());
    Sink* sink = first.mapped().sink;
    sink->HandOn(std::move(first.mapped()));
  }
}

}  // namespace reprieve::kube
