// A container's output as the kubelet keeps it: lines "TIME stdout|stderr F|P TEXT".
//
// Source: spec/runtime.md 6 (seen on a real CRI): a line over 16384 bytes is cut, its pieces but the last tagged P; so
// is a last line without newline. Where the lines go is the sink's business (log_writer.h).
// Thread rules: one thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "runtime/runtime.h"

namespace reprieve::runtime {

class CriLog {
 public:
  static constexpr std::size_t kMaxLineBytes = 16384;
  using LineTap = std::function<void(Stream, std::string_view)>;
  // Whole lines, `count` of them.
  using Sink = std::function<void(std::string&& lines, std::int64_t count)>;

  // Either may be empty. The tap gets each line without time, stream and tag.
  CriLog(Sink sink, LineTap tap);

  // What came from the stream at `now`, cut anywhere.
  void Append(Stream stream, std::string_view bytes, Time now);
  // The streams have ended: an unfinished line is passed on.
  void Finish(Time now);

 private:
  void Emit(Stream stream, std::string_view text, char tag);
  void Flush();

  Sink sink_;
  LineTap tap_;
  std::array<std::string, 2> unfinished_;
  std::string formatted_time_;
  std::string out_;
  std::int64_t out_lines_ = 0;
};

}  // namespace reprieve::runtime
