#include "runtime/cri_log.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <utility>

#include "base/text.h"

namespace reprieve::runtime {
namespace {

std::string_view NameOf(Stream stream) {
  return stream == Stream::kStdout ? " stdout " : " stderr ";
}

// How much of `text` made it, and why no more did.
struct Written {
  std::size_t bytes = 0;
  int error = 0;
};

Written WriteAll(int fd, std::string_view text) {
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

CriLog::CriLog(std::string path, CriLogLimits limits, LineTap tap, Notice notice)
    : path_(std::move(path)), limits_(limits), tap_(std::move(tap)), notice_(std::move(notice)) {}

void CriLog::Append(Stream stream, std::string_view bytes, Time now) {
  formatted_time_ = FormatRfc3339Nano(now);
  std::string& unfinished = unfinished_[static_cast<std::size_t>(stream)];
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    const std::size_t room = kMaxLineBytes - unfinished.size();
    const std::size_t length = newline == std::string_view::npos ? bytes.size() : newline;
    if (length > room) {
      unfinished.append(bytes.substr(0, room));
      bytes.remove_prefix(room);
      Emit(stream, unfinished, 'P');
      unfinished.clear();
    } else if (newline == std::string_view::npos) {
      unfinished.append(bytes);
      break;
    } else if (unfinished.empty()) {
      Emit(stream, bytes.substr(0, length), 'F');
      bytes.remove_prefix(length + 1);
    } else {
      unfinished.append(bytes.substr(0, length));
      bytes.remove_prefix(length + 1);
      Emit(stream, unfinished, 'F');
      unfinished.clear();
    }
  }
  Flush();
}

void CriLog::Finish(Time now) {
  formatted_time_ = FormatRfc3339Nano(now);
  for (const Stream stream : {Stream::kStdout, Stream::kStderr}) {
    std::string& unfinished = unfinished_[static_cast<std::size_t>(stream)];
    if (!unfinished.empty()) Emit(stream, unfinished, 'P');
    unfinished.clear();
  }
  Flush();
  file_.Reset();
  TellOfRotation();
  if (lost_lines_ > 0 && notice_) {
    notice_(Cat("log ", path_, ": ", lost_lines_, lost_lines_ == 1 ? " line was" : " lines were",
                " lost in all; the rest is there"));
  }
}

void CriLog::Emit(Stream stream, std::string_view text, char tag) {
  if (tap_) tap_(stream, text);
  if (path_.empty()) return;
  AppendTo(out_, formatted_time_, NameOf(stream), tag, ' ', text, '\n');
  ++out_lines_;
}

void CriLog::Flush() {
  if (out_.empty()) return;
  if (Open()) {
    const Written written = WriteAll(file_.get(), out_);
    file_size_ += static_cast<std::int64_t>(written.bytes);
    if (written.error != 0) {
      // Back to the end of the last whole line.
      const std::size_t kept = out_.rfind('\n', written.bytes == 0 ? 0 : written.bytes - 1);
      const std::size_t whole = written.bytes == 0 || kept == std::string::npos ? 0 : kept + 1;
      for (std::size_t i = 0; i < whole; ++i) out_lines_ -= out_[i] == '\n' ? 1 : 0;
      file_size_ -= static_cast<std::int64_t>(written.bytes - whole);
      if (ftruncate(file_.get(), file_size_) != 0) file_.Reset();
      // What was written all the same.
      file_lines_ += std::count(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(whole), '\n');
      Lose(written.error);
    } else {
      file_lines_ += out_lines_;
    }
    if (file_size_ >= limits_.file_bytes) Rotate();
  } else {
    Lose(errno);
  }
  out_.clear();
  out_lines_ = 0;
}

bool CriLog::Open() {
  if (file_.ok()) return true;
  constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
  file_ = Fd(open(path_.c_str(), kFlags, 0644));
  if (!file_.ok() && errno == ENOENT) {
    std::error_code failed;
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), failed);
    file_ = Fd(open(path_.c_str(), kFlags, 0644));
  }
  if (!file_.ok()) return false;
  struct stat status {};
  file_size_ = fstat(file_.get(), &status) == 0 ? status.st_size : 0;
  return true;
}

void CriLog::Rotate() {
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

void CriLog::TellOfRotation() {
  if (deleted_lines_ == 0 || !notice_) return;
  const std::int64_t kept = std::accumulate(rotated_lines_.begin(), rotated_lines_.end(), file_lines_);
  notice_(Cat("log ", path_, ": its first ", deleted_lines_, deleted_lines_ == 1 ? " line was" : " lines were",
              " deleted by rotation; the last ", kept, " are in it and in ", path_, ".1 to .", limits_.files - 1));
}

void CriLog::Lose(int error) {
  lost_lines_ += out_lines_;
  if (told_ || !notice_) return;
  told_ = true;
  notice_(Cat("log ", path_, ": ", strerrordesc_np(error),
              "; lines are lost until it can be written again, the container runs on"));
}

}  // namespace reprieve::runtime
