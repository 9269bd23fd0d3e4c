#include "runtime/docker/output_frames.h"

#include <algorithm>

namespace reprieve::runtime::docker {
namespace {

// Of a header: which stream, 0 (stdin) among them, three bytes of zero, the length.
constexpr unsigned char kStderr = 2;

std::size_t LengthIn(std::string_view header) {
  std::size_t out = 0;
  for (const char c : header.substr(4)) out = out << 8 | static_cast<unsigned char>(c);
  return out;
}

}  // namespace

bool OutputFrames::Put(std::string_view bytes) {
  while (!bytes.empty()) {
    if (left_ > 0) {
      const std::string_view piece = bytes.substr(0, left_);
      sink_(stream_, piece);
      left_ -= piece.size();
      bytes.remove_prefix(piece.size());
      continue;
    }
    const std::size_t missing = std::min(kHeaderBytes - header_.size(), bytes.size());
    header_.append(bytes.substr(0, missing));
    bytes.remove_prefix(missing);
    if (header_.size() < kHeaderBytes) break;
    const auto kind = static_cast<unsigned char>(header_[0]);
    if (kind > kStderr || header_[1] != 0 || header_[2] != 0 || header_[3] != 0) return false;
    stream_ = kind == kStderr ? Stream::kStderr : Stream::kStdout;
    left_ = LengthIn(header_);
    header_.clear();
  }
  return true;
}

}  // namespace reprieve::runtime::docker
