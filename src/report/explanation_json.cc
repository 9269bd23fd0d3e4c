#include "report/explanation_json.h"

namespace reprieve::report {
namespace {

using document::Value;

Value Texts(const std::vector<std::string>& texts) {
  Value out = Value::MakeArray();
  for (const std::string& text : texts) out.Append(Value::String(text));
  return out;
}

const char* NameOf(State state) {
  switch (state) {
    case State::kRunning:
      return "running";
    case State::kSuspended:
      return "suspended";
    case State::kEnding:
      return "ending";
    case State::kCompleted:
      return "completed";
    case State::kFailed:
      return "failed";
  }
  return "";
}

Value EntryValue(const Entry& entry) {
  Value out = Value::MakeObject();
  out.Set("time", Value::String(FormatRfc3339(entry.at)));
  if (!entry.job.empty()) out.Set("job", Value::String(entry.job));
  if (!entry.pod.empty()) out.Set("pod", Value::String(entry.pod));
  if (entry.verdict) {
    out.Set("verdict", world::ToValue(*entry.verdict));
    if (entry.ahead) out.Set("ahead", Value::Bool(true));
  } else {
    out.Set("facts", Value::String(entry.facts));
    out.Set("unjudged", Value::String(entry.unjudged));
  }
  return out;
}

Value SubjectValue(const Subject& subject) {
  Value out = Value::MakeObject();
  out.Set("kind", Value::String(subject.kind));
  out.Set("namespace", Value::String(subject.namespace_));
  out.Set("name", Value::String(subject.name));
  out.Set("state", Value::String(NameOf(subject.state)));
  out.Set("summary", Value::String(subject.summary));
  out.Set("facts", Texts(subject.facts));
  Value& chain = out.Set("chain", Value::MakeArray());
  for (const Entry& entry : subject.chain) chain.Append(EntryValue(entry));
  out.Set("unknown", Texts(subject.unknown));
  out.Set("next", Texts(subject.next));
  return out;
}

Value WhatIfValue(const WhatIf& what_if) {
  Value out = Value::MakeObject();
  out.Set("event", Value::String(what_if.event));
  out.Set("outcome", Value::String(what_if.outcome));
  Value& verdicts = out.Set("verdicts", Value::MakeArray());
  for (const world::Verdict& verdict : what_if.verdicts) verdicts.Append(world::ToValue(verdict));
  out.Set("notes", Texts(what_if.notes));
  return out;
}

}  // namespace

const char* NameOf(NowSource source) {
  switch (source) {
    case NowSource::kFlag:
      return "flag";
    case NowSource::kClock:
      return "clock";
    case NowSource::kObjects:
      return "objects";
  }
  return "";
}

Value ToValue(const Explanation& explanation) {
  Value out = Value::MakeObject();
  out.Set("type", Value::String("explanation"));
  out.Set("now", Value::String(FormatRfc3339(explanation.now)));
  out.Set("nowFrom", Value::String(NameOf(explanation.now_from)));
  Value& subjects = out.Set("subjects", Value::MakeArray());
  for (const Subject& subject : explanation.subjects) subjects.Append(SubjectValue(subject));
  out.Set("notes", Texts(explanation.notes));
  if (explanation.what_if) out.Set("if", WhatIfValue(*explanation.what_if));
  return out;
}

}  // namespace reprieve::report
