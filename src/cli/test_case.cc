#include "cli/test_case.h"

#include <algorithm>

#include "base/text.h"
#include "cli/test_coverage.h"

namespace reprieve::cli {
namespace {

// Of a long timeline the beginning and the end say most.
constexpr std::size_t kFirstLines = 30;
constexpr std::size_t kLastLines = 30;

std::string Padded(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

std::vector<std::string> TimelineOf(const sim::CaseRun& run, Nanoseconds until) {
  const sim::CaseHistory& history = run.history();
  std::vector<std::string> out;
  const std::size_t count = history.lines().size();
  for (std::size_t i = 0; i < count; ++i) {
    if (i == kFirstLines && count > kFirstLines + kLastLines) {
      i = count - kLastLines;
      out.push_back(Cat("        ... ", count - kFirstLines - kLastLines, " more"));
    }
    const sim::HistoryLine& line = history.lines()[i];
    out.push_back(Cat(Padded(sim::SinceBeginning(line.at, history.began()), 7), "  ", line.text));
  }
  if (history.lines_left_out() > 0) out.push_back(Cat("        and ", history.lines_left_out(), " that were not kept"));
  if (run.quiet()) {
    out.push_back(Cat(Padded(sim::SinceBeginning(run.simulation().Now(), history.began()), 7),
                      "  nothing more will ever happen"));
  } else {
    out.push_back(Cat(Padded(HumanDuration(until), 7), "  the case ends (until)"));
  }
  return out;
}

}  // namespace

CaseReport RunCase(const SuiteTest& test, const sim::PolicyCase& each) {
  CaseReport report;
  report.test = &test;
  report.of = &each;
  sim::CaseOptions options;
  options.nodes = test.nodes;
  options.start_after = test.test.cluster.start_after;
  options.lost_node = test.test.cluster.lost_node;
  options.engine.jobsets.gates = test.test.cluster.gates;
  options.work = sim::WorkModel(test.test.work).Under(each.work);
  sim::CaseRun run(test.objects(), std::move(options));
  for (const auto& incident : each.when) run.Schedule(incident.value);
  run.Play(each.until);
  // An event that had no effect makes the case another one than its author thinks.
  for (const sim::HistoryLine& line : run.history().without_effect()) {
    const auto at = std::find_if(each.when.begin(), each.when.end(),
                                 [&line](const auto& incident) { return line.text.starts_with(incident.value.text); });
    report.failures.push_back({at == each.when.end() ? each.mark : at->mark,
                               at == each.when.end() ? line.text : at->value.text,
                               at == each.when.end() ? line.text : line.text.substr(at->value.text.size() + 2)});
  }
  for (const world::Incident& waits : run.in_vain()) {
    report.failures.push_back({each.mark, waits.text, Cat("no effect: no pod ", waits.pod, " was created after that")});
  }
  for (const auto& expectation : each.expect) {
    if (auto actual = sim::Unmet(expectation.value, run.history())) {
      report.failures.push_back({expectation.mark, expectation.value.text, std::move(*actual)});
    }
  }
  NoteExercised(run.history(), report.exercised);
  if (!report.passed()) report.timeline = TimelineOf(run, each.until);
  return report;
}

}  // namespace reprieve::cli
