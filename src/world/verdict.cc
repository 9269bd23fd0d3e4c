#include "world/verdict.h"

#include "base/text.h"

namespace reprieve::world {
namespace {

std::string Rule(const RuleReference& rule) {
  std::string out = Cat("rule ", rule.index + 1, " ", rule.action);
  if (!rule.file.empty()) AppendTo(out, " (", rule.file, ":", rule.line, ")");
  if (!rule.name.empty()) AppendTo(out, ", ", rule.name);
  if (!rule.matched.empty()) AppendTo(out, ", by ", rule.matched);
  return out;
}

void AddJudgementOfJobSet(const Verdict& verdict, std::vector<Step>& out) {
  if (verdict.cause) {
    out = StepsOf(*verdict.cause);
  } else if (!verdict.job.empty()) {
    out.push_back({StepKind::kFacts, Cat("Job ", verdict.job, " ", verdict.facts)});
  }
  if (verdict.rule) {
    out.push_back({StepKind::kRule, Cat("JobSet ", verdict.jobset, ": ", Rule(*verdict.rule))});
  } else if (!verdict.job.empty()) {
    out.push_back({StepKind::kRule, Cat("JobSet ", verdict.jobset, ": no rule, ", verdict.action)});
  } else {
    out.push_back({StepKind::kFacts, Cat("JobSet ", verdict.jobset, " ", verdict.facts)});
  }
}

void AddJudgementOfJob(const Verdict& verdict, std::vector<Step>& out) {
  const std::string subject = verdict.pod.empty() ? Cat("Job ", verdict.job) : verdict.pod.str();
  out.push_back({StepKind::kFacts, Cat(subject, " ", verdict.facts)});
  if (verdict.rule) out.push_back({StepKind::kRule, Rule(*verdict.rule)});
}

}  // namespace

std::string ConsequenceOf(const Verdict& verdict) {
  if (!verdict.retry) return verdict.consequence.str();
  const Retry& retry = *verdict.retry;
  std::string out;
  if (retry.number == 0) {
    out = "not counted, retry";
  } else {
    out = Cat("retry ", retry.number, " of ", retry.limit);
    if (retry.index >= 0) AppendTo(out, " of index ", retry.index);
  }
  if (verdict.wait) AppendTo(out, " in ", HumanDuration(*verdict.wait));
  return out;
}

std::vector<Step> StepsOf(const Verdict& verdict) {
  std::vector<Step> out;
  if (!verdict.jobset.empty()) {
    AddJudgementOfJobSet(verdict, out);
  } else {
    AddJudgementOfJob(verdict, out);
  }
  std::string consequence = ConsequenceOf(verdict);
  if (!consequence.empty()) out.push_back({StepKind::kConsequence, std::move(consequence)});
  return out;
}

std::string Describe(const Verdict& verdict) {
  std::string out;
  for (const Step& step : StepsOf(verdict)) AppendTo(out, out.empty() ? "" : " → ", step.text);
  return out;
}

document::Value InSeconds(Nanoseconds duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  const std::string fraction = Cat(ms % 1000);
  return document::Value::Number(Cat(ms / 1000, ".", std::string(3 - fraction.size(), '0'), fraction));
}

document::Value ToValue(const Verdict& verdict) {
  using document::Value;
  Value out = Value::MakeObject();
  out.Set("time", Value::String(FormatRfc3339Milli(verdict.at)));
  out.Set("namespace", Value::String(verdict.namespace_.str()));
  if (!verdict.jobset.empty()) out.Set("jobset", Value::String(verdict.jobset.str()));
  if (!verdict.job.empty()) out.Set("job", Value::String(verdict.job.str()));
  if (!verdict.pod.empty()) out.Set("pod", Value::String(verdict.pod.str()));
  out.Set("facts", Value::String(verdict.facts.str()));
  if (!verdict.container.empty()) {
    out.Set("container", Value::String(verdict.container.str()));
    out.Set("exitCode", Value::Int(verdict.exit_code));
  }
  if (!verdict.message.empty()) out.Set("message", Value::String(verdict.message.str()));
  if (verdict.rule) {
    Value& rule = out.Set("rule", Value::MakeObject());
    rule.Set("index", Value::Int(verdict.rule->index));
    rule.Set("action", Value::String(verdict.rule->action.str()));
    if (!verdict.rule->name.empty()) rule.Set("name", Value::String(verdict.rule->name.str()));
    if (!verdict.rule->matched.empty()) rule.Set("matched", Value::String(verdict.rule->matched.str()));
    if (!verdict.rule->file.empty()) {
      rule.Set("file", Value::String(verdict.rule->file.str()));
      rule.Set("line", Value::Int(verdict.rule->line));
    }
  }
  out.Set("action", Value::String(verdict.action.str()));
  out.Set("failedBefore", Value::Int(verdict.failed_before));
  out.Set("failedAfter", Value::Int(verdict.failed_after));
  if (verdict.retry) {
    Value& retry = out.Set("retry", Value::MakeObject());
    retry.Set("number", Value::Int(verdict.retry->number));
    retry.Set("limit", Value::Int(verdict.retry->limit));
    if (verdict.retry->index >= 0) retry.Set("index", Value::Int(verdict.retry->index));
  }
  if (verdict.restart) {
    Value& restart = out.Set("restart", Value::MakeObject());
    restart.Set("of", Value::String(verdict.restart->one_job ? "Job" : "JobSet"));
    restart.Set("counted", Value::Bool(verdict.restart->counted));
  }
  if (verdict.wait) out.Set("waitSeconds", InSeconds(*verdict.wait));
  out.Set("ends", Value::Bool(verdict.ends));
  out.Set("consequence", Value::String(ConsequenceOf(verdict)));
  if (verdict.cause) out.Set("cause", ToValue(*verdict.cause));
  return out;
}

}  // namespace reprieve::world
