// ResponseParser: HTTP/1.1 answers from bytes as they come, by Beast's parser. Chunks are joined, gzip is unpacked.
//
// Source: RFC 9112. One owner. Internal to the module.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "net/http.h"

namespace reprieve::net {

class ResponseParser {
 public:
  static constexpr std::size_t kMaxHead = std::size_t{64} << 10;
  // Gets the body; false: it takes no more, and the answer counts as too large.
  using Sink = std::function<bool(std::string_view)>;

  explicit ResponseParser(Sink body);
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;
  ~ResponseParser();

  // Takes what follows. What is left over of an incomplete head is kept here.
  std::optional<Failure> Put(std::string_view bytes);
  // No more will follow.
  std::optional<Failure> PutEnd();

  bool head_done() const;
  bool done() const;
  // The connection may serve another request. REQUIRES: done().
  bool keep_alive() const;
  // Status and headers. REQUIRES: head_done().
  Response& response();

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace reprieve::net
