#include "cli/metrics_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/text.h"
#include "runtime/user_file.h"

namespace reprieve::cli {
namespace {

// Names of objects have no character that would have to be escaped.
void AppendCounter(std::string& out, std::string_view name, std::string_view help,
                   const std::map<meta::ObjectKey, std::uint64_t>& counts) {
  AppendTo(out, "# HELP ", name, " ", help, "\n# TYPE ", name, " counter\n");
  for (const auto& [jobset, count] : counts) {
    AppendTo(out, name, "{jobset_name=\"", jobset.name, "\",namespace=\"", jobset.namespace_, "\"} ", count, "\n");
  }
}

}  // namespace

std::string MetricsText(const engine::JobSetCounters& counters) {
  std::string out;
  AppendCounter(out, "jobset_failed_total", "JobSets that have failed.", counters.failed);
  AppendCounter(out, "jobset_completed_total", "JobSets that have completed.", counters.completed);
  return out;
}

Status WriteMetricsFile(const std::string& path, const engine::JobSetCounters& counters) {
  const Status written = runtime::WriteUserFile(path, MetricsText(counters));
  if (written.ok()) return Ok();
  return Error{Cat("--metrics-file ", path, " cannot be written: ", written.error().message)};
}

Status CheckMetricsFile(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code failed;
  int error = 0;
  if (std::filesystem::is_directory(path, failed)) {
    error = EISDIR;
  } else if (access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) != 0) {
    error = errno;
  }
  if (error == 0) return Ok();
  return Error{Cat("--metrics-file ", path, " cannot be written: ", strerrordesc_np(error))};
}

}  // namespace reprieve::cli
