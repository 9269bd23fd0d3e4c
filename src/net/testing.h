// For tests: a server that follows a script, on a thread of its own, and a loop that runs until what is awaited has
// come.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/loop.h"

namespace reprieve::net::testing {

// One connection, seen from the server. Every call blocks.
class Peer {
 public:
  Peer(int socket, SSL* tls) : socket_(socket), tls_(tls) {}
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void Write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = tls_ != nullptr ? SSL_write(tls_, text.data(), static_cast<int>(text.size()))
                                           : send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // The next request with its body; empty: the client has closed the connection.
  std::string ReadRequest() {
    while (true) {
      if (const std::size_t end = buffer_.find("\r\n\r\n"); end != std::string::npos) {
        std::size_t length = 0;
        if (const std::size_t at = buffer_.find("Content-Length: "); at < end)
          length = std::stoul(buffer_.substr(at + 16));
        if (buffer_.size() >= end + 4 + length) {
          const std::string out = buffer_.substr(0, end + 4 + length);
          buffer_.erase(0, out.size());
          return out;
        }
      }
      if (!ReadMore()) return {};
    }
  }
  // Until the client has closed the connection.
  void AwaitEnd() {
    while (ReadMore()) {
    }
  }
  void Answer(std::string_view body, std::string_view head = "HTTP/1.1 200 OK\r\n") {
    Write(std::string(head) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }

 private:
  bool ReadMore() {
    char piece[4096];
    const ssize_t got = tls_ != nullptr ? SSL_read(tls_, piece, sizeof piece) : recv(socket_, piece, sizeof piece, 0);
    if (got <= 0) return false;
    buffer_.append(piece, static_cast<std::size_t>(got));
    return true;
  }

  int socket_;
  SSL* tls_;
  std::string buffer_;
};

class ScriptedServer {
 public:
  // `script` serves one connection after another, the number of which it is told, from 0.
  explicit ScriptedServer(std::function<void(Peer&, int number)> script, SSL_CTX* tls = nullptr)
      : script_(std::move(script)), tls_(tls), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(listen(listener_, 64), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    for (std::thread& each : connections_) each.join();
    close(listener_);
  }

  std::uint16_t port() const { return port_; }
  int accepted() const { return accepted_; }

 private:
  void Serve() {
    while (true) {
      const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) return;
      connections_.emplace_back([this, connection, number = accepted_++] {
        SSL* tls = nullptr;
        if (tls_ != nullptr) {
          tls = SSL_new(tls_);
          SSL_set_fd(tls, connection);
        }
        if (tls == nullptr || SSL_accept(tls) == 1) {
          Peer peer(connection, tls);
          script_(peer, number);
          if (tls != nullptr) SSL_shutdown(tls);
        }
        if (tls != nullptr) SSL_free(tls);
        close(connection);
      });
    }
  }

  const std::function<void(Peer&, int)> script_;
  SSL_CTX* const tls_;
  const int listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_ = 0;
  std::vector<std::thread> connections_;
  std::thread thread_;
};

// Runs the loop until `done`; false: not within `limit`.
inline bool RunUntil(Loop& loop, const std::function<bool()>& done, Nanoseconds limit = Seconds(20)) {
  bool late = false;
  Timer deadline(loop);
  deadline.After(limit, [&] {
    late = true;
    loop.Stop();
  });
  Timer poll(loop);
  std::function<void()> look = [&] {
    if (done()) return loop.Stop();
    poll.After(Nanoseconds(1'000'000), look);
  };
  loop.Post(look);
  loop.Run();
  return !late;
}

}  // namespace reprieve::net::testing
