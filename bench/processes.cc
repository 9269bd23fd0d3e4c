#include "processes.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace reprieve::bench {

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string ReprieveBeside(const std::string& self) {
  return (std::filesystem::absolute(self).parent_path() / "reprieve").string();
}

double ChildrenTime() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

Rates InTurns(const std::function<double()>& ours, const std::function<double()>& others) {
  constexpr int kRounds = 5;
  std::vector<Rates> rounds;
  for (int i = 0; i < kRounds; ++i) {
    const double reference = others();
    rounds.push_back({ours(), reference});
  }
  std::sort(rounds.begin(), rounds.end(),
            [](const Rates& a, const Rates& b) { return a.ours * b.others < b.ours * a.others; });
  return rounds[kRounds / 2];
}

int Shell(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::unique_ptr<runtime::Supervisor> StartBareRuntime(std::string directory, runtime::RuntimeEvents events) {
  runtime::SupervisorOptions options;
  options.state_directory = std::move(directory);
  auto started = runtime::Supervisor::Start(std::move(options), std::move(events));
  REPRIEVE_CHECK(started.ok(), "the runtime starts");
  return std::move(*started);
}

Scratch::Scratch()
    : path_((std::filesystem::temp_directory_path() / Cat("reprieve-bench-", static_cast<std::int64_t>(getpid())))
                .string()) {
  std::filesystem::create_directories(path_);
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Scratch::operator/(std::string_view name) const {
  return Cat(path_, "/", name);
}

}  // namespace reprieve::bench
