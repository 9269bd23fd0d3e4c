#include "runtime/log_writer.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.h"
#include "runtime/launch.h"

namespace reprieve::runtime {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kTooSlow = "the disk takes no more";

}  // namespace

struct LogWriter::State : std::enable_shared_from_this<LogWriter::State> {
  struct File {
    explicit File(CriFile made) : file(std::move(made)) {}
    // Of the writing thread alone while `writing`.
    CriFile file;
    // Of `path`, to be said by another thread should the writing one hang.
    std::string path;
    std::string waiting;
    std::int64_t waiting_lines = 0;
    // Dropped, and not counted in `file` yet.
    std::int64_t lost_lines = 0;
    bool queued = false;
    bool closing = false;
  };

  State(LogWriterOptions given, LogWriterEvents listeners) : options(given), events(std::move(listeners)) {}

  File& FileOf(ContainerId container, const std::string& path);
  // False: the disk has taken nothing for long, and they are lost.
  bool Take(File& file, std::string&& lines, std::int64_t count);
  void Loop();
  void WriteOne(std::unique_lock<std::mutex>& lock, ContainerId id);
  void Queue(ContainerId id, File& file);
  std::vector<ContainerId> TakeDrained();
  bool IsFull(const File& file) const;

  const LogWriterOptions options;
  LogWriterEvents events;

  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by `mutex`.
  std::map<ContainerId, File> files;
  std::deque<ContainerId> queue;
  std::set<ContainerId> told_to_wait;
  std::size_t total_bytes = 0;
  Clock::time_point last_progress = Clock::now();
  bool ending = false;
  bool ended = false;

  std::thread thread;
};

LogWriter::LogWriter(LogWriterOptions options, LogWriterEvents events)
    : state_(std::make_shared<State>(options, std::move(events))) {
  state_->thread = std::thread([state = state_] { state->Loop(); });
}

LogWriter::~LogWriter() {
  State& state = *state_;
  std::vector<std::string> lost;
  {
    std::unique_lock lock(state.mutex);
    state.ending = true;
    state.last_progress = Clock::now();
    state.changed.notify_all();
    while (!state.ended && Clock::now() - state.last_progress < state.options.patience) {
      state.changed.wait_for(lock, state.options.patience / 10);
    }
    if (state.ended) {
      lock.unlock();
      state.thread.join();
      return;
    }
    for (const auto& [id, file] : state.files) {
      const std::int64_t lines = file.waiting_lines + file.lost_lines;
      if (lines > 0) lost.push_back(Cat("log ", file.path, ": ", kTooSlow, "; its last ", lines, " lines were lost"));
      if (lines == 0) lost.push_back(Cat("log ", file.path, ": ", kTooSlow, "; its last lines were lost"));
    }
    const auto notice = std::exchange(state.events, {}).notice;
    lock.unlock();
    for (const std::string& text : lost) {
      if (notice) notice(text);
    }
  }
  state.thread.detach();
}

bool LogWriter::Write(ContainerId container, const std::string& path, std::string&& lines, std::int64_t count) {
  const std::lock_guard lock(state_->mutex);
  State::File& file = state_->FileOf(container, path);
  if (!state_->Take(file, std::move(lines), count)) return true;
  state_->Queue(container, file);
  if (!state_->IsFull(file)) return true;
  state_->told_to_wait.insert(container);
  return false;
}

void LogWriter::Close(ContainerId container, const std::string& path, std::string&& lines, std::int64_t count) {
  const std::lock_guard lock(state_->mutex);
  State::File& file = state_->FileOf(container, path);
  state_->Take(file, std::move(lines), count);
  file.closing = true;
  state_->Queue(container, file);
}

LogWriter::State::File& LogWriter::State::FileOf(ContainerId container, const std::string& path) {
  auto at = files.find(container);
  if (at != files.end()) return at->second;
  const auto notice = [state = weak_from_this()](const std::string& text) {
    const auto alive = state.lock();
    if (!alive) return;
    std::unique_lock held(alive->mutex);
    const auto tell = alive->events.notice;
    held.unlock();
    if (tell) tell(text);
  };
  at = files.emplace(container, File(CriFile(path, options.limits, notice))).first;
  at->second.path = path;
  return at->second;
}

bool LogWriter::State::Take(File& file, std::string&& lines, std::int64_t count) {
  if (total_bytes == 0) last_progress = Clock::now();
  if (IsFull(file) && Clock::now() - last_progress >= options.patience) {
    file.lost_lines += count;
    return false;
  }
  total_bytes += lines.size();
  if (file.waiting.empty()) {
    file.waiting = std::move(lines);
  } else {
    file.waiting += lines;
  }
  file.waiting_lines += count;
  return true;
}

void LogWriter::State::Queue(ContainerId id, File& file) {
  if (std::exchange(file.queued, true)) return;
  queue.push_back(id);
  changed.notify_all();
}

bool LogWriter::State::IsFull(const File& file) const {
  return file.waiting.size() >= options.file_bytes || total_bytes >= options.total_bytes;
}

void LogWriter::State::Loop() {
  BlockAllSignals();
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [&] { return !queue.empty() || ending; });
    if (queue.empty()) break;
    const ContainerId id = queue.front();
    queue.pop_front();
    WriteOne(lock, id);
  }
  ended = true;
  changed.notify_all();
}

void LogWriter::State::WriteOne(std::unique_lock<std::mutex>& lock, ContainerId id) {
  File& file = files.at(id);
  const std::string lines = std::exchange(file.waiting, {});
  const std::int64_t count = std::exchange(file.waiting_lines, 0);
  const std::int64_t lost = std::exchange(file.lost_lines, 0);
  const bool last = file.closing;
  file.queued = false;
  lock.unlock();
  if (!lines.empty()) file.file.Append(lines, count);
  if (lost > 0) file.file.Lose(lost, kTooSlow);
  if (last) file.file.Finish();
  lock.lock();
  last_progress = Clock::now();
  total_bytes -= lines.size();
  if (last) {
    told_to_wait.erase(id);
    files.erase(id);
  }
  const std::vector<ContainerId> drained = TakeDrained();
  const auto on_drained = events.drained;
  const auto on_closed = events.closed;
  lock.unlock();
  for (const ContainerId each : drained) {
    if (on_drained) on_drained(each);
  }
  if (last && on_closed) on_closed(id);
  lock.lock();
}

std::vector<ContainerId> LogWriter::State::TakeDrained() {
  std::vector<ContainerId> out;
  if (total_bytes > options.total_bytes / 2) return out;
  for (auto at = told_to_wait.begin(); at != told_to_wait.end();) {
    if (files.at(*at).waiting.size() <= options.file_bytes / 2) {
      out.push_back(*at);
      at = told_to_wait.erase(at);
    } else {
      ++at;
    }
  }
  return out;
}

}  // namespace reprieve::runtime
