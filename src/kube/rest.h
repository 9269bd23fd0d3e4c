// Rest: requests to an API server: who we are, how often we may ask, and asking again where the server says when.
//
// A 401 is asked again once with fresh credentials. 429 and 503 with Retry-After are asked again after that time, ten
// times at most, as client-go does; what may have taken effect is never sent again here.
//
// Thread rules: the loop's.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "base/random.h"
#include "document/value.h"
#include "engine/histogram.h"
#include "kube/access.h"
#include "kube/credentials.h"
#include "net/client.h"

namespace reprieve::kube {

struct RestOptions {
  double qps = 0;  // 0: no limit
  int burst = 0;   // 0: as qps
  std::string user_agent = "reprieve";
  // Nothing but GET is sent; a request to write fails as one that was never sent.
  bool read_only = false;
};

// One request. `path` is without the server's own, with its query.
struct Ask {
  std::string method = "GET";
  std::string path{};
  std::string body{};
  std::string_view content_type = "application/json";
  std::string_view accept = "application/json";
  Nanoseconds timeout = Seconds(30);
  std::size_t max_body = std::size_t{64} << 20;
  // Asked right before it is sent, the second time too: it may have waited for its turn. If not, there is no answer.
  std::function<bool()> may_send{};
};

// What a request came to. status 0: no answer.
struct Outcome {
  int status = 0;
  std::string body;
  std::string message;  // where there is no 2xx: what the server says, or why there is no answer
  std::string reason;   // of a Status: AlreadyExists, Conflict, Expired
  document::Value details;
  Nanoseconds retry_after{0};
  bool sent = false;       // without an answer: it may have taken effect
  bool timed_out = false;  // without an answer: it was too slow, or fell silent
  bool ok() const { return status >= 200 && status < 300; }
};

// What a Status object says; a body that is none is quoted in part.
void ReadStatus(const std::string& body, Outcome& out);

class Rest {
 public:
  using Done = std::function<void(Outcome)>;

  static Result<std::unique_ptr<Rest>> Make(net::Loop& loop, const world::Clock& clock, Access access,
                                            RestOptions options);
  Rest(const Rest&) = delete;
  Rest& operator=(const Rest&) = delete;
  ~Rest();

  void Send(Ask ask, Done done);
  // A GET whose answer does not end. `data` gets only what follows a 200; another answer is the Outcome of `end`, as is
  // a failure. An end that is none has status 200. The stream ends when what is returned is destroyed.
  class Stream;
  std::unique_ptr<Stream> Open(Ask ask, Nanoseconds longest_silence, std::function<void(std::string_view)> data,
                               Done end);

  // For metrics, with client-go's names. By code and method; code 0: no answer.
  using Counts = std::map<std::pair<int, std::string>, std::uint64_t>;
  const Counts& requests() const { return requests_; }
  // Those that were asked again.
  const Counts& retries() const { return retried_; }
  // By method, in seconds: until an answer or its head came; and what --qps made a request wait.
  const std::map<std::string, Histogram>& durations() const { return durations_; }
  const std::map<std::string, Histogram>& waits() const { return waits_; }
  const Access& access() const { return access_; }
  net::Loop& loop() { return loop_; }
  const world::Clock& clock() const { return clock_; }
  Random& random() { return random_; }

 private:
  struct Pending;

  Rest(net::Loop& loop, const world::Clock& clock, Access access, RestOptions options,
       std::unique_ptr<net::Client> client);
  void Begin(const std::shared_ptr<Pending>& pending);
  void Answered(const std::shared_ptr<Pending>& pending, net::Reply reply);
  void Finish(Pending& pending, Outcome outcome);
  // Calls `go` as soon as the limit allows.
  void Throttle(const std::string& method, std::function<void()> go);
  void Took(const std::string& method, std::chrono::steady_clock::time_point since);
  void LetGo();
  net::Request ToRequest(const Ask& ask, const net::Headers& headers) const;

  net::Loop& loop_;
  const world::Clock& clock_;
  const Access access_;
  const RestOptions options_;
  Random random_;
  std::unique_ptr<net::Client> client_;
  std::unique_ptr<Credentials> credentials_;
  Counts requests_, retried_;
  std::map<std::string, Histogram> durations_, waits_;
  std::deque<std::function<void()>> throttled_;
  double tokens_ = 0;
  std::chrono::steady_clock::time_point refilled_{};
  net::Timer refill_;
  std::set<std::unique_ptr<net::Timer>> retries_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class Rest::Stream {
 public:
  ~Stream();

 private:
  friend class Rest;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::unique_ptr<net::Call> call_;
};

}  // namespace reprieve::kube
