// Runs the vectors of creates of CronJobs, Pods, Services and claims, each recorded from a real API server by
// tools/record-vectors: what `validate` says must be what it said.
#include "admission/admission_kinds.h"
#include "admission/patch.h"
#include "base/text.h"
#include "document/json.h"
#include "vectors/vectors.h"

namespace reprieve::admission {

using document::Value;

namespace {

using Create = Answer (*)(const Value& body, const Request& request);

// `minimal` as in tools/record-vectors.
void Run(Create create, std::string_view minimal, const Value& input, const Value& expect) {
  Request request;
  request.uid = "5f3d";
  request.name_suffix = "x7k2p";
  request.field_validation = "Strict";
  const Answer answer = create(vectors::Normal(MergePatch(*document::ParseJson(minimal), input)), request);
  EXPECT_EQ(answer.code, expect["code"].AsInt()) << answer.message;
  Value causes = Value::MakeArray();
  for (const Cause& cause : answer.causes) causes.Append(Value::String(Cat(cause.field, ": ", cause.message)));
  const Value none = Value::MakeArray();
  const auto listed = [&](const Value& list) { return document::WriteJson(list.IsNull() ? none : list); };
  EXPECT_EQ(listed(causes), listed(expect["causes"]));
  if (!answer.ok() && answer.causes.empty()) {
    EXPECT_EQ(answer.message, expect["message"].AsText());
  }
  Value warnings = Value::MakeArray();
  for (const std::string& warning : answer.warnings) warnings.Append(Value::String(warning));
  EXPECT_EQ(listed(warnings), listed(expect["warnings"]));
  const Value& expected = expect["object"]["spec"];
  if (expected.IsNull()) return;
  Value spec = answer.object["spec"];
  // Of a Service; the server gives them out, and its answers are recorded without them.
  for (const std::string_view given : {"clusterIPs", "ipFamilies"}) {
    if (expected[given].IsNull()) spec.Remove(given);
  }
  EXPECT_EQ(document::WriteJson(vectors::Normal(spec)), document::WriteJson(vectors::Normal(expected)));
}

void RunCronJob(const Value& input, const Value& expect) {
  Run(CreateCronJob,
      R"({"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"c"},"spec":{"schedule":"* * * * *",)"
      R"("jobTemplate":{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"i"}],"restartPolicy":"Never"}}}}}})",
      input, expect);
}

void RunPod(const Value& input, const Value& expect) {
  Run(CreatePod,
      R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}})",
      input, expect);
}

void RunService(const Value& input, const Value& expect) {
  Run(CreateService, R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}})",
      input, expect);
}

void RunClaim(const Value& input, const Value& expect) {
  Run(CreateClaim,
      R"({"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"d"},"spec":{"accessModes":["ReadWriteOnce"],)"
      R"("resources":{"requests":{"storage":"1Gi"}}}})",
      input, expect);
}

constexpr vectors::VectorFile kFiles[] = {
    {"cron_jobs", RunCronJob}, {"pods", RunPod}, {"services", RunService}, {"claims", RunClaim}};

}  // namespace
}  // namespace reprieve::admission

int main(int argc, char** argv) {
  return reprieve::vectors::RunAll(argc, argv, reprieve::admission::kFiles);
}
