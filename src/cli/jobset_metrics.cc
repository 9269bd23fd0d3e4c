#include "cli/jobset_metrics.h"

namespace reprieve::cli {
namespace {

void Append(MetricsPage& page, std::string_view name, std::string_view help,
            const std::map<meta::ObjectKey, std::uint64_t>& counts) {
  page.Family(name, "counter", help);
  for (const auto& [jobset, count] : counts) {
    page.Sample({{"jobset_name", jobset.name.view()}, {"namespace", jobset.namespace_.view()}}, count);
  }
}

}  // namespace

void AppendJobSetCounters(MetricsPage& page, const engine::JobSetCounters& counters) {
  Append(page, "jobset_failed_total", "JobSets that have failed.", counters.failed);
  Append(page, "jobset_completed_total", "JobSets that have completed.", counters.completed);
  Append(page, "jobset_restarts_total", "Restarts of JobSets or of single Jobs of them, by their failure policies.",
         counters.restarts);
}

}  // namespace reprieve::cli
