// For tests: an API server that answers by a script, and a Rest that asks it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "kube/reflector.h"
#include "kube/rest.h"
#include "net/testing.h"
#include "world/local_clock.h"

namespace reprieve::kube::testing {

// A watch reports the object of this JSON text.
inline void Change(ReflectorSink& sink, std::string_view object) {
  document::JsonCursor in(object);
  sink.Changed(in);
}
inline void Delete(ReflectorSink& sink, std::string_view object) {
  document::JsonCursor in(object);
  sink.Deleted(in);
}

// The time of day that a test sets.
struct SetClock final : world::Clock {
  Time now = Time(std::chrono::sys_days{std::chrono::year{2026} / 11 / 30});
  Time Now() const override { return now; }
};

// What a request was, without its headers.
struct Asked {
  std::string method;
  std::string target;
  std::string head;
  std::string body;
};

inline Asked ParseRequest(const std::string& text) {
  Asked out;
  const std::size_t end = text.find("\r\n\r\n");
  out.head = text.substr(0, end);
  out.body = text.substr(end + 4);
  const std::string line = out.head.substr(0, out.head.find('\r'));
  const auto words = Split(line, ' ');
  out.method = words[0];
  out.target = words[1];
  return out;
}

// Answers are whole HTTP answers. One without Content-Length is a stream: what `more` has follows, then its end.
class FakeServer {
 public:
  using Handler = std::function<void(const Asked&, net::testing::Peer&)>;

  explicit FakeServer(Handler handler)
      : handler_(std::move(handler)), server_([this](net::testing::Peer& peer, int) {
          for (std::string text = peer.ReadRequest(); !text.empty(); text = peer.ReadRequest()) {
            const Asked asked = ParseRequest(text);
            {
              const std::scoped_lock lock(mutex_);
              asked_.push_back(asked);
            }
            handler_(asked, peer);
          }
        }) {}

  std::vector<Asked> asked() const {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }
  std::size_t count() const { return asked().size(); }
  std::unique_ptr<Rest> MakeRest(net::Loop& loop, Access access = {}, RestOptions options = {}) {
    return MakeRest(loop, clock_, std::move(access), std::move(options));
  }
  std::unique_ptr<Rest> MakeRest(net::Loop& loop, const world::Clock& clock, Access access = {},
                                 RestOptions options = {}) {
    access.origin = "a test";
    access.server = *net::ParseUrl(Cat("http://127.0.0.1:", server_.port()));
    return std::move(Rest::Make(loop, clock, std::move(access), std::move(options))).value();
  }

 private:
  const Handler handler_;
  world::LocalClock clock_;
  mutable std::mutex mutex_;
  std::vector<Asked> asked_;
  net::testing::ScriptedServer server_;
};

inline void AnswerStatus(net::testing::Peer& peer, int code, std::string_view reason, std::string_view message,
                         std::string_view headers = "") {
  peer.Answer(Cat(R"({"kind":"Status","apiVersion":"v1","status":"Failure","code":)", code, R"(,"reason":")", reason,
                  R"(","message":")", message, R"("})"),
              Cat("HTTP/1.1 ", code, " X\r\nContent-Type: application/json\r\n", headers));
}

}  // namespace reprieve::kube::testing
