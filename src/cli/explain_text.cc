#include "cli/explain_text.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "base/text.h"
#include "cli/screen_text.h"

namespace reprieve::cli {
namespace {

using report::Entry;
using report::Explanation;
using report::Subject;

constexpr std::size_t kMostAlike = 5;  // entries that are all told

bool SameDay(Time a, Time b) {
  return std::chrono::floor<std::chrono::hours>(a).time_since_epoch() / 24 ==
         std::chrono::floor<std::chrono::hours>(b).time_since_epoch() / 24;
}

class Writer {
 public:
  Writer(const Explanation& explanation, const Style& style, const ExplainTextOptions& options)
      : explanation_(explanation), style_(style), options_(options) {
    for (const Subject& subject : explanation.subjects) {
      for (const Entry& entry : subject.chain) dates_ = dates_ || !SameDay(entry.at, explanation.now);
    }
  }

  std::string Run() {
    Line("", Cat("Now is ", FormatRfc3339(explanation_.now), NowFrom()), "");
    for (const Subject& subject : explanation_.subjects) Add(subject);
    if (explanation_.what_if) AddIf(*explanation_.what_if);
    if (!explanation_.notes.empty()) {
      AppendTo(out_, "\n");
      for (const std::string& note : explanation_.notes) Line("", note, "  ");
    }
    return std::move(out_);
  }

 private:
  const char* NowFrom() const {
    switch (explanation_.now_from) {
      case report::NowSource::kFlag:
        return ", by --at.";
      case report::NowSource::kClock:
        return ", by this machine's clock.";
      case report::NowSource::kObjects:
        return explanation_.from_journal ? ", the end of the run's journal; --at sets another."
                                         : ", the newest time in the objects; --at sets another.";
    }
    return "";
  }

  // Broken between words where a terminal is to show it.
  void Line(const std::string& begin, const std::string& text, const std::string& indent) {
    const std::string whole = Cat(begin, Escaped(text));
    if (options_.columns == 0) return AppendTo(out_, whole, "\n");
    for (const std::string& line : Wrap(whole, options_.columns, indent)) AppendTo(out_, line, "\n");
  }

  void Add(const Subject& subject) {
    AppendTo(out_, "\n", Heading(subject), "\n");
    for (const std::string& fact : subject.facts) Line("  ", fact, "    ");
    if (!subject.chain.empty()) AppendTo(out_, "\n");
    AddChain(subject.chain);
    AddList("No longer known", subject.unknown);
    AddList("Next", subject.next);
  }

  void AddIf(const report::WhatIf& what_if) {
    AppendTo(out_, "\n", style_.Bold(Escaped(Cat("If ", what_if.event, " now"))), "\n");
    Line("  ", what_if.outcome, "    ");
    if (what_if.verdicts.empty()) Line("  ", "No policy has anything to decide in the hour after it.", "    ");
    if (!what_if.verdicts.empty()) AppendTo(out_, "\n");
    for (const world::Verdict* verdict : report::Untold(what_if.verdicts)) {
      Entry entry;
      entry.at = verdict->at;
      entry.verdict = std::make_shared<const world::Verdict>(*verdict);
      AddEntry(entry);
    }
    for (const std::string& note : what_if.notes) Line("  ", note, "    ");
  }

  std::string Heading(const Subject& subject) const {
    std::string text = Cat(subject.kind, " ", subject.name);
    if (subject.namespace_ != "default" && !subject.namespace_.empty())
      AppendTo(text, " in namespace ", subject.namespace_);
    text = Escaped(Cat(text, " ", subject.summary));
    if (subject.state == report::State::kFailed) return style_.Red(text);
    if (subject.state == report::State::kCompleted) return style_.Green(text);
    return style_.Bold(text);
  }

  void AddList(std::string_view title, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    AppendTo(out_, "\n  ", style_.Bold(title), "\n");
    for (const std::string& line : lines) Line("    ", line, "      ");
  }

  std::string Clock(Time at) const {
    if (!dates_) return FormatClock(at);
    std::string text = FormatRfc3339(at);
    text[10] = ' ';
    text.pop_back();
    return text;
  }

  static std::vector<std::string> StepsOf(const Entry& entry) {
    std::vector<std::string> out;
    if (entry.verdict == nullptr) return {Cat(entry.pod, " ", entry.facts), Cat("not judged: ", entry.unjudged)};
    for (world::Step& step : world::StepsOf(*entry.verdict)) out.push_back(std::move(step.text));
    if (entry.ahead) out.back() = Cat("about to follow: ", out.back());
    return out;
  }

  // Equal for failures that only the pod and the number tell apart.
  static std::string Likeness(const Entry& entry) {
    if (entry.pod.empty()) return {};
    if (entry.verdict == nullptr) return Cat("?", entry.facts, "\n", entry.unjudged);
    const world::Verdict& verdict = *entry.verdict;
    if (verdict.ends) return {};
    return Cat(entry.job, "\n", verdict.facts, "\n", verdict.rule ? verdict.rule->index : -1, "\n",
               verdict.retry ? "retry" : "");
  }

  void AddChain(const std::vector<Entry>& chain) {
    for (std::size_t begin = 0; begin < chain.size();) {
      std::size_t end = begin + 1;
      const std::string likeness = Likeness(chain[begin]);
      while (!likeness.empty() && end < chain.size() && Likeness(chain[end]) == likeness) ++end;
      if (options_.all || end - begin <= kMostAlike) {
        for (std::size_t i = begin; i < end; ++i) AddEntry(chain[i]);
      } else {
        AddEntry(chain[begin]);
        Line(std::string(Clock(chain[begin].at).size() + 4, ' '),
             Cat("… ", end - begin - 2, " more failures alike; --all shows them"), "");
        AddEntry(chain[end - 1]);
      }
      begin = end;
    }
  }

  void AddEntry(const Entry& entry) {
    const std::string time = Clock(entry.at);
    const std::string indent(time.size() + 4, ' ');
    bool first = true;
    for (const std::string& step : StepsOf(entry)) {
      if (first) {
        const std::size_t begin = out_.size();
        Line(indent, step, indent);
        out_.replace(begin + 2, time.size(), style_.Dim(time));
      } else {
        Line(Cat(indent, "→ "), step, Cat(indent, "  "));
      }
      first = false;
    }
  }

  const Explanation& explanation_;
  const Style& style_;
  const ExplainTextOptions& options_;
  bool dates_ = false;  // entries of another day than now
  std::string out_;
};

}  // namespace

std::string ToText(const Explanation& explanation, const Style& style, const ExplainTextOptions& options) {
  return Writer(explanation, style, options).Run();
}

}  // namespace reprieve::cli
