#include "world/journal.h"

#include <utility>

namespace reprieve::world {
namespace {

using document::Value;

Value Record(std::string_view type, Time now) {
  Value out = Value::MakeObject();
  out.Set("type", Value::String(std::string(type)));
  out.Set("time", Value::String(FormatRfc3339Milli(now)));
  return out;
}

Value RecordOf(Time now, std::string_view type, std::string_view kind, const meta::ObjectMeta& metadata) {
  Value out = Record(type, now);
  out.Set("kind", Value::String(std::string(kind)));
  out.Set("namespace", Value::String(metadata.namespace_.str()));
  out.Set("name", Value::String(metadata.name.str()));
  out.Set("uid", Value::String(metadata.uid.str()));
  return out;
}

template <class Rules>
Value LinesOf(const Rules& rules) {
  Value out = Value::MakeArray();
  for (const auto& rule : rules) out.Append(Value::Int(rule.mark.line));
  return out;
}

template <class Rules>
void TakeLines(const Value& lines, Rules& rules) {
  for (std::size_t i = 0; i < rules.size() && i < lines.size(); ++i) {
    rules[i].mark = {static_cast<std::uint32_t>(lines[i].AsInt()), 1};
  }
}

void SetFile(Value& record, const std::string& file) {
  if (!file.empty()) record.Set("file", Value::String(file));
}

// The template but for what judgements depend on.
core::PodTemplateSpec Bare(const core::PodTemplateSpec& from) {
  core::PodTemplateSpec out;
  auto spec = std::make_shared<core::PodSpec>();
  if (from.spec) spec->restart_policy = from.spec->restart_policy;
  out.spec = std::move(spec);
  return out;
}

std::shared_ptr<const batch::JobSpec> Bare(const batch::JobSpec& from) {
  auto out = std::make_shared<batch::JobSpec>(from);
  out->pod_template = Bare(from.pod_template);
  return out;
}

SharedString Text(const Value& value) {
  return value.AsText();
}

}  // namespace

Value RunRecord(Time now, std::string_view version, bool continues) {
  Value out = Record("run", now);
  out.Set("format", Value::Int(kJournalFormat));
  out.Set("version", Value::String(std::string(version)));
  if (continues) out.Set("continues", Value::Bool(true));
  return out;
}

Value ObjectRecord(Time now, const batch::Job& job) {
  Value out = Record("object", now);
  batch::Job bare;
  bare.metadata = job.metadata;
  bare.spec = Bare(*job.spec);
  bare.status = job.status;
  SetFile(out, job.file);
  if (job.spec->pod_failure_policy) out.Set("ruleLines", LinesOf(job.spec->pod_failure_policy->rules));
  out.Set("object", ToValue(bare));
  return out;
}

Value ObjectRecord(Time now, const jobset::JobSet& jobset) {
  Value out = Record("object", now);
  jobset::JobSet bare;
  bare.metadata = jobset.metadata;
  bare.status = jobset.status;
  auto spec = std::make_shared<jobset::JobSetSpec>(*jobset.spec);
  for (jobset::ReplicatedJob& replicated : spec->replicated_jobs) {
    if (replicated.job_template.spec) replicated.job_template.spec = Bare(*replicated.job_template.spec);
  }
  spec->volume_claim_policies.clear();
  bare.spec = std::move(spec);
  SetFile(out, jobset.file);
  if (jobset.spec->failure_policy) out.Set("ruleLines", LinesOf(jobset.spec->failure_policy->rules));
  out.Set("object", ToValue(bare));
  return out;
}

Value ObjectRecord(Time now, const core::Pod& pod) {
  Value out = Record("object", now);
  Value& object = out.Set("object", Value::MakeObject());
  object.Set("apiVersion", Value::String("v1"));
  object.Set("kind", Value::String("Pod"));
  Value& metadata = object.Set("metadata", ToValue(pod.metadata));
  metadata.Remove("finalizers");
  object.Set("status", model::ToValue(pod.status));
  return out;
}

Value StatusRecord(Time now, const batch::Job& job) {
  Value out = RecordOf(now, "status", "Job", job.metadata);
  out.Set("status", model::ToValue(job.status));
  return out;
}

Value StatusRecord(Time now, const jobset::JobSet& jobset) {
  Value out = RecordOf(now, "status", "JobSet", jobset.metadata);
  out.Set("status", model::ToValue(jobset.status));
  return out;
}

Value DeletedRecord(Time now, std::string_view kind, const meta::ObjectMeta& metadata) {
  return RecordOf(now, "deleted", kind, metadata);
}

Value VerdictRecord(const Verdict& verdict) {
  Value out = Record("verdict", verdict.at);
  out.Set("verdict", ToValue(verdict));
  return out;
}

Value EndRecord(Time now, std::string_view how) {
  Value out = Record("end", now);
  out.Set("how", Value::String(std::string(how)));
  return out;
}

void TakeRuleLines(const Value& record, batch::Job& job) {
  job.file = record["file"].AsText();
  if (!job.spec || !job.spec->pod_failure_policy) return;
  auto spec = std::make_shared<batch::JobSpec>(*job.spec);
  TakeLines(record["ruleLines"], spec->pod_failure_policy->rules);
  job.spec = std::move(spec);
}

void TakeRuleLines(const Value& record, jobset::JobSet& jobset) {
  jobset.file = record["file"].AsText();
  if (!jobset.spec || !jobset.spec->failure_policy) return;
  auto spec = std::make_shared<jobset::JobSetSpec>(*jobset.spec);
  TakeLines(record["ruleLines"], spec->failure_policy->rules);
  jobset.spec = std::move(spec);
}

void FromValue(const Value& value, Verdict& out) {
  out.at = ParseRfc3339(value["time"].AsText()).value_or(Time{});
  out.namespace_ = Text(value["namespace"]);
  out.jobset = Text(value["jobset"]);
  out.job = Text(value["job"]);
  out.pod = Text(value["pod"]);
  out.facts = Text(value["facts"]);
  out.container = Text(value["container"]);
  out.exit_code = static_cast<std::int32_t>(value["exitCode"].AsInt());
  out.message = Text(value["message"]);
  out.action = Text(value["action"]);
  out.failed_before = static_cast<std::int32_t>(value["failedBefore"].AsInt());
  out.failed_after = static_cast<std::int32_t>(value["failedAfter"].AsInt());
  out.ends = value["ends"].AsBool();
  out.consequence = Text(value["consequence"]);
  if (const Value& rule = value["rule"]; rule.IsObject()) {
    out.rule =
        RuleReference{static_cast<std::int32_t>(rule["index"].AsInt()), Text(rule["action"]), Text(rule["file"]),
                      static_cast<std::uint32_t>(rule["line"].AsInt()), Text(rule["name"]),   Text(rule["matched"])};
  }
  if (const Value& retry = value["retry"]; retry.IsObject()) {
    const Value& index = retry["index"];
    out.retry =
        Retry{static_cast<std::int32_t>(retry["number"].AsInt()), static_cast<std::int32_t>(retry["limit"].AsInt()),
              index.IsNumber() ? static_cast<std::int32_t>(index.AsInt()) : -1};
  }
  if (const Value& restart = value["restart"]; restart.IsObject()) {
    out.restart = Restart{restart["counted"].AsBool(), restart["of"].AsText() == "Job"};
  }
  if (const Value& wait = value["waitSeconds"]; wait.IsNumber()) {
    if (const auto read = ParseDuration(wait.AsText() + "s")) out.wait = *read;
  }
  if (const Value& cause = value["cause"]; cause.IsObject()) {
    auto made = std::make_shared<Verdict>();
    FromValue(cause, *made);
    out.cause = std::move(made);
  }
}

}  // namespace reprieve::world
