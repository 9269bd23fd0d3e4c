#include "net/client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <deque>
#include <set>
#include <utility>

#include "base/text.h"
#include "net/loop_context.h"
#include "net/response_parser.h"
#include "net/stream.h"

namespace reprieve::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kSentWithHead = std::size_t{14} << 10;

struct Idle {
  std::unique_ptr<Stream> stream;
  Clock::time_point since;
};

std::string Head(const Request& request, const ClientOptions& options) {
  // A proxy that is no tunnel is told the whole address.
  const bool whole = options.proxy && !options.url.tls && options.unix_socket.empty();
  std::string out = Cat(request.method, " ", whole ? Cat("http://", options.url.Authority()) : std::string(),
                        options.url.path, request.target, " HTTP/1.1\r\nHost: ", options.url.Authority(), "\r\n");
  for (const auto& [name, value] : request.headers.fields()) AppendTo(out, name, ": ", value, "\r\n");
  if (!request.headers.Has("Accept-Encoding")) out += "Accept-Encoding: gzip\r\n";
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
    AppendTo(out, "Content-Length: ", request.body.size(), "\r\n");
  }
  return out += "\r\n";
}

// A line break in a header would be another header.
bool Printable(const Request& request) {
  // Not find_first_of, which calls memchr for each character: a token has a thousand.
  const auto bad = [](std::string_view text) {
    return text.find('\r') != std::string_view::npos || text.find('\n') != std::string_view::npos;
  };
  for (const auto& [name, value] : request.headers.fields()) {
    if (bad(name) || bad(value)) return false;
  }
  return !bad(request.method) && !bad(request.target) && request.target.find(' ') == std::string::npos;
}

}  // namespace

// One request, from Send or Open until its end.
struct Call::State {
  Request request;
  Client::Done done;        // of Send
  StreamHandlers handlers;  // of Open
  bool is_stream = false;
  bool cancelled = false;
  bool paused = false;
  asio::steady_timer* resumed = nullptr;  // what a paused stream waits for
  Stream* stream = nullptr;               // that it uses now
  Deadline deadline = kNoDeadline;
  bool sent = false;  // something of it has gone out
  Response response;
  std::size_t body_left = 0;
};

struct Client::Core : std::enable_shared_from_this<Client::Core> {
  Core(Loop& l, ClientOptions o, std::shared_ptr<asio::ssl::context> t)
      : loop(l), options(std::move(o)), tls(std::move(t)) {
    SetDestination();
  }

  void SetDestination() {
    auto made = std::make_shared<Destination>();
    made->url = options.url;
    made->unix_socket = options.unix_socket;
    made->proxy = options.proxy;
    made->tls_server_name = options.tls.server_name.empty() ? options.url.host : options.tls.server_name;
    destination = std::move(made);
  }

  asio::io_context& context() { return loop.implementation().context; }

  void Start(std::shared_ptr<Call::State> call) {
    active.insert(call);
    asio::co_spawn(context(), Run(shared_from_this(), std::move(call)), asio::detached);
  }
  void StartNext() {
    while (!waiting.empty() && in_use < options.max_connections) {
      std::shared_ptr<Call::State> next = std::move(waiting.front());
      waiting.pop_front();
      if (next->cancelled) continue;
      ++in_use;
      Start(std::move(next));
    }
  }

  std::unique_ptr<Stream> TakeIdle() {
    const Clock::time_point oldest = Clock::now() - options.keep_idle;
    while (!idle.empty()) {
      Idle last = std::move(idle.back());  // the one used last is the least likely to be closed
      idle.pop_back();
      if (last.since >= oldest && !last.stream->Stale()) return std::move(last.stream);
    }
    return nullptr;
  }

  static asio::awaitable<void> Run(std::shared_ptr<Core> core, std::shared_ptr<Call::State> call);
  static asio::awaitable<std::optional<Failure>> Exchange(std::shared_ptr<Core> core, std::shared_ptr<Call::State> call,
                                                          Stream& stream, bool& reusable, bool& answered);
  static asio::awaitable<void> AwaitResume(std::shared_ptr<Call::State> call);
  static void Finish(Call::State& call, std::optional<Failure> failure);

  Loop& loop;
  ClientOptions options;
  std::shared_ptr<asio::ssl::context> tls;
  std::shared_ptr<const Destination> destination;
  std::deque<Idle> idle;
  std::deque<std::shared_ptr<Call::State>> waiting;
  std::set<std::shared_ptr<Call::State>> active;
  std::size_t in_use = 0;   // connections of Send
  std::size_t streams = 0;  // of Open
  std::uint64_t tls_generation = 0;
  bool gone = false;
};

asio::awaitable<void> Client::Core::Run(std::shared_ptr<Core> core, std::shared_ptr<Call::State> call) {
  std::optional<Failure> failure;
  for (bool again = true; std::exchange(again, false) && !call->cancelled;) {
    failure.reset();
    const std::uint64_t generation = core->tls_generation;
    std::unique_ptr<Stream> stream = core->TakeIdle();
    const bool used_before = stream != nullptr;
    if (!stream) {
      const Deadline limit = std::min(call->deadline, Clock::now() + core->options.connect_timeout);
      stream = co_await Dial(core->context(), core->destination, core->tls, limit, failure);
    }
    if (call->cancelled || !stream) break;
    stream->ExpireAt(call->deadline);
    call->stream = stream.get();
    bool reusable = false;
    bool answered = false;
    failure = co_await Exchange(core, call, *stream, reusable, answered);
    call->stream = nullptr;
    if (failure && failure->kind == Failure::Kind::kCut && used_before && !answered &&
        (call->request.method == "GET" || !call->sent)) {
      again = true;
    }
    if (reusable && !failure && !call->cancelled && !core->gone && generation == core->tls_generation &&
        core->idle.size() < core->options.max_connections) {
      stream->ExpireAt(kNoDeadline);
      core->idle.push_back({std::move(stream), Clock::now()});
    }
  }
  --(call->is_stream ? core->streams : core->in_use);
  core->active.erase(call);
  if (!core->gone) core->StartNext();
  if (!call->cancelled) Finish(*call, std::move(failure));
}

// Until it is resumed or cancelled.
asio::awaitable<void> Client::Core::AwaitResume(std::shared_ptr<Call::State> call) {
  while (call->paused && !call->cancelled) {
    asio::steady_timer resumed(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    call->resumed = &resumed;
    error_code ignored;
    co_await resumed.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    call->resumed = nullptr;
  }
}

asio::awaitable<std::optional<Failure>> Client::Core::Exchange(std::shared_ptr<Core> core,
                                                               std::shared_ptr<Call::State> call, Stream& stream,
                                                               bool& reusable, bool& answered) {
  const auto why = [&](const error_code& error) {
    const bool late = error == boost::beast::error::timeout;
    return Failure{late ? Failure::Kind::kTimeout : Failure::Kind::kCut,
                   Cat(core->options.url.Authority(), late ? " was silent for too long" : " cut the connection: ",
                       late ? std::string() : error.message()),
                   call->sent};
  };
  error_code error;
  std::size_t written = 0;
  // A body of common size goes out with its head: one record of TLS, one packet, one system call.
  std::string head = Head(call->request, core->options);
  const bool together = call->request.body.size() <= kSentWithHead;
  if (together) head += call->request.body;
  co_await stream.Write(head, written, error);
  if (!error && !together) co_await stream.Write(call->request.body, written, error);
  if (written > 0) call->sent = true;
  // A server may answer, and close, before it has read all.
  if (error && error == boost::beast::error::timeout) co_return why(error);

  bool head_told = false;
  call->body_left = call->request.max_body;
  ResponseParser* parsing = nullptr;
  ResponseParser parser([&](std::string_view piece) {
    if (call->cancelled) return false;
    if (!call->is_stream) {
      if (piece.size() > call->body_left) return false;
      call->body_left -= piece.size();
      call->response.body += piece;
      return true;
    }
    if (!std::exchange(head_told, true)) call->handlers.head(parsing->response());
    if (!call->cancelled) call->handlers.data(piece);
    return !call->cancelled;
  });
  parsing = &parser;
  constexpr std::size_t kPiece = std::size_t{16} << 10;  // a record of TLS
  const auto buffer = std::make_unique_for_overwrite<char[]>(kPiece);
  while (!parser.done() && !call->cancelled) {
    if (call->paused) {
      stream.ExpireAt(kNoDeadline);
      co_await AwaitResume(call);
      if (call->cancelled) break;
    }
    const std::size_t got = co_await stream.Read(asio::buffer(buffer.get(), kPiece), error);
    if (call->cancelled) break;
    if (got > 0) answered = true;
    std::optional<Failure> bad = error ? parser.PutEnd() : parser.Put(std::string_view(buffer.get(), got));
    if (error && bad && (error == boost::beast::error::timeout || !answered)) bad = why(error);
    if (bad) {
      bad->sent = call->sent;
      co_return bad;
    }
    if (!call->is_stream || !parser.head_done()) continue;
    if (!std::exchange(head_told, true)) call->handlers.head(parser.response());
    const Nanoseconds silence = call->request.longest_silence;
    stream.ExpireAt(silence > Nanoseconds(0) ? Clock::now() + silence : kNoDeadline);
  }
  if (call->cancelled) co_return std::nullopt;
  reusable = !error && parser.keep_alive();
  call->response.status = parser.response().status;
  call->response.headers = std::move(parser.response().headers);
  co_return std::nullopt;
}

void Client::Core::Finish(Call::State& call, std::optional<Failure> failure) {
  if (call.is_stream) {
    if (const auto end = std::move(call.handlers.end)) end(std::move(failure));
    return;
  }
  const Done done = std::move(call.done);
  done({std::move(failure), std::move(call.response)});
}

Result<std::unique_ptr<Client>> Client::Make(Loop& loop, ClientOptions options) {
  // Not for a unix socket: to read the authorities of the system alone takes tens of milliseconds.
  std::shared_ptr<asio::ssl::context> tls;
  if (options.unix_socket.empty()) {
    auto made = MakeClientTls(options.tls);
    if (!made) return made.error();
    tls = std::move(*made);
  }
  return std::unique_ptr<Client>(new Client(std::make_shared<Core>(loop, std::move(options), std::move(tls))));
}

Client::Client(std::shared_ptr<Core> core) : core_(std::move(core)) {}

Client::~Client() {
  core_->gone = true;
  for (const auto& call : core_->waiting) call->cancelled = true;
  for (const auto& call : core_->active) {
    call->cancelled = true;
    if (call->stream != nullptr) call->stream->Close();
    if (call->resumed != nullptr) call->resumed->cancel();
  }
  core_->idle.clear();
}

void Client::Send(Request request, Done done) {
  auto call = std::make_shared<Call::State>();
  call->deadline = Clock::now() + request.timeout;
  call->request = std::move(request);
  call->done = std::move(done);
  if (!Printable(call->request)) {
    core_->loop.Post([call, core = core_] {
      if (core->gone) return;
      Core::Finish(*call, Failure{Failure::Kind::kMalformed, "a header or the path has a line break in it", false});
    });
    return;
  }
  core_->waiting.push_back(std::move(call));
  core_->StartNext();
}

std::unique_ptr<Call> Client::Open(Request request, StreamHandlers handlers) {
  auto call = std::make_shared<Call::State>();
  call->is_stream = true;
  call->deadline = Clock::now() + request.timeout;
  call->request = std::move(request);
  call->handlers = std::move(handlers);
  ++core_->streams;
  core_->Start(call);
  return std::make_unique<Call>(std::move(call));
}

Call::~Call() {
  state_->cancelled = true;
  if (state_->stream != nullptr) state_->stream->Close();
  Resume();
}

void Call::Pause() {
  state_->paused = true;
}

void Call::Resume() {
  state_->paused = false;
  if (state_->resumed != nullptr) state_->resumed->cancel();
}

Status Client::SetTls(const TlsOptions& tls) {
  auto made = MakeClientTls(tls);
  if (!made) return made.error();
  core_->tls = std::move(*made);
  core_->options.tls = tls;
  core_->SetDestination();
  ++core_->tls_generation;
  CloseIdle();
  return Ok();
}

void Client::CloseIdle() {
  core_->idle.clear();
}

std::size_t Client::connections() const {
  return core_->idle.size() + core_->in_use + core_->streams;
}

}  // namespace reprieve::net
