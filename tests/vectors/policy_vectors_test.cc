// Runs the vectors about policies as pure functions.
#include "base/text.h"
#include "model/bind.h"
#include "policy/backoff.h"
#include "policy/index_set.h"
#include "policy/jobset_failure_policy.h"
#include "policy/per_index.h"
#include "policy/pod_failure_policy.h"
#include "policy/success_policy.h"
#include "vectors/vectors.h"

namespace reprieve::policy {
namespace {

using document::Value;

// Seconds since an arbitrary start.
Time At(std::int64_t seconds) {
  return Time(Seconds(1'767'225'600 + seconds));
}
std::int64_t SecondsOf(Time time) {
  return std::chrono::duration_cast<Seconds>(time - At(0)).count();
}

// name: code, or name: running
void AddContainers(const Value& containers, SharedVector<core::ContainerStatus>& out) {
  for (const Value::Member& member : containers.members()) {
    core::ContainerStatus& status = out.emplace_back();
    status.name = member.key;
    if (member.value.IsNumber()) {
      status.state.terminated.emplace().exit_code = static_cast<std::int32_t>(member.value.AsInt());
    } else if (member.value.IsObject()) {
      core::ContainerStateTerminated& ended = status.state.terminated.emplace();
      ended.exit_code = static_cast<std::int32_t>(member.value["code"].AsInt());
      if (const Value* at = member.value.Find("at")) ended.finished_at = At(at->AsInt());
    } else {
      status.state.running.emplace();
    }
  }
}

core::Pod PodOf(const Value& input) {
  core::Pod pod;
  pod.metadata.namespace_ = "ns";
  pod.metadata.name = "p";
  AddContainers(input["containers"], pod.status.container_statuses);
  AddContainers(input["initContainers"], pod.status.init_container_statuses);
  for (const Value::Member& member : input["conditions"].members()) {
    core::PodCondition& condition = pod.status.conditions.emplace_back();
    condition.type = member.key;
    condition.status = member.value.IsObject() ? member.value["status"].AsText() : member.value.AsText();
    if (const Value* at = member.value.Find("at")) condition.last_transition_time = At(at->AsInt());
  }
  if (const Value* created = input.Find("created")) pod.metadata.creation_timestamp = At(created->AsInt());
  if (const Value* deletion = input.Find("deletionTimestamp"))
    pod.metadata.EditDeletion().timestamp = At(deletion->AsInt());
  if (const Value* grace = input.Find("grace")) pod.metadata.EditDeletion().grace_period_seconds = grace->AsInt();
  for (const Value::Member& member : input["annotations"].members())
    pod.metadata.annotations.Set(member.key, member.value.AsText());
  return pod;
}

void RunRules(const Value& input, const Value& expect) {
  const auto policy = model::Bind<batch::PodFailurePolicy>(input);
  const core::Pod pod = PodOf(input["pod"]);
  const PodVerdict verdict = JudgePod(policy, pod);
  EXPECT_EQ(batch::NameOf(verdict.action), expect["action"].AsText());
  const Value* rule = expect.Find("rule");
  EXPECT_EQ(verdict.match ? verdict.match->rule : -1, rule != nullptr ? rule->AsInt() : -1);
  if (const Value* message = expect.Find("message")) {
    EXPECT_EQ(FailJobMessage(verdict, pod), message->AsText());
  }
}

void RunBackoff(const Value& input, const Value& expect) {
  const BackoffDelays delays;
  if (const Value* failures = input.Find("failures"); failures != nullptr && !input.Find("now")) {
    EXPECT_EQ(BackoffDelay(failures->AsInt(), delays), Nanoseconds(Seconds(expect["delay"].AsInt())));
    return;
  }
  EXPECT_EQ(BackoffRemaining(input["failures"].AsInt(), At(input["last"].AsInt()), At(input["now"].AsInt()), delays),
            Nanoseconds(Seconds(expect["remaining"].AsInt())));
}

void RunRecord(const Value& input, const Value& expect) {
  BackoffRecord record;
  record.failures = static_cast<std::int32_t>(input["failures"].AsInt());
  if (const Value* last = input.Find("last")) record.last_failure = At(last->AsInt());
  const auto times = [&](const char* member) {
    std::vector<Time> out;
    for (const Value& time : input[member].items()) out.push_back(At(time.AsInt()));
    return out;
  };
  const BackoffRecord next = NextBackoff(record, times("succeeded"), times("failed"));
  EXPECT_EQ(next.failures, expect["failures"].AsInt());
  const Value* last = expect.Find("last");
  EXPECT_EQ(next.last_failure ? Cat(SecondsOf(*next.last_failure)) : "none", last != nullptr ? last->AsText() : "none");
}

void RunFinish(const Value& input, const Value& expect) {
  EXPECT_EQ(SecondsOf(FinishTime(PodOf(input))), expect["at"].AsInt());
}

void RunIndexes(const Value& input, const Value& expect) {
  const IndexSet set = IndexSet::ParseLenient(input["text"].AsText(), input["completions"].AsInt());
  EXPECT_EQ(set.ToText(), expect["text"].AsText());
  EXPECT_EQ(set.size(), expect["count"].AsInt());
}

void RunSuccess(const Value& input, const Value& expect) {
  const auto policy = model::Bind<batch::SuccessPolicy>(input);
  const auto completions = static_cast<std::int32_t>(input["completions"].AsInt());
  const auto rule =
      MatchSuccessPolicy(policy, IndexSet::ParseLenient(input["succeeded"].AsText(), completions), completions);
  const Value* wanted = expect.Find("rule");
  EXPECT_EQ(rule ? *rule : -1, wanted != nullptr ? wanted->AsInt() : -1);
}

void RunPerIndex(const Value& input, const Value& expect) {
  const IndexFailures carried = FailuresCarriedBy(PodOf(input));
  PodVerdict verdict;
  if (const Value* action = input.Find("action")) FromName(action->AsText(), verdict.action);
  const IndexFailures next = FailuresAfter(carried, verdict);
  EXPECT_EQ(next.counted, expect["counted"].AsInt());
  EXPECT_EQ(next.ignored, expect["ignored"].AsInt());
  EXPECT_EQ(EndsIndex(carried, verdict, static_cast<std::int32_t>(input["limit"].AsInt())), expect["ends"].AsBool());
}

FailedJob FailedJobOf(const Value& entry) {
  const Value* reason = entry.Find("reason");
  FailedJob job;
  job.name = entry["name"].AsText();
  job.replicated_job = entry["of"].AsText();
  job.reason = reason != nullptr ? std::string_view(reason->AsText()) : "BackoffLimitExceeded";
  job.message = entry["message"].AsText();
  if (const Value* at = entry.Find("at")) job.failed_at = At(at->AsInt());
  return job;
}

// The decisions in order: "0 RestartJob a", or without a rule "default RestartJobSet a".
void RunJobSetRules(const Value& input, const Value& expect) {
  std::vector<FailedJob> failed;
  for (const Value& entry : input["failed"].items()) failed.push_back(FailedJobOf(entry));
  const JobSetFailureJudge judge(model::Bind<jobset::FailurePolicy>(input));
  std::vector<std::string> seen, wanted;
  for (const JobSetFailure& choice : judge.Judge(failed)) {
    const std::string rule = choice.rule ? Cat(*choice.rule) : "default";
    seen.push_back(Cat(rule, " ", jobset::NameOf(choice.action), " ", failed[choice.job].name));
  }
  for (const Value& choice : expect["choices"].items()) wanted.push_back(choice.AsText());
  EXPECT_EQ(Join(seen, ", "), Join(wanted, ", "));
}

// Whether the budget is used up (spec/jobset.md 3.3).
void RunJobSetBudget(const Value& input, const Value& expect) {
  const RestartBudget budget{input["counted"].AsInt(), input["countedJobs"].AsInt(), input["maxRestarts"].AsInt()};
  EXPECT_EQ(budget.exhausted(), expect["exhausted"].AsBool());
}

constexpr vectors::VectorFile kFiles[] = {
    {"failure_rules", RunRules}, {"backoff", RunBackoff},          {"backoff_record", RunRecord},
    {"finish_time", RunFinish},  {"lenient_indexes", RunIndexes},  {"success_policy", RunSuccess},
    {"per_index", RunPerIndex},  {"jobset_rules", RunJobSetRules}, {"jobset_budget", RunJobSetBudget}};

}  // namespace
}  // namespace reprieve::policy

int main(int argc, char** argv) {
  return reprieve::vectors::RunAll(argc, argv, reprieve::policy::kFiles);
}
