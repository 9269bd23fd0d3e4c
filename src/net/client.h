// Client: HTTP/1.1 to one server. Connections are kept and used again; what would need too many waits for its turn.
//
//   Client client(loop, {.url = *ParseUrl("https://10.0.0.1:6443"), .tls = {.authorities = ca}});
//   client.Send({.method = "GET", .target = "/version"}, [](Reply reply) { ... });
//   auto call = client.Open({.target = "/api/v1/pods?watch=1"}, {.head = ..., .data = ..., .end = ...});
//
// A connection that the server closed while it was idle is replaced; a request that may have reached the server is
// repeated only if it is a GET. Redirects are answers.
//
// Thread rules: all calls and callbacks are in the loop. Source: RFC 9110, RFC 9112.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"
#include "net/loop.h"
#include "net/tls.h"
#include "net/url.h"

namespace reprieve::net {

struct ClientOptions {
  Url url;  // a path is put before each target
  // If not empty the connections go there, and the URL only names the host.
  std::string unix_socket;
  std::optional<Url> proxy;
  TlsOptions tls;
  // Of Send; streams have connections of their own beside them.
  std::size_t max_connections = 32;
  Nanoseconds connect_timeout = Seconds(30);
  Nanoseconds keep_idle = Seconds(60);
};

// A stream that is open. Destroying it ends it; nothing of it is called afterwards.
class Call {
 public:
  struct State;
  explicit Call(std::shared_ptr<State> state) : state_(std::move(state)) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call();

  // Nothing is read until Resume: the peer has to wait once the kernel's buffers are full. What was read already may
  // still be told.
  void Pause();
  void Resume();

 private:
  std::shared_ptr<State> state_;
};

// What comes of a stream, in this order; `data` any number of times.
struct StreamHandlers {
  std::function<void(const Response& head)> head;
  std::function<void(std::string_view)> data;
  // The last; nothing: it ended as it should. The call may be destroyed here, and in the others.
  std::function<void(std::optional<Failure>)> end;
};

class Client {
 public:
  using Done = std::function<void(Reply)>;

  // An error: certificates or keys are none.
  static Result<std::unique_ptr<Client>> Make(Loop& loop, ClientOptions options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  // What is under way is given up, and not answered.
  ~Client();

  // `done` is called once, never before Send returns.
  void Send(Request request, Done done);
  std::unique_ptr<Call> Open(Request request, StreamHandlers handlers);

  // For connections from now on, after a rotation of certificates. An error changes nothing.
  Status SetTls(const TlsOptions& tls);
  // Closes the connections that wait for requests.
  void CloseIdle();
  // Connections that are open, idle ones with them; for metrics and tests.
  std::size_t connections() const;

 private:
  struct Core;
  explicit Client(std::shared_ptr<Core> core);

  std::shared_ptr<Core> core_;
};

}  // namespace reprieve::net
