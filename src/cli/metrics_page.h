// MetricsPage: metrics in Prometheus' text format, 0.0.4.
//
//   MetricsPage page;
//   page.Family("jobs_total", "counter", "Jobs by result.");
//   page.Sample({{"result", "failed"}}, 3);
//
// Source: Prometheus' documentation of exposition formats. A plain value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/histogram.h"

namespace reprieve::cli {

class MetricsPage {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

  // Samples follow.
  void Family(std::string_view name, std::string_view type, std::string_view help);
  void Sample(const Labels& labels, std::uint64_t value);
  void Sample(const Labels& labels, double value);
  // Of a family of that type.
  void Sample(const Labels& labels, const Histogram& histogram);
  std::string Take() { return std::move(text_); }

 private:
  // Without the value.
  void Begin(std::string_view suffix, const Labels& labels, std::string_view bound = {});

  std::string text_;
  std::string name_;
};

}  // namespace reprieve::cli
