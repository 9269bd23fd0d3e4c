#include "cli/metrics_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/text.h"
#include "cli/jobset_metrics.h"
#include "runtime/user_file.h"

namespace reprieve::cli {

std::string MetricsText(const engine::JobSetCounters& counters) {
  MetricsPage page;
  AppendJobSetCounters(page, counters);
  return page.Take();
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
