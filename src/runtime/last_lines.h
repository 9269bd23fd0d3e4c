// LastLines: the end of a container's output, as its termination message if it fails without one.
//
// Source: the kubelet's FallbackToLogsOnError: of the last 80 lines the last 2048 bytes. One thread at a time.
#pragma once

#include <algorithm>
#include <deque>
#include <string>
#include <string_view>

namespace reprieve::runtime {

class LastLines {
 public:
  static constexpr std::size_t kLines = 80;
  static constexpr std::size_t kBytes = 2048;

  void Add(std::string_view line) {
    if (lines_.size() == kLines) lines_.pop_front();
    lines_.emplace_back(line.substr(line.size() - std::min(line.size(), kBytes)));
  }
  std::string Text() const {
    std::string out;
    for (const std::string& line : lines_) out.append(line).push_back('\n');
    if (out.size() > kBytes) out.erase(0, out.size() - kBytes);
    return out;
  }

 private:
  std::deque<std::string> lines_;
};

}  // namespace reprieve::runtime
