// What `reprieve simulate` prints: a summary for people, JSON or CSV for machines. Returned as text.
#pragma once

#include <string>
#include <vector>

#include "cli/style.h"
#include "document/value.h"
#include "sim/simulate_summary.h"

namespace reprieve::cli {

// One variant of what was simulated: its name ("A.yaml", "maxRestarts=3, checkpoint=1h"; empty: there is but one).
struct Variant {
  std::string name;
  sim::Summary summary;
  std::vector<sim::RunResult> runs;
};

[[nodiscard]] std::string SummaryText(const sim::Scenario& scenario, const Variant& variant, const Style& style);
// Which of two is better, by how much, and how sure that is: by the difference within each seed.
[[nodiscard]] std::string CompareText(const Variant& a, const Variant& b, const Style& style);
// A row for each variant.
[[nodiscard]] std::string SweepText(const std::vector<Variant>& variants, const Style& style);
// A line for each run and variant, and a summary of each variant.
[[nodiscard]] std::string SimulationJson(const std::vector<Variant>& variants, bool partial);
// A line for each run and variant, under a line of names.
[[nodiscard]] std::string SimulationCsv(const std::vector<Variant>& variants);

[[nodiscard]] document::Value ToJson(const sim::Summary& summary);

}  // namespace reprieve::cli
