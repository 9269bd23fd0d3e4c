#include "figures.h"

#include <cstdio>
#include <ctime>

#include "base/text.h"

namespace reprieve::bench {
namespace {

std::string Short(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, value >= 100 ? "%.0f" : "%.3g", value);
  return buffer;
}

Figure Compare(std::string name, double value, std::string unit, std::string compared_with, double reference) {
  Figure figure;
  figure.name = std::move(name);
  figure.value = value;
  figure.unit = std::move(unit);
  figure.compared_with = std::move(compared_with);
  figure.reference = reference;
  figure.ratio = reference != 0 ? value / reference : 0;
  return figure;
}

}  // namespace

Figure AtLeast(std::string name, double value, std::string unit, std::string compared_with, double reference,
               double bound) {
  Figure figure = Compare(std::move(name), value, std::move(unit), std::move(compared_with), reference);
  figure.target = Cat("at least ", Short(bound), "x");
  figure.ok = figure.ratio >= bound;
  return figure;
}

Figure AtMost(std::string name, double value, std::string unit, std::string compared_with, double reference,
              double bound) {
  Figure figure = Compare(std::move(name), value, std::move(unit), std::move(compared_with), reference);
  figure.target = Cat("at most ", Short(bound), "x");
  figure.ok = figure.ratio <= bound;
  return figure;
}

double ProcessorTime() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

void PrintTable(const std::vector<Figure>& figures) {
  std::printf("%-34s %12s %-18s %-34s %12s %7s %-14s\n", "figure", "value", "unit", "compared with", "", "ratio",
              "target");
  for (const Figure& f : figures) {
    std::printf("%-34s %12s %-18s %-34s %12s %7s %-14s %s\n", f.name.c_str(), Short(f.value).c_str(), f.unit.c_str(),
                f.compared_with.c_str(), Short(f.reference).c_str(), Short(f.ratio).c_str(), f.target.c_str(),
                f.ok ? "ok" : "SHORT");
  }
}

void PrintJson(const std::vector<Figure>& figures) {
  for (const Figure& f : figures) {
    std::printf(
        "{\"name\":%s,\"value\":%.6g,\"unit\":%s,\"comparedWith\":%s,\"reference\":%.6g,\"ratio\":%.4g,\"target\":%s,"
        "\"ok\":%s}\n",
        Quote(f.name).c_str(), f.value, Quote(f.unit).c_str(), Quote(f.compared_with).c_str(), f.reference, f.ratio,
        Quote(f.target).c_str(), f.ok ? "true" : "false");
  }
}

}  // namespace reprieve::bench
