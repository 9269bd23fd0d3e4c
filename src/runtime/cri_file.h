// A container's log file: whole lines are appended; a full file is rotated: FILE becomes FILE.1, that FILE.2, and so
// on, and the oldest is deleted, which a notice at the end tells.
//
// A full disk must not stop the program whose output this is: what cannot be written is counted and dropped, and said
// once. The file always ends with a whole line. No symbolic link is followed.
// Thread rules: one thread at a time. Errors: through `notice`, never to the caller.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "runtime/fd.h"

namespace reprieve::runtime {

struct CriLogLimits {
  std::int64_t file_bytes = std::int64_t{10} << 20;
  int files = 5;
};

class CriFile {
 public:
  using Notice = std::function<void(const std::string&)>;

  // The file and its directories are made with the first line, not before: a container that says nothing costs nothing.
  CriFile(std::string path, CriLogLimits limits, Notice notice);

  // Whole lines, `count` of them. Written to the file before it returns.
  void Append(std::string_view lines, std::int64_t count);
  // Lines that will never be written.
  void Lose(std::int64_t count, std::string_view why);
  // There will be no more: says how many were lost in all.
  void Finish();

  std::int64_t lost_lines() const { return lost_lines_; }

 private:
  bool Open();
  void Rotate();
  void TellOfRotation();

  std::string path_;
  CriLogLimits limits_;
  Notice notice_;
  Fd file_;
  bool regular_ = true;
  std::int64_t size_ = 0;
  std::int64_t lost_lines_ = 0;
  bool told_ = false;
  // Lines of this container: in the file now, in the files that were rotated (the newest first), and deleted.
  std::int64_t file_lines_ = 0;
  std::deque<std::int64_t> rotated_lines_;
  std::int64_t deleted_lines_ = 0;
};

}  // namespace reprieve::runtime
