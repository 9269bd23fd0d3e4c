// Certificates that a server makes for itself: an authority, and what it signs.
//
// Keys are of the curve P-256. Texts are PEM. Thread rules: pure but for OpenSSL's randomness; safe from any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace reprieve::net {

// A certificate, perhaps with the chain after it, and the key to it.
struct Identity {
  std::string certificate;
  std::string key;
  friend bool operator==(const Identity&, const Identity&) = default;
};

// One that may sign others, valid from an hour before `now`.
[[nodiscard]] Result<Identity> MakeAuthority(const std::string& name, Time now, Nanoseconds life);
// For a server of those DNS names; the first is its common name. REQUIRES: a name. An error: the authority is none.
[[nodiscard]] Result<Identity> MakeServerIdentity(const Identity& authority, const std::vector<std::string>& names,
                                                  Time now, Nanoseconds life);

// What is wrong with it at that time: it is no certificate, its key is another's, it has expired or is not valid yet,
// it is not for `name` or not signed by `authorities`; empty: nothing. Empty `name`: an authority.
[[nodiscard]] std::string WhatIsWrong(const Identity& identity, const std::string& authorities, const std::string& name,
                                      Time at);

}  // namespace reprieve::net
