#include "cli/simulate_fit.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <vector>

#include "base/text.h"
#include "base/time.h"
#include "sim/hazard.h"

namespace reprieve::cli {
namespace {

struct Life {
  double up = 0;  // seconds
  std::optional<double> down;
};

std::optional<double> SecondsOf(std::string_view text) {
  if (const auto time = ParseRfc3339(text)) return static_cast<double>(time->time_since_epoch().count()) / 1e9;
  if (const auto duration = ParseDuration(text)) return static_cast<double>(duration->count()) / 1e9;
  return std::nullopt;
}

Result<std::vector<Life>> ReadLives(const std::string& name, const std::string& text) {
  std::vector<Life> out;
  std::size_t number = 0;
  for (const std::string_view line : Split(text, '\n')) {
    ++number;
    const std::string_view trimmed = Trim(line);
    if (trimmed.empty() || trimmed.starts_with('#') || (number == 1 && trimmed.starts_with("node"))) continue;
    const auto fields = Split(trimmed, ',');
    const auto fault = [&](std::string_view what) { return Error{Cat(name, ":", number, ": ", what)}; };
    if (fields.size() != 3) return fault("expected node,up,down");
    const auto up = SecondsOf(Trim(fields[1]));
    if (!up) return fault("expected in its second column an RFC 3339 time, or a duration since a common beginning");
    Life life{*up, std::nullopt};
    if (!Trim(fields[2]).empty()) {
      life.down = SecondsOf(Trim(fields[2]));
      if (!life.down) return fault("expected in its third column a time, or nothing: it still works");
      if (*life.down <= life.up) return fault("a node fails after it began to work");
    }
    out.push_back(life);
  }
  return out;
}

std::string Days(double seconds) {
  return HumanDuration(Nanoseconds(static_cast<std::int64_t>(std::min(seconds, 3e9) * 1e9)));
}

std::string Number(double number) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.3g", number);
  return buffer;
}

}  // namespace

Result<std::string> FitText(const std::string& name, const std::string& text) {
  auto lives = ReadLives(name, text);
  if (!lives.ok()) return lives.error();
  double newest = 0;
  for (const Life& life : *lives) newest = std::max({newest, life.up, life.down.value_or(0)});
  std::vector<double> times;
  std::vector<double> censored;
  for (const Life& life : *lives) {
    if (life.down) {
      times.push_back(*life.down - life.up);
    } else if (newest > life.up) {
      censored.push_back(newest - life.up);
    }
  }
  if (times.size() < 2) return Error{Cat(name, ": a hazard can't be told from fewer than two failures")};
  const sim::HazardFit exponential = sim::FitHazard(times, censored, true);
  const sim::HazardFit weibull = sim::FitHazard(times, censored, false);
  std::string out = Cat(times.size(), " failures, ", censored.size(), " nodes that still worked\n\n");
  AppendTo(out, "  exponential  mean ", Days(exponential.hazard.scale_seconds),
           " (95 %: ", Days(exponential.scale_low_seconds), " to ", Days(exponential.scale_high_seconds), "), ",
           Number(1000 * 86'400 / exponential.hazard.scale_seconds), " per 1000 node-days\n");
  AppendTo(out, "  weibull      shape ", Number(weibull.hazard.shape), " (95 %: ", Number(weibull.shape_low), " to ",
           Number(weibull.shape_high), "), scale ", Days(weibull.hazard.scale_seconds),
           " (95 %: ", Days(weibull.scale_low_seconds), " to ", Days(weibull.scale_high_seconds), ")\n\n");
  const bool plain = weibull.shape_low <= 1 && weibull.shape_high >= 1;
  AppendTo(out, plain                      ? "A shape of 1 fits: failures do not depend on age. For a scenario:\n\n"
                : weibull.hazard.shape < 1 ? "Nodes fail most when they are new or just repaired. For a scenario:\n\n"
                                           : "Nodes wear. For a scenario:\n\n");
  const auto seconds = [](double value) { return Cat(static_cast<std::int64_t>(value + 0.5), "s"); };
  if (plain) {
    AppendTo(out, "failures:\n- name: fitted\n  exponential: {mean: ", seconds(exponential.hazard.scale_seconds),
             "}\n");
  } else {
    AppendTo(out, "failures:\n- name: fitted\n  weibull: {shape: ", Number(weibull.hazard.shape),
             ", scale: ", seconds(weibull.hazard.scale_seconds), "}\n");
  }
  AppendTo(out, "  causes: [{name: node, event: node is lost, repair: 4h}]\n");
  return out;
}

}  // namespace reprieve::cli
