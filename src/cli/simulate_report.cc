#include "cli/simulate_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/text.h"
#include "report/html.h"

namespace reprieve::cli {
namespace {

std::string Round(double number, int digits = 0) {
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, number);
  return buffer;
}

std::string HoursText(double hours) {
  return HumanDuration(Nanoseconds(static_cast<std::int64_t>(hours * 3.6e12)));
}

std::string Note(const sim::Estimate& estimate, const auto& show) {
  return estimate.samples > 1 ? Cat("±", show(estimate.half_width), " at 95 %") : std::string();
}

const auto kPercent = [](double share) { return Round(100 * share, 1); };
const auto kWhole = [](double number) { return Round(number); };

void AddFigures(const sim::Summary& summary, report::HtmlPage& page) {
  const sim::Interval chance = sim::ProportionOf(summary.completed, std::max<std::size_t>(summary.runs, 1));
  std::vector<report::Figure> figures = {
      {Cat(summary.completed, " of ", summary.runs), "runs complete",
       Cat(Round(100 * chance.low), " to ", Round(100 * chance.high), " % at 95 %")},
      {Cat(kPercent(summary.goodput.mean), " %"), "goodput: useful of paid node time", Note(summary.goodput, kPercent)},
      {Cat(kPercent(summary.effective.mean), " %"), "effective time since work began",
       Note(summary.effective, kPercent)},
      {Round(summary.interruptions.mean, 1), "interruptions in a run",
       Note(summary.interruptions, [](double number) { return Round(number, 1); })},
      {kWhole(summary.wasted_node_hours.mean), "node-hours wasted", Note(summary.wasted_node_hours, kWhole)},
  };
  if (summary.finish_hours) {
    figures.insert(figures.begin() + 1,
                   {HoursText(summary.finish_hours->mean), "time to finish", Note(*summary.finish_hours, HoursText)});
  }
  if (summary.cost.mean > 0) {
    figures.push_back({kWhole(summary.cost.mean), "cost", Note(summary.cost, kWhole)});
    figures.push_back({kWhole(summary.wasted_cost.mean), "of it wasted", Note(summary.wasted_cost, kWhole)});
  }
  page.Figures(figures);
  for (const auto& [end, count] : summary.failed)
    page.Paragraph(Cat(count, " of ", summary.runs, " runs failed: ", end));
  if (summary.unfinished > 0) page.Paragraph(Cat(summary.unfinished, " runs were not done at the horizon."));
}

void AddCauses(const sim::Summary& summary, report::HtmlPage& page) {
  if (summary.causes.empty()) return;
  page.Heading("Waste by cause");
  std::vector<report::Bar> bars;
  for (const sim::CauseSummary& cause : summary.causes) {
    bars.push_back(
        {cause.name,
         cause.node_hours.mean,
         Cat(Round(cause.node_hours.mean, 1), " node-hours, ", Round(cause.interruptions.mean, 1), " interruptions"),
         {cause.lost_share, cause.waiting_share, cause.restart_share}});
  }
  page.Bars(bars, {"work done twice", "waiting until all pods run again", "restarting"});
}

// The policies' lines beside their counts: "rule 2 RestartJobSet of JobSet train (train.yaml:9)".
void AddRules(const sim::Summary& summary, report::HtmlPage& page) {
  if (summary.restarts.empty()) return;
  page.Heading("What decided, and how often");
  std::vector<std::vector<std::string>> rows = {{"rule", "times in a run", "at 95 %"}};
  for (const auto& [decider, count] : summary.restarts) {
    rows.push_back(
        {decider, Round(count.mean, 1), count.samples > 1 ? Cat("±", Round(count.half_width, 1)) : std::string()});
  }
  page.Table(rows);
}

void AddVariant(const sim::Scenario& scenario, const Variant& variant, report::HtmlPage& page) {
  std::int64_t nodes = 0;
  std::int64_t spares = 0;
  for (const sim::NodePool& pool : scenario.pools) {
    nodes += pool.nodes;
    spares += pool.spares;
  }
  if (!variant.name.empty()) page.Heading(variant.name);
  page.Paragraph(
      Cat(nodes, " nodes and ", spares, " spare, ", variant.summary.runs, " runs from seed ", scenario.seed,
          ". The pods of a Job or JobSet work together and only together; what passes after an interruption until "
          "they are where they were is wasted."));
  AddFigures(variant.summary, page);
  AddCauses(variant.summary, page);
  if (variant.summary.finish_samples.size() > 1) {
    page.Heading("Time to finish");
    std::vector<double> days;
    for (const double hours : variant.summary.finish_samples) days.push_back(hours / 24);
    page.Histogram(days, "days");
  }
  AddRules(variant.summary, page);
}

}  // namespace

std::string SimulationReport(const std::vector<const sim::Scenario*>& scenarios, const std::vector<Variant>& variants,
                             bool partial) {
  report::HtmlPage page("What the failure policy costs");
  if (partial) page.Paragraph("Partial: it was interrupted, and only the runs that had ended are in it.");
  if (variants.size() > 1) {
    page.Heading("Side by side");
    std::vector<std::vector<std::string>> rows = {
        {"variant", "complete", "time to finish", "goodput", "wasted node-hours"}};
    for (const Variant& variant : variants) {
      const sim::Summary& summary = variant.summary;
      rows.push_back({variant.name, Cat(summary.completed, "/", summary.runs),
                      summary.finish_hours ? HoursText(summary.finish_hours->mean) : "-",
                      Cat(kPercent(summary.goodput.mean), " %"), kWhole(summary.wasted_node_hours.mean)});
    }
    page.Table(rows);
  }
  for (std::size_t i = 0; i < variants.size(); ++i) AddVariant(*scenarios[i], variants[i], page);
  return page.Text();
}

}  // namespace reprieve::cli
