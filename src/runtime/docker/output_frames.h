// OutputFrames: both outputs of a container from one stream: frames with a header of 8 bytes, cut anywhere.
//
// Source: Docker Engine API, "Stream format" of ContainerAttach; a frame may be part of a line. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "runtime/runtime.h"

namespace reprieve::runtime::docker {

class OutputFrames {
 public:
  using Sink = std::function<void(Stream, std::string_view)>;

  explicit OutputFrames(Sink sink) : sink_(std::move(sink)) {}

  // What came next. False: these are no frames; nothing more may be put.
  [[nodiscard]] bool Put(std::string_view bytes);

 private:
  static constexpr std::size_t kHeaderBytes = 8;

  Sink sink_;
  std::string header_;
  Stream stream_ = Stream::kStdout;
  std::size_t left_ = 0;  // of the frame's text
};

}  // namespace reprieve::runtime::docker
