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

std::string DescribeOfJobSet(const Verdict& verdict) {
  std::string out;
  if (verdict.cause) {
    out = Cat(Describe(*verdict.cause), " → ");
  } else if (!verdict.job.empty()) {
    out = Cat("Job ", verdict.job, " ", verdict.facts, " → ");
  }
  AppendTo(out, "JobSet ", verdict.jobset);
  if (verdict.rule) {
    AppendTo(out, ": ", Rule(*verdict.rule));
  } else if (!verdict.job.empty()) {
    AppendTo(out, ": no rule, ", verdict.action);
  } else {
    AppendTo(out, " ", verdict.facts);
  }
  if (const std::string consequence = ConsequenceOf(verdict); !consequence.empty()) AppendTo(out, " → ", consequence);
  return out;
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

std::string Describe(const Verdict& verdict) {
  if (!verdict.jobset.empty()) return DescribeOfJobSet(verdict);
  std::string out = verdict.pod.empty() ? Cat("Job ", verdict.job) : verdict.pod.str();
  AppendTo(out, " ", verdict.facts);
  if (verdict.rule) AppendTo(out, " → ", Rule(*verdict.rule));
  if (const std::string consequence = ConsequenceOf(verdict); !consequence.empty()) AppendTo(out, " → ", consequence);
  return out;
}

document::Value ToValue(const Verdict& verdict) {
  using document::Value;
  Value out = Value::MakeObject();
  out.Set("time", Value::String(FormatRfc3339(verdict.at)));
  out.Set("namespace", Value::String(verdict.namespace_.str()));
  if (!verdict.jobset.empty()) out.Set("jobset", Value::String(verdict.jobset.str()));
  if (!verdict.job.empty()) out.Set("job", Value::String(verdict.job.str()));
  if (!verdict.pod.empty()) out.Set("pod", Value::String(verdict.pod.str()));
  out.Set("facts", Value::String(verdict.facts.str()));
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
  out.Set("consequence", Value::String(ConsequenceOf(verdict)));
  if (verdict.cause) out.Set("cause", ToValue(*verdict.cause));
  return out;
}

}  // namespace reprieve::world
