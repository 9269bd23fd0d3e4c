// Figures: what a benchmark measured, and what that is compared with.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace reprieve::bench {

struct Figure {
  std::string name;  // job_lifecycle/1000
  double value = 0;
  std::string unit;
  std::string compared_with;  // "job_lifecycle/10000", "a bare loop", "the target"
  double reference = 0;
  double ratio = 0;  // value / reference
  std::string target;
  bool ok = true;
};

// A figure that must be at least, or at most, `bound` times `reference`.
Figure AtLeast(std::string name, double value, std::string unit, std::string compared_with, double reference,
               double bound);
Figure AtMost(std::string name, double value, std::string unit, std::string compared_with, double reference,
              double bound);

// Seconds of processor time that this process has used. Work on virtual time is measured in it, so that other load on
// the machine does not count.
double ProcessorTime();

void PrintTable(const std::vector<Figure>& figures);
void PrintJson(const std::vector<Figure>& figures);

}  // namespace reprieve::bench
