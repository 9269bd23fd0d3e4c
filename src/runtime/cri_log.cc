#include "runtime/cri_log.h"

#include <utility>

#include "base/text.h"

namespace reprieve::runtime {
namespace {

std::string_view NameOf(Stream stream) {
  return stream == Stream::kStdout ? " stdout " : " stderr ";
}

}  // namespace

CriLog::CriLog(Sink sink, LineTap tap) : sink_(std::move(sink)), tap_(std::move(tap)) {}

void CriLog::Append(Stream stream, std::string_view bytes, Time now) {
  formatted_time_ = FormatRfc3339Nano(now);
  std::string& unfinished = unfinished_[static_cast<std::size_t>(stream)];
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    const std::size_t free = kMaxLineBytes - unfinished.size();
    const std::size_t length = newline == std::string_view::npos ? bytes.size() : newline;
    if (length > free) {
      unfinished.append(bytes.substr(0, free));
      bytes.remove_prefix(free);
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
}

void CriLog::Emit(Stream stream, std::string_view text, char tag) {
  if (tap_) tap_(stream, text);
  if (!sink_) return;
  AppendTo(out_, formatted_time_, NameOf(stream), tag, ' ', text, '\n');
  ++out_lines_;
}

void CriLog::Flush() {
  if (out_.empty()) return;
  sink_(std::move(out_), out_lines_);
  out_.clear();
  out_lines_ = 0;
}

}  // namespace reprieve::runtime
