#include "cli/simulate_workers.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <optional>
#include <utility>

#include "base/text.h"
#include "cli/interrupt.h"
#include "cli/run_result_json.h"
#include "document/json.h"

namespace reprieve::cli {
namespace {

constexpr int kRepaintMilliseconds = 200;
constexpr std::chrono::seconds kFirstPaint{1};  // shorter work shows nothing

// The task of a worker: every so many of all runs, in the order of the seeds.
struct Task {
  std::size_t variant = 0;
  std::size_t seed = 0;
};

std::vector<Task> TasksOf(const WorkPlan& plan) {
  std::vector<Task> out;
  for (std::size_t seed = 0; seed < plan.seeds.size(); ++seed) {
    for (std::size_t variant = 0; variant < plan.variants.size(); ++variant) out.push_back({variant, seed});
  }
  return out;
}

void WriteLine(int descriptor, const std::string& line) {
  std::string text = line + "\n";
  std::string_view left = text;
  while (!left.empty()) {
    const ssize_t written = write(descriptor, left.data(), left.size());
    if (written <= 0) _exit(0);  // nobody reads any more
    left.remove_prefix(static_cast<std::size_t>(written));
  }
}

// In the worker's process: plays its runs, and writes each on a line: its number and its result.
[[noreturn]] void Work(const WorkPlan& plan, const std::vector<Task>& tasks, std::size_t first, int descriptor) {
  for (std::size_t i = first; i < tasks.size(); i += plan.workers) {
    const WorkPlan::Variant& variant = plan.variants[tasks[i].variant];
    const sim::RunResult run =
        sim::PlayScenario(*variant.scenario, variant.nodes, variant.objects, plan.seeds[tasks[i].seed]);
    WriteLine(descriptor, Cat(i, " ", document::WriteJson(ToJson(run))));
  }
  _exit(0);
}

class Progress {
 public:
  Progress(bool shown, std::size_t all) : shown_(shown), all_(all), began_(std::chrono::steady_clock::now()) {}
  ~Progress() { Clear(); }

  void Paint(std::size_t done) {
    const auto passed = std::chrono::steady_clock::now() - began_;
    if (!shown_ || passed < kFirstPaint) return;
    constexpr std::size_t kWidth = 24;
    const std::size_t full = all_ == 0 ? kWidth : kWidth * done / all_;
    std::string bar;
    for (std::size_t i = 0; i < kWidth; ++i) bar += i < full ? "█" : "░";
    std::string left;
    if (done > 0 && done < all_) {
      const auto each = std::chrono::duration_cast<Nanoseconds>(passed) / static_cast<std::int64_t>(done);
      left = Cat(", about ", HumanDuration(std::chrono::ceil<Seconds>(each * static_cast<std::int64_t>(all_ - done))),
                 " left");
    }
    std::fprintf(stderr, "\r\033[K%s  %zu of %zu runs%s", bar.c_str(), done, all_, left.c_str());
    painted_ = true;
  }
  void Clear() {
    if (std::exchange(painted_, false)) std::fputs("\r\033[K", stderr);
  }

 private:
  const bool shown_;
  const std::size_t all_;
  const std::chrono::steady_clock::time_point began_;
  bool painted_ = false;
};

class Pool {
 public:
  Pool(const WorkPlan& plan, const std::vector<Task>& tasks) : plan_(plan), tasks_(tasks), results_(tasks.size()) {}

  WorkDone Run() {
    Start();
    Progress progress(plan_.progress, tasks_.size());
    while (!workers_.empty() && Interrupt::count() == 0) {
      progress.Paint(done_);
      std::vector<pollfd> polls;
      for (const Worker& worker : workers_) polls.push_back({worker.descriptor, POLLIN, 0});
      if (poll(polls.data(), polls.size(), kRepaintMilliseconds) < 0) continue;
      for (std::size_t i = polls.size(); i-- > 0;) {
        if (polls[i].revents != 0 && !Read(workers_[i])) End(i);
      }
    }
    progress.Clear();
    WorkDone out;
    out.interrupted = Interrupt::count() > 0 && done_ < tasks_.size();
    for (const Worker& worker : workers_) kill(worker.process, SIGKILL);
    while (!workers_.empty()) End(workers_.size() - 1);
    // Out of memory, or none could be started.
    if (!out.interrupted && done_ < tasks_.size()) out.lost = tasks_.size() - done_;
    out.runs.resize(plan_.variants.size());
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      if (results_[i]) out.runs[tasks_[i].variant].push_back(std::move(*results_[i]));
    }
    return out;
  }

 private:
  struct Worker {
    pid_t process = 0;
    int descriptor = -1;
    std::string text;
  };

  void Start() {
    for (std::size_t i = 0; i < plan_.workers; ++i) {
      std::array<int, 2> ends{};
      if (pipe2(ends.data(), O_CLOEXEC) != 0) break;
      std::fflush(nullptr);
      const pid_t process = fork();
      if (process == 0) {
        close(ends[0]);
        // Ctrl-C is for the whole group; whoever reads decides what it means.
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGINT, SIG_IGN);
        signal(SIGPIPE, SIG_IGN);
        Work(plan_, tasks_, i, ends[1]);
      }
      close(ends[1]);
      if (process > 0) workers_.push_back({process, ends[0], {}});
      if (process < 0) close(ends[0]);
    }
  }

  // False: it has ended.
  bool Read(Worker& worker) {
    std::array<char, 65'536> buffer{};
    const ssize_t size = read(worker.descriptor, buffer.data(), buffer.size());
    if (size <= 0) return false;
    worker.text.append(buffer.data(), static_cast<std::size_t>(size));
    std::size_t at = 0;
    for (std::size_t end = worker.text.find('\n', at); end != std::string::npos; end = worker.text.find('\n', at)) {
      Take(std::string_view(worker.text).substr(at, end - at));
      at = end + 1;
    }
    worker.text.erase(0, at);
    return true;
  }

  void Take(std::string_view line) {
    const std::size_t blank = line.find(' ');
    const auto number = ParseInt64(line.substr(0, blank));
    document::JsonError error;
    const auto value = document::ParseJson(std::string(line.substr(blank + 1)), error);
    if (!number || !value) return;
    results_[static_cast<std::size_t>(*number)] = RunFromJson(*value);
    ++done_;
  }

  void End(std::size_t worker) {
    close(workers_[worker].descriptor);
    waitpid(workers_[worker].process, nullptr, 0);
    workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(worker));
  }

  const WorkPlan& plan_;
  const std::vector<Task>& tasks_;
  std::vector<Worker> workers_;
  std::vector<std::optional<sim::RunResult>> results_;
  std::size_t done_ = 0;
};

}  // namespace

WorkDone PlayAll(const WorkPlan& plan) {
  const std::vector<Task> tasks = TasksOf(plan);
  WorkPlan shared = plan;
  shared.workers = std::clamp<std::size_t>(plan.workers, 1, std::max<std::size_t>(tasks.size(), 1));
  return Pool(shared, tasks).Run();
}

}  // namespace reprieve::cli
