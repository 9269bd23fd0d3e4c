// TlsOptions: who a peer must be, and who we are. Plain data; texts are PEM.
#pragma once

#include <string>

namespace reprieve::net {

struct TlsOptions {
  std::string authorities{};  // certificates that a peer's must descend from; empty: those of the system
  std::string certificate{};  // ours, with the chain; empty: none
  std::string key{};
  std::string server_name{};  // what the peer's certificate must be for; empty: the host
  bool insecure = false;      // take any certificate; only if the user has asked for it

  friend bool operator==(const TlsOptions&, const TlsOptions&) = default;
};

}  // namespace reprieve::net
