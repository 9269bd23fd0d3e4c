// Sequencer: what several watches report, handed on a moment later in the order in which it happened.
//
// Each kind of object has a watch of its own, and one may be ahead of another. All versions of a cluster's store are
// from one counter, so that who waits a moment and sorts by them sees every object as it was when another was written.
// What a list has is handed on at once. At most kMaxHeld changes are held; beyond that the oldest go on early.
//
// Source: KEP-5504 (versions may be compared). Thread rules: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kube/reflector.h"
#include "net/loop.h"

namespace reprieve::kube {

class Sequencer {
 public:
  static constexpr std::size_t kMaxHeld = 100'000;
  // Called with each changed object before it is handed on.
  using Before = std::function<void(const document::Value&)>;

  Sequencer(net::Loop& loop, Nanoseconds delay);
  Sequencer(const Sequencer&) = delete;
  Sequencer& operator=(const Sequencer&) = delete;
  ~Sequencer();

  // What the watch of `to` reports to. Both live as long as the sequencer is used.
  ReflectorSink& Wrap(ReflectorSink& to, Before before);

 private:
  class Sink;
  struct Held {
    Sink* sink = nullptr;
    bool deleted = false;
    std::string object;  // its text
  };
  using Order = std::pair<meta::ResourceVersion, std::uint64_t>;

  meta::ResourceVersion Hold(Sink& sink, bool deleted, document::JsonCursor& object);
  void HandOn();
  void HandOnUpto(meta::ResourceVersion version);

  const Nanoseconds delay_;
  net::Timer timer_;
  std::vector<std::unique_ptr<Sink>> sinks_;
  std::map<Order, Held> held_;
  std::deque<std::pair<std::chrono::steady_clock::time_point, meta::ResourceVersion>> arrivals_;
  std::uint64_t next_ = 0;
};

}  // namespace reprieve::kube
