#include "cli/simulate_output.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "base/text.h"
#include "cli/run_result_json.h"
#include "cli/screen_text.h"
#include "document/json.h"

namespace reprieve::cli {
namespace {

using document::Value;
using sim::Estimate;

constexpr double kSure = 0.975;

// 1,234,567
std::string Grouped(std::int64_t number) {
  std::string digits = Cat(number < 0 ? -number : number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return number < 0 ? Cat("-", digits) : digits;
}

// Three digits that matter.
std::string Amount(double number) {
  const double size = std::abs(number);
  if (size >= 100 || size == 0) return Grouped(std::llround(number));
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, size >= 10 ? "%.1f" : "%.2f", number);
  return buffer;
}

std::string WithRange(const Estimate& estimate, const auto& show) {
  std::string out = show(estimate.mean);
  if (estimate.samples > 1 && estimate.half_width > 0) AppendTo(out, " ±", show(estimate.half_width));
  return out;
}

std::string Hours(double hours) {
  return HumanDuration(Nanoseconds(static_cast<std::int64_t>(hours * 3.6e12)));
}

std::string Percent(double share) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.1f", share * 100);
  return buffer;
}

std::size_t Width(std::string_view text) {
  // Characters, not bytes.
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Columns as wide as their widest cell; the first is left-aligned, the rest right-aligned.
std::string Table(const std::vector<std::vector<std::string>>& rows, const Style& style) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line = "  ";
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      const std::string blanks(widths[i] - Width(rows[r][i]), ' ');
      AppendTo(line, i == 0 ? "" : "  ", i == 0 ? rows[r][i] : blanks, i == 0 ? blanks : rows[r][i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    AppendTo(out, r == 0 ? style.Bold(line) : line, "\n");
  }
  return out;
}

std::string Fact(std::string_view name, const std::string& text) {
  return Cat("  ", name, std::string(name.size() < 18 ? 18 - name.size() : 1, ' '), text, "\n");
}

std::string EndsText(const sim::Summary& summary) {
  std::string out = Cat(summary.completed, " of ", summary.runs, summary.runs == 1 ? " run" : " runs");
  const sim::Interval chance = sim::ProportionOf(summary.completed, summary.runs);
  AppendTo(out, " complete (95 %: ", std::lround(chance.low * 100), " to ", std::lround(chance.high * 100), " %)");
  for (const auto& [end, count] : summary.failed) AppendTo(out, " · ", count, " failed: ", Escaped(end));
  if (summary.unfinished > 0) AppendTo(out, " · ", summary.unfinished, " not done at the horizon");
  return out;
}

}  // namespace

std::string SummaryText(const sim::Scenario& scenario, const Variant& variant, const Style& style) {
  const sim::Summary& summary = variant.summary;
  std::string out;
  std::int64_t nodes = 0;
  std::int64_t spares = 0;
  bool priced = false;
  for (const sim::NodePool& pool : scenario.pools) {
    nodes += pool.nodes;
    spares += pool.spares;
    priced |= pool.price > 0;
  }
  AppendTo(out, style.Bold(variant.name.empty() ? std::string("Simulated") : Escaped(variant.name)), " on ",
           Grouped(nodes), nodes == 1 ? " node" : " nodes",
           spares > 0 ? Cat(" and ", Grouped(spares), " spare") : std::string(), ", ", summary.runs,
           summary.runs == 1 ? " run" : " runs", " from seed ", scenario.seed, "\n");
  out += Fact("ends", EndsText(summary));
  if (summary.finish_hours) {
    const auto at = [&](double p) { return Hours(sim::PercentileOf(summary.finish_samples, p)); };
    out += Fact("time to finish", Cat(WithRange(*summary.finish_hours, Hours), "   (10 %: ", at(0.1),
                                      ", half: ", at(0.5), ", 90 %: ", at(0.9), ")"));
  }
  out += Fact("goodput", Cat(WithRange(summary.goodput, Percent), " % of the paid node time is useful"));
  out += Fact("effective time", Cat(WithRange(summary.effective, Percent), " % of the time since work began"));
  out += Fact("interruptions", WithRange(summary.interruptions, Amount));
  out += Fact("paid", Cat(WithRange(summary.paid_node_hours, Amount), " node-hours",
                          priced ? Cat(", cost ", WithRange(summary.cost, Amount)) : std::string()));
  out += Fact("wasted", Cat(WithRange(summary.wasted_node_hours, Amount), " node-hours",
                            priced ? Cat(", cost ", WithRange(summary.wasted_cost, Amount)) : std::string()));
  if (!summary.causes.empty()) {
    std::vector<std::vector<std::string>> rows = {
        {"wasted by cause", "node-hours", "share", "interruptions", "lost", "waiting", "restart"}};
    for (const sim::CauseSummary& cause : summary.causes) {
      const double share =
          summary.wasted_node_hours.mean > 0 ? cause.node_hours.mean / summary.wasted_node_hours.mean : 0;
      rows.push_back({Escaped(cause.name), WithRange(cause.node_hours, Amount), Cat(Percent(share), " %"),
                      Cat(Amount(cause.interruptions.mean), " of ", Amount(cause.strikes.mean)),
                      Cat(std::lround(cause.lost_share * 100), " %"), Cat(std::lround(cause.waiting_share * 100), " %"),
                      Cat(std::lround(cause.restart_share * 100), " %")});
    }
    AppendTo(out, "\n", Table(rows, style));
  }
  if (!summary.restarts.empty()) {
    std::vector<std::vector<std::string>> rows = {{"restarts and retries by rule", "in a run"}};
    for (const auto& [decider, count] : summary.restarts) rows.push_back({Escaped(decider), WithRange(count, Amount)});
    AppendTo(out, "\n", Table(rows, style));
  }
  return out;
}

std::string CompareText(const Variant& a, const Variant& b, const Style& style) {
  const auto differences = [&](const auto& get) {
    std::vector<double> out;
    const std::size_t count = std::min(a.runs.size(), b.runs.size());
    for (std::size_t i = 0; i < count; ++i) out.push_back(get(b.runs[i]) - get(a.runs[i]));
    return out;
  };
  const std::vector<double> wasted = differences(sim::WastedNodeHours);
  const std::vector<double> goodput = differences(sim::GoodputOf);
  const std::vector<double> useful = differences([](const sim::RunResult& run) { return run.completed() ? 1.0 : 0.0; });
  const Estimate ends = sim::MeanOf(useful);
  const Estimate good = sim::MeanOf(goodput);
  const double sure_ends = sim::Sureness(useful);
  const double sure_good = sim::Sureness(goodput);
  std::string out = Cat("\n", style.Bold("Comparison"), ", each seed with the same failures\n");
  out += Fact("complete", Cat(a.summary.completed, " and ", b.summary.completed, " of ", a.summary.runs, " runs"));
  const auto points = [](double share) { return Percent(share); };
  out += Fact("goodput", Cat(Percent(a.summary.goodput.mean), " and ", Percent(b.summary.goodput.mean),
                             " %, difference ", good.mean >= 0 ? "+" : "", WithRange(good, points), " points"));
  const Estimate waste = sim::MeanOf(wasted);
  out += Fact("wasted", Cat("difference ", waste.mean >= 0 ? "+" : "", WithRange(waste, Amount), " node-hours"));
  // What does not complete has no goodput to speak of: first whether it ends, then how well.
  const bool by_ends = sure_ends >= kSure && ends.mean != 0;
  const double mean = by_ends ? ends.mean : good.mean;
  const double sure = by_ends ? sure_ends : sure_good;
  if (mean == 0 || sure < kSure) {
    AppendTo(out, "  Neither is better for sure (", std::lround(sure * 100), " %): give it more runs.\n");
  } else {
    AppendTo(out, "  ", style.Bold(Cat(Escaped(mean > 0 ? b.name : a.name), " wins")),
             by_ends ? ": more of its runs complete" : Cat(": ", Percent(std::abs(good.mean)), " points of goodput"),
             " (", sure > 0.9995 ? std::string("more than 99.9") : Percent(sure), " % sure)\n");
  }
  return out;
}

std::string SweepText(const std::vector<Variant>& variants, const Style& style) {
  std::vector<std::vector<std::string>> rows = {
      {"variant", "complete", "time to finish", "goodput %", "interruptions", "wasted node-hours"}};
  std::size_t best = 0;
  for (std::size_t i = 0; i < variants.size(); ++i) {
    const sim::Summary& summary = variants[i].summary;
    const sim::Summary& leader = variants[best].summary;
    if (std::pair(summary.completed, summary.goodput.mean) > std::pair(leader.completed, leader.goodput.mean)) best = i;
    rows.push_back({Escaped(variants[i].name), Cat(summary.completed, "/", summary.runs),
                    summary.finish_hours ? WithRange(*summary.finish_hours, Hours) : "-",
                    WithRange(summary.goodput, Percent), Amount(summary.interruptions.mean),
                    WithRange(summary.wasted_node_hours, Amount)});
  }
  return Cat(Table(rows, style), "  best: ", style.Bold(Escaped(variants[best].name)), "\n");
}

namespace {

Value ToJson(const Estimate& estimate) {
  Value out = Value::MakeObject();
  out.Set("mean", JsonNumber(estimate.mean));
  out.Set("halfWidth95", JsonNumber(estimate.half_width));
  return out;
}

}  // namespace

Value ToJson(const sim::Summary& summary) {
  Value out = Value::MakeObject();
  out.Set("runs", Value::Int(static_cast<std::int64_t>(summary.runs)));
  out.Set("completed", Value::Int(static_cast<std::int64_t>(summary.completed)));
  if (summary.runs > 0) {
    const sim::Interval chance = sim::ProportionOf(summary.completed, summary.runs);
    Value interval = Value::MakeArray();
    interval.Append(JsonNumber(chance.low));
    interval.Append(JsonNumber(chance.high));
    out.Set("completed95", std::move(interval));
  }
  Value failed = Value::MakeObject();
  for (const auto& [end, count] : summary.failed) failed.Set(end, Value::Int(static_cast<std::int64_t>(count)));
  out.Set("failed", std::move(failed));
  out.Set("unfinished", Value::Int(static_cast<std::int64_t>(summary.unfinished)));
  if (summary.finish_hours) {
    out.Set("hoursToFinish", ToJson(*summary.finish_hours));
    Value percentiles = Value::MakeObject();
    for (const auto& [name, p] : {std::pair("p10", 0.1), std::pair("p50", 0.5), std::pair("p90", 0.9)}) {
      percentiles.Set(name, JsonNumber(sim::PercentileOf(summary.finish_samples, p)));
    }
    out.Set("hoursToFinishPercentiles", std::move(percentiles));
  }
  out.Set("goodput", ToJson(summary.goodput));
  out.Set("effectiveTime", ToJson(summary.effective));
  out.Set("interruptions", ToJson(summary.interruptions));
  out.Set("paidNodeHours", ToJson(summary.paid_node_hours));
  out.Set("cost", ToJson(summary.cost));
  out.Set("wastedNodeHours", ToJson(summary.wasted_node_hours));
  out.Set("wastedCost", ToJson(summary.wasted_cost));
  Value causes = Value::MakeArray();
  for (const sim::CauseSummary& cause : summary.causes) {
    Value each = Value::MakeObject();
    each.Set("name", Value::String(cause.name));
    each.Set("strikes", ToJson(cause.strikes));
    each.Set("interruptions", ToJson(cause.interruptions));
    each.Set("wastedNodeHours", ToJson(cause.node_hours));
    each.Set("wastedCost", ToJson(cause.cost));
    each.Set("lostShare", JsonNumber(cause.lost_share));
    each.Set("waitingShare", JsonNumber(cause.waiting_share));
    each.Set("restartShare", JsonNumber(cause.restart_share));
    causes.Append(std::move(each));
  }
  out.Set("causes", std::move(causes));
  Value restarts = Value::MakeObject();
  for (const auto& [decider, count] : summary.restarts) restarts.Set(decider, ToJson(count));
  out.Set("restartsByRule", std::move(restarts));
  return out;
}

std::string SimulationJson(const std::vector<Variant>& variants, bool partial) {
  std::string out;
  for (const Variant& variant : variants) {
    for (const sim::RunResult& run : variant.runs) {
      Value line = Value::MakeObject();
      line.Set("type", Value::String("run"));
      if (!variant.name.empty()) line.Set("variant", Value::String(variant.name));
      const Value result = ToJson(run);
      for (const Value::Member& member : result.members()) line.Set(member.key, member.value);
      AppendTo(out, document::WriteJson(line), "\n");
    }
    Value line = Value::MakeObject();
    line.Set("type", Value::String("summary"));
    if (!variant.name.empty()) line.Set("variant", Value::String(variant.name));
    line.Set("partial", Value::Bool(partial));
    const Value summary = ToJson(variant.summary);
    for (const Value::Member& member : summary.members()) line.Set(member.key, member.value);
    AppendTo(out, document::WriteJson(line), "\n");
  }
  return out;
}

namespace {

// RFC 4180.
std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

}  // namespace

std::string SimulationCsv(const std::vector<Variant>& variants) {
  std::string out = "variant,seed,end,hours,goodput,interruptions,paid_node_hours,wasted_node_hours,cost\n";
  for (const Variant& variant : variants) {
    for (const sim::RunResult& run : variant.runs) {
      std::int64_t interruptions = 0;
      for (const sim::GangResult& gang : run.gangs) {
        for (const auto& [cause, waste] : gang.waste) interruptions += waste.interruptions;
      }
      const bool failed = std::any_of(run.objects.begin(), run.objects.end(),
                                      [](const sim::ObjectResult& each) { return each.end == "failed"; });
      AppendTo(out, CsvField(variant.name), ",", run.seed, ",",
               run.completed() ? "completed"
               : failed        ? "failed"
                               : "unfinished",
               ",", JsonNumber(static_cast<double>(run.took.count()) / 3.6e12).AsText(), ",",
               JsonNumber(sim::GoodputOf(run)).AsText(), ",", interruptions, ",",
               JsonNumber(run.paid_node_hours).AsText(), ",", JsonNumber(sim::WastedNodeHours(run)).AsText(), ",",
               JsonNumber(run.cost).AsText(), "\n");
    }
  }
  return out;
}

}  // namespace reprieve::cli
