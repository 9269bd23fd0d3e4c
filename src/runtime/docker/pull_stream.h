// PullStream: what an engine says while it pulls an image, one JSON object after another: which layers come, how much
// of each is there, and whether it failed, which is told inside an answer of 200.
//
// Source: Docker Engine API 1.41, POST /images/create; spec/images.md 4. One owner, no lock.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "runtime/image_service.h"

namespace reprieve::runtime::docker {

class PullStream {
 public:
  // Of one message; an image has a few hundred layers at most.
  static constexpr std::size_t kMaxMessage = std::size_t{1} << 20;
  static constexpr std::size_t kMaxLayers = 10'000;

  // Takes what follows, in pieces of any size.
  void Put(std::string_view bytes);
  // No more will follow.
  void PutEnd();

  PullProgress progress() const { return progress_; }
  // The engine's own words; empty: nothing has failed yet.
  const std::string& error() const { return error_; }

 private:
  struct Layer {
    std::int64_t done = 0;
    std::int64_t total = 0;
  };

  void TakeMessage(std::string_view text);
  void Count(const std::string& layer, Layer now);

  std::string rest_;  // of a message that is not whole yet
  std::map<std::string, Layer> layers_;
  PullProgress progress_;
  std::string error_;
};

}  // namespace reprieve::runtime::docker
