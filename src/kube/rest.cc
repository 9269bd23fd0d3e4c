#include "kube/rest.h"

#include <sys/random.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "document/json.h"

namespace reprieve::kube {
namespace {

constexpr int kMaxRetries = 10;
// Each costs a tenth of a MiB and a handshake; a server that answers within 20 ms takes 800 requests a second by these.
constexpr std::size_t kMaxConnections = 16;
// In seconds, as client-go has them.
constexpr std::array<double, 12> kRequestBounds = {0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60};
constexpr Nanoseconds kLongestRetryAfter = Seconds(120);
constexpr std::size_t kQuoted = 200;

std::uint64_t Seed() {
  std::uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed) {
    seed = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  }
  return seed;
}

Nanoseconds RetryAfter(const net::Headers& headers) {
  const auto seconds = ParseInt64(headers.Find("Retry-After"));
  if (!seconds || *seconds < 0) return Nanoseconds(0);
  return std::min<Nanoseconds>(Seconds(std::min<std::int64_t>(*seconds, 3600)), kLongestRetryAfter);
}

Outcome NoAnswer(const net::Failure& failure) {
  Outcome out;
  out.message = failure.message;
  out.sent = failure.sent;
  out.timed_out = failure.kind == net::Failure::Kind::kTimeout;
  return out;
}

}  // namespace

void ReadStatus(const std::string& body, Outcome& out) {
  const auto parsed = document::ParseJson(body);
  if (parsed.ok() && (*parsed)["kind"].AsText() == "Status") {
    out.message = (*parsed)["message"].AsText();
    out.reason = (*parsed)["reason"].AsText();
    out.details = (*parsed)["details"];
  }
  if (out.message.empty()) {
    std::string quoted = body.substr(0, kQuoted);
    std::replace_if(
        quoted.begin(), quoted.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
    out.message = Cat("the server answers ", out.status, quoted.empty() ? "" : ": ", quoted);
  }
}

struct Rest::Pending {
  Ask ask;
  Done done;
  int retries = 0;
  std::chrono::steady_clock::time_point begun{};  // the latest attempt
  bool refreshed = false;
};

Result<std::unique_ptr<Rest>> Rest::Make(net::Loop& loop, const world::Clock& clock, Access access,
                                         RestOptions options) {
  net::ClientOptions client_options;
  client_options.url = access.server;
  client_options.proxy = access.proxy;
  client_options.tls = access.tls;
  client_options.max_connections = kMaxConnections;
  auto client = net::Client::Make(loop, client_options);
  if (!client) return Error{Cat(access.origin, ": ", client.error().message)};
  return std::unique_ptr<Rest>(new Rest(loop, clock, std::move(access), std::move(options), std::move(*client)));
}

Rest::Rest(net::Loop& loop, const world::Clock& clock, Access access, RestOptions options,
           std::unique_ptr<net::Client> client)
    : loop_(loop),
      clock_(clock),
      access_(std::move(access)),
      options_(std::move(options)),
      random_(Seed()),
      client_(std::move(client)),
      credentials_(std::make_unique<Credentials>(loop, clock, *client_, access_)),
      refill_(loop) {}

Rest::~Rest() {
  *alive_ = false;
}

Rest::Stream::~Stream() {
  *alive_ = false;
}

net::Request Rest::ToRequest(const Ask& ask, const net::Headers& headers) const {
  net::Request out;
  out.method = ask.method;
  out.target = ask.path;
  out.headers = headers;
  out.headers.Add("Accept", ask.accept);
  out.headers.Add("User-Agent", options_.user_agent);
  if (!ask.body.empty()) out.headers.Add("Content-Type", ask.content_type);
  out.body = ask.body;
  out.timeout = ask.timeout;
  out.max_body = ask.max_body;
  return out;
}

void Rest::Send(Ask ask, Done done) {
  auto pending = std::make_shared<Pending>();
  pending->ask = std::move(ask);
  pending->done = std::move(done);
  if (options_.read_only && pending->ask.method != "GET") {
    return loop_.Post([this, pending, alive = alive_] {
      Outcome refused;
      refused.message = "this process writes nothing, and has not sent the request";
      if (*alive) Finish(*pending, std::move(refused));
    });
  }
  Throttle(pending->ask.method, [this, pending] { Begin(pending); });
}

void Rest::Begin(const std::shared_ptr<Pending>& pending) {
  credentials_->Get([this, pending, alive = alive_](const Result<net::Headers>& headers) {
    if (!*alive) return;
    if (!headers) {
      // Not from within Send.
      loop_.Post([this, alive, pending, message = headers.error().message] {
        Outcome none;
        none.message = message;
        if (*alive) Finish(*pending, std::move(none));
      });
      return;
    }
    if (pending->ask.may_send && !pending->ask.may_send()) {
      loop_.Post([this, alive, pending] {
        Outcome refused;
        refused.message = "this process may not write any more, and has not sent the request";
        if (*alive) Finish(*pending, std::move(refused));
      });
      return;
    }
    pending->begun = std::chrono::steady_clock::now();
    client_->Send(ToRequest(pending->ask, *headers), [this, pending, alive](net::Reply reply) {
      if (*alive) Answered(pending, std::move(reply));
    });
  });
}

void Rest::Answered(const std::shared_ptr<Pending>& pending, net::Reply reply) {
  Took(pending->ask.method, pending->begun);
  if (!reply.ok()) {
    ++requests_[{0, pending->ask.method}];
    return Finish(*pending, NoAnswer(*reply.failure));
  }
  net::Response& response = reply.response;
  ++requests_[{response.status, pending->ask.method}];
  if (response.status == 401 && !std::exchange(pending->refreshed, true) && credentials_->Refused()) {
    ++retried_[{response.status, pending->ask.method}];
    return Begin(pending);
  }
  const bool has_time = response.headers.Has("Retry-After");
  if ((response.status == 429 || response.status >= 500) && has_time && pending->retries < kMaxRetries) {
    ++pending->retries;
    ++retried_[{response.status, pending->ask.method}];
    auto timer = std::make_unique<net::Timer>(loop_);
    net::Timer* raw = timer.get();
    const auto at = retries_.insert(std::move(timer)).first;
    // A little more, so that not all who were refused come back at once.
    const Nanoseconds wait = RetryAfter(response.headers) + Nanoseconds(random_.Between(0, 100'000'000));
    raw->After(wait, [this, at, pending] {
      // The erasure destroys this function with what it holds.
      // NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
      const std::shared_ptr<Pending> again = pending;
      retries_.erase(at);
      Begin(again);
    });
    return;
  }
  Outcome out;
  out.status = response.status;
  out.body = std::move(response.body);
  out.retry_after = RetryAfter(response.headers);
  if (!out.ok()) ReadStatus(out.body, out);
  Finish(*pending, std::move(out));
}

void Rest::Finish(Pending& pending, Outcome outcome) {
  const Done done = std::move(pending.done);
  done(std::move(outcome));
}

std::unique_ptr<Rest::Stream> Rest::Open(Ask ask, Nanoseconds longest_silence,
                                         std::function<void(std::string_view)> data, Done end) {
  // Of the answer, until its end.
  struct Reading {
    Ask ask;
    Outcome outcome;
    std::function<void(std::string_view)> data;
    Done end;
  };
  auto reading = std::make_shared<Reading>(Reading{std::move(ask), {}, std::move(data), std::move(end)});
  auto out = std::make_unique<Stream>();
  Stream* stream = out.get();
  Throttle(reading->ask.method, [this, reading, stream, alive = stream->alive_, longest_silence] {
    if (!*alive) return;
    credentials_->Get([this, reading, stream, alive, longest_silence](const Result<net::Headers>& headers) {
      if (!*alive) return;
      if (!headers) {
        loop_.Post([reading, alive, message = headers.error().message] {
          reading->outcome.message = message;
          if (*alive) reading->end(std::move(reading->outcome));
        });
        return;
      }
      net::Request request = ToRequest(reading->ask, *headers);
      request.longest_silence = longest_silence;
      // An API server would pack each event by itself: that costs both sides more than it saves.
      request.headers.Add("Accept-Encoding", "identity");
      net::StreamHandlers handlers;
      handlers.head = [this, reading, begun = std::chrono::steady_clock::now()](const net::Response& head) {
        Took(reading->ask.method, begun);
        ++requests_[{head.status, reading->ask.method}];
        reading->outcome.status = head.status;
        reading->outcome.retry_after = RetryAfter(head.headers);
        if (head.status == 401) credentials_->Refused();
      };
      handlers.data = [reading](std::string_view piece) {
        if (reading->outcome.status == 200) return reading->data(piece);
        constexpr std::size_t kMaxStatus = std::size_t{1} << 20;
        if (reading->outcome.body.size() < kMaxStatus) reading->outcome.body += piece;
      };
      handlers.end = [this, reading](std::optional<net::Failure> failure) {
        Outcome outcome = std::move(reading->outcome);
        if (failure) {
          if (outcome.status == 0) ++requests_[{0, reading->ask.method}];
          outcome = NoAnswer(*failure);
        } else if (!outcome.ok()) {
          ReadStatus(outcome.body, outcome);
        }
        reading->end(std::move(outcome));
      };
      stream->call_ = client_->Open(std::move(request), std::move(handlers));
    });
  });
  return out;
}

void Rest::Took(const std::string& method, std::chrono::steady_clock::time_point since) {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - since;
  durations_.try_emplace(method, kRequestBounds).first->second.Observe(took.count());
}

// A bucket of tokens: `burst` at once, then `qps` a second.
void Rest::Throttle(const std::string& method, std::function<void()> go) {
  if (options_.qps <= 0) return go();
  throttled_.push_back([this, method, since = std::chrono::steady_clock::now(), go = std::move(go)] {
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - since;
    waits_.try_emplace(method, kRequestBounds).first->second.Observe(waited.count());
    go();
  });
  if (!refill_.pending()) LetGo();
}

void Rest::LetGo() {
  const auto now = std::chrono::steady_clock::now();
  const double burst = options_.burst > 0 ? options_.burst : std::max(1.0, options_.qps);
  const double passed = std::chrono::duration<double>(now - refilled_).count();
  tokens_ = std::min(burst, tokens_ + passed * options_.qps);
  refilled_ = now;
  while (!throttled_.empty() && tokens_ >= 1) {
    tokens_ -= 1;
    const std::function<void()> go = std::move(throttled_.front());
    throttled_.pop_front();
    go();
  }
  if (throttled_.empty()) return;
  const auto wait =
      std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>((1 - tokens_) / options_.qps));
  refill_.After(wait, [this] { LetGo(); });
}

}  // namespace reprieve::kube
