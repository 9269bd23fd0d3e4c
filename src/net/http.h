// What goes over the wire as values: requests, answers, and why there is none. Source: RFC 9110. Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"

namespace reprieve::net {

// In their order. Names are compared without regard to case.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  void Add(std::string_view name, std::string_view value) { fields_.emplace_back(name, value); }
  // Replaces all of that name.
  void Set(std::string_view name, std::string_view value);
  // The first of that name; empty if there is none.
  std::string_view Find(std::string_view name) const;
  bool Has(std::string_view name) const;
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

struct Request {
  std::string method = "GET";
  std::string target = "/";  // path and query, percent-encoded
  Headers headers{};         // Host, Content-Length, Accept-Encoding and Connection are added
  std::string body{};
  // From now until the whole answer is there; of a stream, until its head is.
  Nanoseconds timeout = Seconds(30);
  // Of a stream: the longest silence. 0: any.
  Nanoseconds longest_silence{0};
  // Of the answer's body, unpacked. A stream has none.
  std::size_t max_body = std::size_t{64} << 20;
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body{};
};

// Why there is no answer, or not a whole one.
struct Failure {
  enum class Kind : std::uint8_t {
    kConnect,    // no connection: the name is unknown, nobody listens, the proxy refuses
    kTls,        // the peer is not who it should be, or speaks no TLS that we take
    kTimeout,    // too slow
    kCut,        // the connection ended in the middle
    kTooLarge,   // more than max_body, or a head of more than 64 KiB
    kMalformed,  // that is no HTTP
  };
  Kind kind = Kind::kConnect;
  std::string message;
  // The peer may have got the whole request, and acted on it.
  bool sent = false;
};

// An answer, of whatever status, or a failure.
struct Reply {
  std::optional<Failure> failure;
  Response response;
  bool ok() const { return !failure; }
};

}  // namespace reprieve::net
