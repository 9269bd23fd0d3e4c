// TlsSession: the client's side of TLS as bytes: what the peer has sent goes in, what it is to be sent comes out. For
// those who poll sockets of their own.
//
// It takes any certificate: for peers that are asked how they are and told nothing, as a kubelet's probes ask. Source:
// RFC 8446, by OpenSSL. No I/O; one owner. Errors: that is no TLS, or the two can't agree.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace reprieve::net {

class TlsSession {
 public:
  // `request` is sent once the handshake is through.
  explicit TlsSession(std::string request);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession();

  // Takes what the peer has sent; once with nothing, to begin.
  Status Put(std::string_view bytes);
  // What the peer is to be sent since the last call.
  std::string TakeOutgoing();
  // What the peer has said since the last call.
  std::string TakeIncoming();
  // The peer will say no more.
  bool ended() const { return ended_; }

 private:
  struct Connection;

  std::unique_ptr<Connection> connection_;
  std::string request_;
  std::string incoming_;
  bool ended_ = false;
};

}  // namespace reprieve::net
