// Inflate: gzip bodies, piece by piece. Source: RFC 1952. One owner.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace reprieve::net {

class Inflate {
 public:
  // `sink` gets what was unpacked, in pieces of at most 64 KiB; false: it takes no more.
  using Sink = std::function<bool(std::string_view)>;

  Inflate();
  Inflate(const Inflate&) = delete;
  Inflate& operator=(const Inflate&) = delete;
  ~Inflate();

  // An error: the bytes are no gzip. `sink` having refused is none.
  Status Put(std::string_view packed, const Sink& sink);
  // All that began has ended.
  bool whole() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace reprieve::net
