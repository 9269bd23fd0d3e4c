// Url: the parts of an http or https URL. Source: RFC 3986. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace reprieve::net {

struct Url {
  bool tls = false;
  std::string user;  // with the password as written, user:password; percent-decoded; empty: none
  std::string host;  // of an IPv6 address without the brackets
  std::uint16_t port = 0;
  std::string path;  // begins with a slash, without one at the end; empty: none

  // host:port, with brackets where the host needs them.
  std::string Authority() const;
};

// `text` without a scheme is taken as `default_scheme`. No part of the text after a user is in the error.
Result<Url> ParseUrl(std::string_view text, std::string_view default_scheme = "");

// Everything but letters, digits and -._~ as %XX.
std::string PercentEncode(std::string_view text);
std::string PercentDecode(std::string_view text);

}  // namespace reprieve::net
