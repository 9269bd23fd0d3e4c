// A container's output as the kubelet keeps it: one file of lines "TIME stdout|stderr F|P TEXT".
//
// Source: spec/runtime.md 6 (seen on a real CRI): a line over 16384 bytes is cut, its pieces but the last tagged P; so
// is a last line without newline. Rotation: FILE becomes FILE.1, that FILE.2, and so on; the oldest is
// deleted, and a notice at the end says how many lines that took.
// A full disk must not stop the program whose output this is: what cannot be written is counted and dropped, and said
// once. The file always ends with a whole line.
// Thread rules: one thread at a time. Errors: through `notice`, never to the caller.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "runtime/fd.h"
#include "runtime/runtime.h"

namespace reprieve::runtime {

struct CriLogLimits {
  std::int64_t file_bytes = std::int64_t{10} << 20;
  int files = 5;
};

class CriLog {
 public:
  static constexpr std::size_t kMaxLineBytes = 16384;
  using LineTap = std::function<void(Stream, std::string_view)>;
  using Notice = std::function<void(const std::string&)>;

  // An empty path keeps no file. The file and its directories are made with the first line, not before: a container
  // that says nothing costs nothing.
  CriLog(std::string path, CriLogLimits limits, LineTap tap, Notice notice);

  // What came from the stream at `now`, cut anywhere. Written to the file before it returns.
  void Append(Stream stream, std::string_view bytes, Time now);
  // The streams have ended: an unfinished line is written.
  void Finish(Time now);

  std::int64_t lost_lines() const { return lost_lines_; }

 private:
  void Emit(Stream stream, std::string_view text, char tag);
  void Flush();
  bool Open();
  void Rotate();
  void Lose(int error);
  void TellOfRotation();

  std::string path_;
  CriLogLimits limits_;
  LineTap tap_;
  Notice notice_;
  std::array<std::string, 2> unfinished_;
  std::string formatted_time_;
  std::string out_;
  std::int64_t out_lines_ = 0;
  Fd file_;
  std::int64_t file_size_ = 0;
  std::int64_t lost_lines_ = 0;
  bool told_ = false;
  // Lines of this container: in the file now, in the files that were rotated (the newest first), and deleted.
  std::int64_t file_lines_ = 0;
  std::deque<std::int64_t> rotated_lines_;
  std::int64_t deleted_lines_ = 0;
};

}  // namespace reprieve::runtime
