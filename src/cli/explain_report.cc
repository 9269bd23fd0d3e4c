#include "cli/explain_report.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "report/html.h"

namespace reprieve::cli {
namespace {

// Of a chain of thousands a reader looks at its beginning and its end; the text has them all.
constexpr std::size_t kMostMoments = 400;

std::string TextOf(const report::Entry& entry) {
  if (entry.verdict == nullptr) return Cat(entry.pod, " ", entry.facts, " (not judged: ", entry.unjudged, ")");
  return Cat(entry.ahead ? "about to follow: " : "", world::Describe(*entry.verdict));
}

bool Ends(const report::Entry& entry) {
  return entry.verdict != nullptr && entry.verdict->ends;
}

// Of the failed pod that an entry tells of; empty: it tells of none.
std::string FactsOf(const report::Entry& entry) {
  if (entry.verdict == nullptr) return entry.facts;
  const world::Verdict* verdict = entry.verdict.get();
  while (verdict->pod.empty() && verdict->cause != nullptr) verdict = verdict->cause.get();
  return verdict->pod.empty() ? std::string() : verdict->facts.str();
}

void AddFailures(const report::Subject& subject, report::HtmlPage& page) {
  std::map<std::string, std::size_t> failures;
  for (const report::Entry& entry : subject.chain) {
    if (const std::string facts = FactsOf(entry); !facts.empty()) ++failures[facts];
  }
  if (failures.empty()) return;
  std::vector<report::Bar> bars;
  bars.reserve(failures.size());
  for (const auto& [facts, count] : failures) bars.push_back({facts, static_cast<double>(count), Cat(count)});
  std::stable_sort(bars.begin(), bars.end(),
                   [](const report::Bar& a, const report::Bar& b) { return a.value > b.value; });
  page.Paragraph("Failures by what was seen:");
  page.Bars(bars);
}

// The rules that decided, with their lines and how often.
void AddRules(const report::Subject& subject, report::HtmlPage& page) {
  std::map<std::string, std::size_t> rules;
  for (const report::Entry& entry : subject.chain) {
    for (const world::Verdict* verdict = entry.verdict.get(); verdict != nullptr; verdict = verdict->cause.get()) {
      if (!verdict->rule) continue;
      const world::RuleReference& rule = *verdict->rule;
      const bool of_jobset = !verdict->jobset.empty();
      std::string name = Cat(of_jobset ? "JobSet " : "Job ", of_jobset ? verdict->jobset : verdict->job, ", rule ",
                             rule.index + 1, " ", rule.action);
      if (rule.line > 0) AppendTo(name, " (", rule.file, ":", rule.line, ")");
      ++rules[name];
    }
  }
  if (rules.empty()) return;
  std::vector<std::vector<std::string>> rows = {{"rule that decided", "times"}};
  for (const auto& [rule, count] : rules) rows.push_back({rule, Cat(count)});
  page.Table(rows);
}

void AddTimeline(const report::Subject& subject, report::HtmlPage& page) {
  std::vector<report::HtmlPage::Moment> moments;
  const std::size_t count = subject.chain.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (i == kMostMoments / 2 && count > kMostMoments) {
      i = count - kMostMoments / 2;
      moments.push_back({"...", Cat(count - kMostMoments, " more")});
    }
    const report::Entry& entry = subject.chain[i];
    moments.push_back({FormatRfc3339(entry.at), TextOf(entry), Ends(entry)});
  }
  if (!moments.empty()) page.Timeline(moments);
}

void AddLines(std::string_view title, const std::vector<std::string>& lines, report::HtmlPage& page) {
  if (lines.empty()) return;
  page.Paragraph(title);
  for (const std::string& line : lines) page.Paragraph(Cat("· ", line));
}

void AddWhatIf(const report::WhatIf& what_if, report::HtmlPage& page) {
  page.Heading(Cat("If ", what_if.event, " now"));
  page.Paragraph(what_if.outcome);
  std::vector<report::HtmlPage::Moment> moments;
  for (const world::Verdict* verdict : report::Untold(what_if.verdicts)) {
    moments.push_back({FormatRfc3339(verdict->at), world::Describe(*verdict), verdict->ends});
  }
  if (moments.empty()) {
    page.Paragraph("No policy has anything to decide in the hour after it.");
  } else {
    page.Timeline(moments);
  }
  for (const std::string& note : what_if.notes) page.Paragraph(note);
}

}  // namespace

std::string ExplanationReport(const report::Explanation& explanation) {
  report::HtmlPage page("What happened, and by which rule");
  page.Paragraph(Cat("As of ", FormatRfc3339(explanation.now), "."));
  for (const report::Subject& subject : explanation.subjects) {
    page.Heading(Cat(subject.kind, " ", subject.name, " ", subject.summary));
    for (const std::string& fact : subject.facts) page.Paragraph(fact);
    AddFailures(subject, page);
    AddTimeline(subject, page);
    AddRules(subject, page);
    AddLines("No longer known:", subject.unknown, page);
    AddLines("Next:", subject.next, page);
  }
  if (explanation.what_if) AddWhatIf(*explanation.what_if, page);
  for (const std::string& note : explanation.notes) page.Paragraph(note);
  return page.Text();
}

}  // namespace reprieve::cli
