#include "net/url.h"

#include <array>

#include "base/text.h"

namespace reprieve::net {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Error Bad(std::string_view host_part, std::string_view why) {
  return Error{Cat("URL of \"", host_part, "\": ", why, "; expected something like https://host:6443")};
}

}  // namespace

std::string Url::Authority() const {
  const bool brackets = host.find(':') != std::string::npos;
  return brackets ? Cat("[", host, "]:", port) : Cat(host, ":", port);
}

Result<Url> ParseUrl(std::string_view text, std::string_view default_scheme) {
  Url out;
  std::string scheme(default_scheme);
  if (const std::size_t at = text.find("://"); at != std::string_view::npos) {
    scheme = ToLower(text.substr(0, at));
    text.remove_prefix(at + 3);
  }
  std::string_view authority = text.substr(0, text.find_first_of("/?#"));
  std::string_view path = text.substr(authority.size());
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    out.user = PercentDecode(authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  if (scheme != "http" && scheme != "https") {
    return Bad(authority, scheme.empty() ? "no scheme" : Cat("the scheme \"", scheme, "\" is neither http nor https"));
  }
  out.tls = scheme == "https";
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return Bad(authority, "a bracket is not closed");
    out.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return Bad(authority, "what follows the bracket is no port");
  } else {
    const std::size_t colon = authority.find(':');
    out.host = authority.substr(0, colon);
    port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
  }
  if (out.host.empty()) return Bad(authority, "no host");
  if (out.host.find_first_of(" \t\r\n") != std::string::npos) return Bad(authority, "the host has white space");
  out.port = out.tls ? 443 : 80;
  if (port.size() > 1) {
    const auto number = ParseInt32(port.substr(1));
    if (!number || *number < 1 || *number > 65535) return Bad(authority, "the port is no number from 1 to 65535");
    out.port = static_cast<std::uint16_t>(*number);
  }
  path = path.substr(0, path.find_first_of("?#"));
  while (path.ends_with('/')) path.remove_suffix(1);
  out.path = path;
  return out;
}

std::string PercentEncode(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (IsAlnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    }
  }
  return out;
}

std::string PercentDecode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? HexDigit(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

}  // namespace reprieve::net
