// The counters of a run in Prometheus' text format, for a collector of text files (`run --metrics-file`).
//
// Names and labels: spec/jobset.md 5.1.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/jobset_loop.h"

namespace reprieve::cli {

[[nodiscard]] std::string MetricsText(const engine::JobSetCounters& counters);

// Replaces the file in one step, so that no reader sees half of it.
[[nodiscard]] Status WriteMetricsFile(const std::string& path, const engine::JobSetCounters& counters);

// What WriteMetricsFile would fail for, found without writing; a full disk is not.
[[nodiscard]] Status CheckMetricsFile(const std::string& path);

}  // namespace reprieve::cli
