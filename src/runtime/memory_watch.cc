#include "runtime/memory_watch.h"

#include <unistd.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "runtime/file.h"

namespace reprieve::runtime {
namespace {

// More processes than that are not counted.
constexpr std::size_t kMaxProcesses = 4096;

std::int64_t ResidentBytes(std::int64_t pid) {
  static const std::int64_t page_bytes = sysconf(_SC_PAGESIZE);
  const std::string statm = ReadFile(Cat("/proc/", pid, "/statm"));
  const auto fields = Split(statm, ' ');
  return fields.size() > 1 ? ParseInt64(fields[1]).value_or(0) * page_bytes : 0;
}

}  // namespace

std::int64_t ResidentBytesOfTree(pid_t root) {
  std::int64_t bytes = 0;
  std::vector<std::int64_t> processes = {root};
  for (std::size_t i = 0; i < processes.size() && i < kMaxProcesses; ++i) {
    bytes += ResidentBytes(processes[i]);
    const std::string children = ReadFile(Cat("/proc/", processes[i], "/task/", processes[i], "/children"));
    for (const std::string_view child : Split(children, ' ')) {
      if (const auto pid = ParseInt64(child)) processes.push_back(*pid);
    }
  }
  return bytes;
}

}  // namespace reprieve::runtime
