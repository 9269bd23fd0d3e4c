// EngineClient: requests to a container engine over its unix socket: the Docker Engine API, which Docker and Podman
// both speak, in a thread of its own.
//
//   auto engine = EngineClient::Connect("/run/podman/podman.sock");
//   (*engine)->Post([&] {
//     (*engine)->Send({.path = "/images/busybox/json"}, [](EngineReply reply) { ... });
//     call = (*engine)->Open({.method = "POST", .path = "/images/create?fromImage=..."}, {.head = ..., .data = ...});
//   });
//
// Source: Docker Engine API 1.41; docs/IMAGES.md for what the engines do differently. Thread rules: Connect, Post,
// RunInLoop, Ask, Begin and the accessors from any thread; everything else in the loop, where all callbacks are.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.h"
#include "document/value.h"
#include "net/client.h"
#include "net/http.h"
#include "net/loop.h"

namespace reprieve::runtime::docker {

// What is at the other end.
struct EngineIdentity {
  std::string name;     // Docker or Podman
  std::string version;  // its own
  std::string api;      // that we speak with it, such as 1.41
  std::string socket;

  bool is_podman() const { return name == "Podman"; }
  // For people: Podman 4.3.1 at /run/podman/podman.sock.
  std::string Describe() const;
};

struct EngineRequest {
  std::string method = "GET";
  // Without the version; names in it are percent-encoded (net::PercentEncode), and so is the query.
  std::string path = {};
  document::Value json = {};  // the body, if not null
  std::string body = {};      // else this, as `content_type`
  std::string content_type = "application/x-tar";
  // Besides, such as X-Registry-Auth.
  net::Headers headers = {};
  // Of the whole answer; of a stream, of its head.
  Nanoseconds timeout = Seconds(120);
  // Of a stream: see net::Request.
  Nanoseconds longest_silence{0};
};

struct EngineReply {
  int status = 0;  // 0: there is no answer
  document::Value body;
  // Why it is none that we want: the engine's own message, or why there is no answer. Empty if ok().
  std::string error;

  bool ok() const { return status >= 200 && status < 300; }
  // The engine is gone, or was when it should have answered: what became of the request is unknown.
  bool no_answer() const { return status == 0; }
};

// The engine's words in an answer that is an error: its member "message", or the text itself.
std::string EngineErrorOf(int status, std::string_view body);

class EngineClient {
 public:
  // Asks the engine who it is. An error: nobody answers, its API is older than 1.41, or it runs in another kernel.
  static Result<std::unique_ptr<EngineClient>> Connect(const std::string& socket);
  EngineClient(const EngineClient&) = delete;
  EngineClient& operator=(const EngineClient&) = delete;
  // Ends the thread. REQUIRES: no Call or Timer of the loop is left.
  ~EngineClient();

  const EngineIdentity& identity() const { return identity_; }
  net::Loop& loop() { return loop_; }
  void Post(std::function<void()> work) { loop_.Post(std::move(work)); }
  // Waits until `work` has run in the loop. REQUIRES: not called in the loop.
  void RunInLoop(const std::function<void()>& work);

  // `done` is called once, never before Send returns.
  void Send(EngineRequest request, std::function<void(EngineReply)> done);
  // As net::Client's: `head` has the status, of an error too, whose body then comes as data.
  std::unique_ptr<net::Call> Open(EngineRequest request, net::StreamHandlers handlers);
  // As Send, and waits for the answer. From any thread but the loop's.
  EngineReply Ask(EngineRequest request);
  // Likewise, for several questions at once: the answer is waited for where it is needed.
  std::future<EngineReply> Begin(EngineRequest request);

 private:
  EngineClient() = default;
  net::Request MakeRequest(EngineRequest request) const;
  net::Reply AskBeforeVersionIsKnown(const std::string& path);
  Status Identify(const std::string& socket);
  Status UseApi(const std::string& newest, const std::string& oldest);

  net::Loop loop_;
  EngineIdentity identity_;
  std::unique_ptr<net::Client> client_;
  std::thread thread_;
};

}  // namespace reprieve::runtime::docker
