// For the tests of this folder: a container engine that follows a script, on a unix socket of its own, and does what
// real ones do badly.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/text.h"
#include "document/json.h"
#include "net/testing.h"
#include "net/url.h"

namespace reprieve::runtime::docker::testing {

using document::Value;

inline std::string OwnKernelRelease() {
  utsname found{};
  uname(&found);
  return found.release;
}

inline std::string Frame(int stream, const std::string& text) {
  std::string out{static_cast<char>(stream), 0, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(text.size() >> shift & 255);
  return out + text;
}

class FakeEngine {
 public:
  struct Box {
    std::string name;
    Value body;
    std::string state = "created";
    std::int64_t process = 0;
    int exit_code = 0;
    bool oom = false;
    std::string frames;         // all that it has said
    bool closed = false;        // its output has ended
    bool wait_asked = false;    // before it was started
    bool output_asked = false;  // likewise
    std::vector<std::string> signals;
    bool removed = false;
  };
  // A whole answer instead of the usual one; empty: the usual one.
  using Script = std::function<std::string(const std::string& method, const std::string& path)>;

  explicit FakeEngine(bool podman = false) : podman_(podman) {
    std::string pattern = "/tmp/fake-engine-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener_, 64), 0);
    thread_ = std::thread([this] { Serve(); });
  }
  FakeEngine(const FakeEngine&) = delete;
  FakeEngine& operator=(const FakeEngine&) = delete;
  ~FakeEngine() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    CutConnections();
    for (std::thread& each : threads_) each.join();
    close(listener_);
    std::filesystem::remove_all(directory_);
  }

  std::string path() const { return directory_ + "/engine.sock"; }
  std::string directory() const { return directory_; }

  // Set these before anything is asked.
  std::string api = "1.41";
  std::string kernel = OwnKernelRelease();
  Value image = *document::ParseJson(R"({"Id":"sha256:1","Config":{"Entrypoint":["/app"],"Cmd":["serve"],"User":""}})");
  Script script;
  bool stubborn = false;  // what is killed does not end
  bool sleepy = false;    // an end is told only to who waits after it
  // What is done once a program has been started; called without a lock, in a connection's thread.
  std::function<void(const std::string& id)> started;

  // The only container that is no sandbox, of those that were made; waits for it to be in that state.
  std::string Await(const std::string& state = "running") {
    std::unique_lock lock(mutex_);
    std::string found;
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20),
                                  [&] {
                                    for (const auto& [id, box] : boxes_) {
                                      if (!IsSandbox(box) && box.state == state && !box.removed) found = id;
                                    }
                                    return !found.empty();
                                  }))
        << "no container is " << state;
    return found;
  }
  bool Eventually(const std::function<bool()>& holds) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), holds);
  }
  void With(const std::string& id, const std::function<void(Box&)>& change) {
    {
      const std::lock_guard lock(mutex_);
      change(boxes_.at(id));
    }
    changed_.notify_all();
  }
  void Say(const std::string& id, int stream, const std::string& text) {
    With(id, [&](Box& box) { box.frames += Frame(stream, text); });
  }
  void Exit(const std::string& id, int code) {
    With(id, [&](Box& box) {
      box.state = "exited";
      box.exit_code = code;
      box.closed = true;
    });
  }
  // Containers that are there, sandboxes among them.
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    std::size_t out = 0;
    for (const auto& [id, box] : boxes_) out += box.removed ? 0 : 1;
    return out;
  }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  // Networks that are there, by name.
  std::map<std::string, Value> networks() {
    const std::lock_guard lock(mutex_);
    return networks_;
  }
  void AddNetwork(const std::string& name, Value body) {
    const std::lock_guard lock(mutex_);
    networks_[name] = std::move(body);
  }
  // The engine goes: every connection ends, and new ones are cut until it is back.
  void Go() {
    gone_ = true;
    CutConnections();
  }
  void ComeBack() { gone_ = false; }

 private:
  using Peer = net::testing::Peer;

  static bool IsSandbox(const Box& box) { return box.body["Labels"].Find("reprieve.dev/container") == nullptr; }

  void CutConnections() {
    const std::lock_guard lock(mutex_);
    for (const int each : connections_) shutdown(each, SHUT_RDWR);
    changed_.notify_all();
  }

  void Serve() {
    while (true) {
      const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) return;
      if (gone_) {
        close(connection);
        continue;
      }
      {
        const std::lock_guard lock(mutex_);
        connections_.push_back(connection);
      }
      threads_.emplace_back([this, connection] {
        Peer peer(connection, nullptr);
        for (std::string request = peer.ReadRequest(); !request.empty(); request = peer.ReadRequest()) {
          if (!Handle(peer, request)) break;
        }
        const std::lock_guard lock(mutex_);
        std::erase(connections_, connection);
        close(connection);
      });
    }
  }

  static void Answer(Peer& peer, int status, const std::string& body) {
    peer.Answer(body, Cat("HTTP/1.1 ", status, " X\r\nContent-Type: application/json\r\n"));
  }

  // False: the connection is over.
  bool Handle(Peer& peer, const std::string& request) {
    const std::string line = request.substr(0, request.find("\r\n"));
    const auto words = Split(line, ' ');
    const std::string method(words[0]);
    std::string path(words[1]);
    if (path.starts_with("/v1.")) path.erase(0, path.find('/', 1));
    const std::string body = request.substr(request.find("\r\n\r\n") + 4);
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(Cat(method, " ", path.substr(0, path.find('?'))));
    }
    if (script) {
      if (const std::string answer = script(method, path); !answer.empty()) {
        if (answer == "cut") return false;
        peer.Write(answer);
        return true;
      }
    }
    const std::string query = path.find('?') == std::string::npos ? "" : path.substr(path.find('?') + 1);
    path = path.substr(0, path.find('?'));
    if (path == "/version") return Answer(peer, 200, Version()), true;
    if (path == "/_ping") return Ping(peer), true;
    if (path == "/info") return Answer(peer, 200, Info()), true;
    if (path.starts_with("/images/")) return Answer(peer, 200, document::WriteJson(image)), true;
    if (path == "/containers/json") return Answer(peer, 200, List()), true;
    if (path == "/containers/create") return Answer(peer, 201, Create(query, body)), true;
    if (path.starts_with("/exec/")) return HandleExec(peer, path);
    if (path.starts_with("/networks")) return HandleNetworks(peer, method, path, body), true;
    const auto parts = Split(path, '/');
    const std::string id(parts[2]);
    const std::string verb(parts.size() > 3 ? parts[3] : "");
    return HandleContainer(peer, method, id, verb, query);
  }

  // As Podman and Docker do, which name themselves differently.
  void Ping(Peer& peer) const {
    peer.Answer("OK", Cat("HTTP/1.1 200 X\r\nServer: ", podman_ ? "Libpod" : "Docker",
                          "/9.9 (linux)\r\nApi-Version: ", api, "\r\n"));
  }

  std::string Info() const {
    Value out = Value::MakeObject();
    out.Set("ServerVersion", Value::String("9.9"));
    out.Set("OSType", Value::String("linux"));
    out.Set("KernelVersion", Value::String(kernel));
    return document::WriteJson(out);
  }

  std::string Version() const {
    Value out = Value::MakeObject();
    out.Set("Version", Value::String("9.9"));
    out.Set("ApiVersion", Value::String(api));
    out.Set("MinAPIVersion", Value::String("1.24"));
    out.Set("Os", Value::String("linux"));
    out.Set("KernelVersion", Value::String(kernel));
    Value component = Value::MakeObject();
    component.Set("Name", Value::String(podman_ ? "Podman Engine" : "Engine"));
    out.At("Components").Append(std::move(component));
    return document::WriteJson(out);
  }

  std::string List() {
    const std::lock_guard lock(mutex_);
    Value out = Value::MakeArray();
    for (const auto& [id, box] : boxes_) {
      if (box.removed) continue;
      Value each = Value::MakeObject();
      each.Set("Id", Value::String(id));
      each.At("Names").Append(Value::String("/" + box.name));
      each.Set("Labels", box.body["Labels"]);
      out.Append(std::move(each));
    }
    return document::WriteJson(out);
  }

  void HandleNetworks(Peer& peer, const std::string& method, const std::string& path, const std::string& body) {
    const std::lock_guard lock(mutex_);
    if (path == "/networks/create") {
      const Value made = *document::ParseJson(body);
      networks_[made["Name"].AsText()] = made;
      return Answer(peer, 201, R"({"Id":"network"})");
    }
    if (method == "DELETE") {
      networks_.erase(std::string(Split(path, '/')[2]));
      return peer.Write("HTTP/1.1 204 X\r\n\r\n");
    }
    if (method == "POST") return Answer(peer, 200, "{}");  // disconnect
    Value out = Value::MakeArray();
    for (const auto& [name, network] : networks_) out.Append(network);
    Answer(peer, 200, document::WriteJson(out));
  }

  std::string Create(const std::string& query, const std::string& body) {
    const std::lock_guard lock(mutex_);
    const std::string id = Cat("box", boxes_.size() + 1);
    Box& box = boxes_[id];
    box.name = query.substr(query.find('=') + 1);
    box.body = *document::ParseJson(body);
    changed_.notify_all();
    return Cat(R"({"Id":")", id, R"("})");
  }

  bool HandleContainer(Peer& peer, const std::string& method, const std::string& id, const std::string& verb,
                       const std::string& query) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = boxes_.find(id);
      if (found == boxes_.end() || found->second.removed) {
        Answer(peer, 404, R"({"message":"no such container"})");
        return true;
      }
    }
    if (method == "DELETE") {
      With(id, [](Box& box) {
        box.removed = true;
        box.state = "removed";
      });
      return peer.Write("HTTP/1.1 204 X\r\n\r\n"), true;
    }
    if (verb == "start") {
      With(id, [](Box& box) { box.state = "running"; });
      peer.Write("HTTP/1.1 204 X\r\n\r\n");
      bool sandbox = false;
      With(id, [&](Box& box) { sandbox = IsSandbox(box); });
      if (started && !sandbox) started(id);
      return true;
    }
    if (verb == "kill") {
      const std::string signal = query.substr(query.find('=') + 1);
      With(id, [&](Box& box) {
        box.signals.push_back(signal);
        if (signal == "KILL" && !stubborn) {
          box.state = "exited";
          box.exit_code = 137;
          box.closed = true;
        }
      });
      return peer.Write("HTTP/1.1 204 X\r\n\r\n"), true;
    }
    if (verb == "json") return Answer(peer, 200, Inspect(id)), true;
    if (verb == "exec") return Answer(peer, 201, R"({"Id":"exec1"})"), true;
    if (verb == "wait") return HandleWait(peer, id);
    return HandleOutput(peer, id, verb == "attach" || query.find("follow") != std::string::npos), false;
  }

  std::string Inspect(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const Box& box = boxes_.at(id);
    Value state = Value::MakeObject();
    state.Set("Status", Value::String(box.state));
    state.Set("Running", Value::Bool(box.state == "running"));
    state.Set("Pid", Value::Int(box.process));
    state.Set("ExitCode", Value::Int(box.exit_code));
    state.Set("OOMKilled", Value::Bool(box.oom));
    // By a clock that is behind ours, and with an end before the start, as Docker tells it of quick runs.
    state.Set("StartedAt", Value::String("2020-01-01T00:00:01Z"));
    state.Set("FinishedAt", Value::String("2020-01-01T00:00:00Z"));
    Value out = Value::MakeObject();
    out.Set("Id", Value::String(id));
    out.Set("State", std::move(state));
    return document::WriteJson(out);
  }

  // Its connection serves the next request, as the engines keep it.
  bool HandleWait(Peer& peer, const std::string& id) {
    std::string text;
    {
      std::unique_lock lock(mutex_);
      Box& box = boxes_.at(id);
      if (box.state == "created") box.wait_asked = true;
      const bool told = !sleepy || box.state == "exited";
      lock.unlock();
      peer.Write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
      lock.lock();
      changed_.notify_all();
      changed_.wait(lock, [&] { return (told && box.state == "exited") || box.removed || ending_ || gone_; });
      if (ending_ || gone_) return false;
      text = Cat(R"({"StatusCode":)", box.exit_code, R"(,"Error":null})", "\n");
    }
    char length[16];
    std::snprintf(length, sizeof length, "%zx\r\n", text.size());
    peer.Write(length + text + "\r\n0\r\n\r\n");
    return true;
  }

  void HandleOutput(Peer& peer, const std::string& id, bool follow) {
    std::size_t sent = 0;
    std::unique_lock lock(mutex_);
    Box& box = boxes_.at(id);
    if (box.state == "created") box.output_asked = true;
    lock.unlock();
    peer.Write("HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n");
    lock.lock();
    while (true) {
      changed_.wait(
          lock, [&] { return sent < box.frames.size() || box.closed || box.removed || ending_ || gone_ || !follow; });
      if (ending_ || gone_) return;
      const std::string piece = box.frames.substr(sent);
      sent = box.frames.size();
      const bool last = box.closed || box.removed || !follow;
      lock.unlock();
      peer.Write(piece);
      lock.lock();
      if (last) return;
    }
  }

  bool HandleExec(Peer& peer, const std::string& path) {
    if (path.ends_with("/json")) return Answer(peer, 200, R"({"Running":false,"ExitCode":3})"), true;
    peer.Write("HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n");
    return false;
  }

  const bool podman_;
  std::string directory_;
  int listener_ = -1;
  std::atomic<bool> gone_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Box> boxes_;
  std::map<std::string, Value> networks_;
  std::vector<std::string> asked_;
  std::vector<int> connections_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
  std::thread thread_;
};

}  // namespace reprieve::runtime::docker::testing
