#include "runtime/cri_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <numeric>
#include <utility>

#include "base/text.h"
#include "runtime/no_links.h"

namespace reprieve::runtime {
namespace {

// How much of `text` was written, and why no more was.
struct Written {
  std::size_t bytes = 0;
  int error = 0;
};

Written WriteWhatFits(int fd, std::string_view text) {
  Written done;
  while (done.bytes < text.size()) {
    const ssize_t n = write(fd, text.data() + done.bytes, text.size() - done.bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      done.error = n < 0 ? errno : ENOSPC;
      return done;
    }
    done.bytes += static_cast<std::size_t>(n);
  }
  return done;
}

}  // namespace

CriFile::CriFile(std::string path, CriLogLimits limits, Notice notice)
    : path_(std::move(path)), limits_(limits), notice_(std::move(notice)) {}

void CriFile::Append(std::string_view lines, std::int64_t count) {
  if (!Open()) return Lose(count, FileErrorText(errno));
  const Written written = WriteWhatFits(file_.get(), lines);
  size_ += static_cast<std::int64_t>(written.bytes);
  if (written.error != 0) {
    // Back to the end of the last whole line.
    const std::size_t end = lines.substr(0, written.bytes).rfind('\n');
    const std::size_t whole = end == std::string_view::npos ? 0 : end + 1;
    const auto kept = std::count(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(whole), '\n');
    size_ -= static_cast<std::int64_t>(written.bytes - whole);
    if (ftruncate(file_.get(), size_) != 0) file_.Reset();
    file_lines_ += kept;
    Lose(count - kept, FileErrorText(written.error));
  } else {
    file_lines_ += count;
  }
  if (size_ >= limits_.file_bytes) Rotate();
}

void CriFile::Lose(std::int64_t count, std::string_view why) {
  lost_lines_ += count;
  if (std::exchange(told_, true) || !notice_) return;
  notice_(Cat("log ", path_, ": ", why, "; lines are lost until it can be written again, the container runs on"));
}

void CriFile::Finish() {
  file_.Reset();
  TellOfRotation();
  if (lost_lines_ == 0 || !notice_) return;
  notice_(Cat("log ", path_, ": ", lost_lines_, lost_lines_ == 1 ? " line was" : " lines were",
              " lost in all; the rest is there"));
}

bool CriFile::Open() {
  if (file_.ok()) return true;
  constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND;
  file_ = OpenWithoutLinks(path_, kFlags, 0644);
  if (!file_.ok() && errno == ENOENT) {
    if (const int error = MakeDirectories(path_.substr(0, path_.find_last_of('/')))) {
      errno = error;
      return false;
    }
    file_ = OpenWithoutLinks(path_, kFlags, 0644);
  }
  if (!file_.ok()) return false;
  struct stat found {};
  regular_ = fstat(file_.get(), &found) == 0 && S_ISREG(found.st_mode);
  size_ = regular_ ? found.st_size : 0;
  return true;
}

void CriFile::Rotate() {
  if (!regular_) return;
  file_.Reset();
  for (int i = limits_.files - 1; i > 0; --i) {
    const std::string newer = i == 1 ? path_ : Cat(path_, ".", i - 1);
    std::rename(newer.c_str(), Cat(path_, ".", i).c_str());
  }
  if (limits_.files <= 1) unlink(path_.c_str());
  rotated_lines_.push_front(std::exchange(file_lines_, 0));
  while (rotated_lines_.size() > static_cast<std::size_t>(std::max(limits_.files - 1, 0))) {
    deleted_lines_ += rotated_lines_.back();
    rotated_lines_.pop_back();
  }
}

void CriFile::TellOfRotation() {
  if (deleted_lines_ == 0 || !notice_) return;
  const std::int64_t kept = std::accumulate(rotated_lines_.begin(), rotated_lines_.end(), file_lines_);
  notice_(Cat("log ", path_, ": its first ", deleted_lines_, deleted_lines_ == 1 ? " line was" : " lines were",
              " deleted by rotation; the last ", kept, " are in it and in ", path_, ".1 to .", limits_.files - 1));
}

}  // namespace reprieve::runtime
