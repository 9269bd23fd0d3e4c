#include "world/verdict.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "document/json.h"

namespace reprieve::world {
namespace {

Verdict OfAPod() {
  Verdict verdict;
  verdict.namespace_ = "default";
  verdict.job = "train-w-0";
  verdict.pod = "train-w-0-1-x2x4z";
  verdict.facts = "exited 42 in container main";
  verdict.container = "main";
  verdict.exit_code = 42;
  verdict.action = "FailJob";
  verdict.rule = RuleReference{0, "FailJob", "t.yaml", 30};
  verdict.consequence = "Job train-w-0 failed: PodFailurePolicy";
  verdict.ends = true;
  return verdict;
}

Verdict OfAJobSet(const Verdict& cause) {
  Verdict verdict;
  verdict.namespace_ = "default";
  verdict.jobset = "train";
  verdict.job = "train-w-0";
  verdict.facts = "failed: PodFailurePolicy";
  verdict.action = "RestartJobSet";
  verdict.restart = Restart{true};
  verdict.consequence = "restart 1 of JobSet train, 1 of 3 used";
  verdict.cause = std::make_shared<const Verdict>(cause);
  return verdict;
}

std::string Kinds(const Verdict& verdict) {
  std::string out;
  for (const Step& step : StepsOf(verdict)) {
    out += step.kind == StepKind::kFacts ? 'f' : step.kind == StepKind::kRule ? 'r' : 'c';
  }
  return out;
}

TEST(Verdict, HasStepsFromTheFactsToWhatFollows) {
  EXPECT_EQ(Kinds(OfAPod()), "frc");
  EXPECT_EQ(Describe(OfAPod()),
            "train-w-0-1-x2x4z exited 42 in container main → rule 1 FailJob (t.yaml:30) → Job train-w-0 failed: "
            "PodFailurePolicy");
}

TEST(Verdict, AJobSetsBeginsWithItsCause) {
  const Verdict verdict = OfAJobSet(OfAPod());
  EXPECT_EQ(Kinds(verdict), "frcrc");
  EXPECT_EQ(StepsOf(verdict)[3].text, "JobSet train: no rule, RestartJobSet");
}

TEST(Verdict, AnArrowInAMessageIsNoStep) {
  Verdict verdict = OfAPod();
  verdict.facts = "exited 128 (StartError): could not start container main: a → b: No such file or directory";
  EXPECT_EQ(Kinds(verdict), "frc");
}

TEST(Verdict, JsonHasTypedMembersBesideTheWords) {
  Verdict verdict = OfAPod();
  verdict.retry = Retry{1, 3, -1};
  verdict.wait = std::chrono::milliseconds(2050);
  const std::string json = document::WriteJson(ToValue(verdict));
  for (const char* member : {R"("time":"1970-01-01T00:00:00.000Z")", R"("container":"main")", R"("exitCode":42)",
                             R"("waitSeconds":2.050)", R"("ends":true)", R"("consequence":"retry 1 of 3 in 2s")"}) {
    EXPECT_NE(json.find(member), std::string::npos) << member << " in " << json;
  }
}

}  // namespace
}  // namespace reprieve::world
