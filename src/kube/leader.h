// Leader: a Lease that at most one process holds, by the rules of client-go, so that upstream's controller and this one
// can take turns.
//
// Who holds it renews it every 2 s; who could not for 10 s stops writing at once, though the Lease is good for 15 s.
// Somebody else's Lease is over when it has not changed for 15 s by our own clock. Release gives it up.
//
// Source: client-go's leader election, as documented; spec/jobset.md 5.2. Thread rules: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kube/rest.h"
#include "net/loop.h"

namespace reprieve::kube {

struct LeaderOptions {
  std::string name;
  std::string namespace_;
  std::string identity;
  Nanoseconds lease_duration = Seconds(15);
  Nanoseconds renew_deadline = Seconds(10);
  Nanoseconds retry_period = Seconds(2);
};

class Leader {
 public:
  struct Listener {
    std::function<void()> begins;
    std::function<void(const std::string& why)> ends;         // not after Release
    std::function<void(const std::string& holder)> other;     // somebody else holds it
    std::function<void(const std::string& problem)> trouble;  // each once in a row
  };

  Leader(Rest& rest, LeaderOptions options, Listener listener);
  Leader(const Leader&) = delete;
  Leader& operator=(const Leader&) = delete;
  ~Leader() { *alive_ = false; }

  void Start() { Try(); }
  // Whether writes may go out now: it leads, and the last renewal was not too long ago, even if this process has been
  // stopped in between.
  bool MayWrite() const;
  bool leads() const { return leads_; }
  // Looks and writes that came to nothing.
  std::uint64_t failures() const { return failures_; }
  // Gives the Lease up if it is ours; `done` is called in any case, within 5 s or so.
  void Release(std::function<void()> done);

 private:
  // A Lease as the server has it.
  struct Record {
    std::string version;
    std::string holder;
    std::string renewed, acquired;
    std::int64_t duration_seconds = 0;
    std::int64_t transitions = 0;
    friend bool operator==(const Record&, const Record&) = default;
  };

  void Try();
  void Got(const Outcome& outcome, Nanoseconds asked);
  void Write(const Record& former, bool create);
  void Written(const Outcome& outcome, Nanoseconds asked);
  void GiveUp(std::function<void()> done, int tries);
  void LookAndGiveUp(const std::function<void()>& done, int tries);
  void Again();
  void Lose(const std::string& why);
  void Trouble(const std::string& why);
  std::string Path(bool with_name) const;
  std::string Body(const Record& record) const;
  void Observe(const Record& record);

  Rest& rest_;
  const LeaderOptions options_;
  const Listener listener_;
  Record record_;            // as seen last
  Nanoseconds observed_{0};  // when it changed last, by the clock that counts suspended time too
  Nanoseconds renewed_{0};   // when the last renewal that succeeded was sent
  std::uint64_t failures_ = 0;
  bool leads_ = false;
  bool over_ = false;
  bool releasing_ = false;
  std::string told_other_;
  std::string told_trouble_;
  net::Timer retry_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace reprieve::kube
