// What an httpGet probe sends and receives: the request, the response, and where a redirect leads.
//
// Source: core/v1 HTTPGetAction; the kubelet's prober: HTTP/1.1, one request per connection, 200 to 399 is success, the
// body is read to at most 10 KiB, redirects are followed on the same host, up to ten. Module `net` has a parser of its
// own, which is stricter than Go's client: decisions/0007. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/core.h"

namespace reprieve::kubelet {

struct HttpGet {
  std::string host;  // a numeric address
  std::uint16_t port = 0;
  std::string path;
  std::vector<core::HttpHeader> headers;
  bool tls = false;

  std::string Url() const;
  std::string Request() const;
  // The request that a redirect asks for; nullopt if it leads to another host or protocol than HTTP and HTTPS, which is
  // not followed.
  std::optional<HttpGet> Redirected(std::string_view location) const;
};

// Parses a response as its bytes arrive.
class HttpAnswer {
 public:
  enum class State : std::uint8_t { kReading, kComplete, kBroken };

  State Read(std::string_view bytes);
  // The connection was closed.
  State End();

  // The status code; 0 before the head is complete.
  int status() const { return status_; }
  const std::string& location() const { return location_; }
  bool IsRedirect() const;

 private:
  State ReadHead();
  State ReadBody();
  void ReadField(std::string_view line);

  std::string head_;
  std::string body_;
  int status_ = 0;
  std::string location_;
  std::optional<std::size_t> length_;
  bool chunked_ = false;
};

}  // namespace reprieve::kubelet
