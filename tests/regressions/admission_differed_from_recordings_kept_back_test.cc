// Kinds of admission that recordings of kube-apiserver 1.36.3 and 1.37.2 showed and ours got wrong.
#include <gtest/gtest.h>

#include <string>

#include "admission/admission.h"
#include "admission/admission_jobset.h"
#include "document/json.h"

namespace reprieve {
namespace {

using admission::Answer;

const admission::Request kRequest = {"default", "", "UID", "", Time()};

// A Job of one container, with `pod` and `container` among the members of its pod and container.
Answer CreateJob(const std::string& pod, const std::string& container, const std::string& spec = "") {
  return admission::CreateJob(R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j"},"spec":{)" + spec +
                                  R"("template":{"spec":{"restartPolicy":"Never",)" + pod + R"("containers":[{)" +
                                  container + R"("name":"c","image":"i"}]}}}})",
                              kRequest);
}

TEST(AdmissionOfAJob, LeavesTheHostPortsToItsPods) {
  const Answer answer = CreateJob(R"("hostNetwork":true,)", R"("ports":[{"containerPort":80}],)");
  ASSERT_TRUE(answer.ok()) << answer.message;
  EXPECT_EQ(document::WriteJson(answer.object["spec"]["template"]["spec"]["containers"][0]["ports"][0]),
            R"({"containerPort":80,"protocol":"TCP"})");
}

TEST(AdmissionOfAJob, NamesRecursiveReadOnlyWithoutTheMountsIndex) {
  const Answer answer = CreateJob(R"("volumes":[{"name":"v","emptyDir":{}}],)",
                                  R"("volumeMounts":[{"name":"v","mountPath":"/v","recursiveReadOnly":"Enabled"}],)");
  ASSERT_EQ(answer.causes.size(), 1U);
  EXPECT_EQ(answer.causes[0].field, "spec.template.spec.containers[0].volumeMounts.recursiveReadOnly");
}

TEST(AdmissionOfAJob, NamesLtAndGtOnlyToWhoeverKnowsThem) {
  Answer answer = CreateJob(R"("tolerations":[{"key":"a","operator":"Bogus"}],)", "");
  ASSERT_EQ(answer.causes.size(), 1U);
  EXPECT_EQ(answer.causes[0].message, R"(Unsupported value: "Bogus": supported values: "Equal", "Exists")");
  answer = CreateJob(R"("tolerations":[{"key":"a","operator":"Gt","value":"1"}],)", "");
  ASSERT_EQ(answer.causes.size(), 1U);
  EXPECT_EQ(answer.causes[0].message, R"(Unsupported value: "Gt": supported values: "Equal", "Exists", "Lt", "Gt")");
}

TEST(AdmissionOfAJob, KeepsQuantitiesAsTheyAreSpelt) {
  for (const std::string quantity : {"1E3", "+1", "0001", "1.", "1.500", "9223372036854775808"}) {
    const Answer answer = CreateJob("", R"("resources":{"requests":{"cpu":")" + quantity + R"("}},)");
    ASSERT_TRUE(answer.ok()) << answer.message;
    EXPECT_EQ(answer.object["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"].AsText(),
              quantity);
  }
  EXPECT_EQ(CreateJob("", R"("resources":{"requests":{"cpu":"1Ki5"}},)").message,
            "Job in version \"v1\" cannot be handled as a Job: unable to parse quantity's suffix");
}

TEST(AdmissionOfAJob, ReadsANullAmongResourcesAsZero) {
  const Answer answer = CreateJob("", R"("resources":{"requests":{"cpu":null}},)");
  ASSERT_TRUE(answer.ok()) << answer.message;
  EXPECT_EQ(answer.object["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"].AsText(), "0");
}

TEST(AdmissionOfAJob, WantsALimitPerIndexForTheMostFailedOnes) {
  const Answer answer = CreateJob("", "", R"("maxFailedIndexes":1,)");
  ASSERT_EQ(answer.causes.size(), 2U);
  EXPECT_EQ(answer.causes[0].field, "spec.backoffLimitPerIndex");
  EXPECT_EQ(answer.causes[0].reason, "FieldValueRequired");
  EXPECT_EQ(answer.causes[1].message, "Invalid value: 1: requires indexed completion mode");
}

TEST(AdmissionOfAJob, TakesNoNumberWithAPointOrAnExponentForAnInteger) {
  for (const std::string number : {"3.0", "1e1"}) {
    EXPECT_EQ(CreateJob("", "", R"("parallelism":)" + number + ",").message,
              "Job in version \"v1\" cannot be handled as a Job: json: cannot unmarshal number " + number +
                  " into Go struct field JobSpec.spec.parallelism of type int32");
  }
}

TEST(UpdateOfAJob, CanNotSetItsDeletionTimestamp) {
  Answer created = CreateJob("", "");
  created.object.At("metadata").Set("resourceVersion", document::Value::String("1"));
  const Answer answer = admission::PatchJob(
      created.object, admission::PatchType::kMerge,
      *document::ParseJson(R"({"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"}})"), kRequest);
  EXPECT_EQ(answer.message,
            "Job.batch \"j\" is invalid: metadata.deletionTimestamp: Invalid value: \"2026-01-01T00:00:00Z\": field is "
            "immutable");
}

TEST(StatusOfAJob, TellsOfAnOverlapWhereOneListCanNotBeRead) {
  Answer created = CreateJob("", "", R"("completionMode":"Indexed","completions":3,"backoffLimitPerIndex":1,)");
  ASSERT_TRUE(created.ok()) << created.message;
  created.object.At("metadata").Set("resourceVersion", document::Value::String("1"));
  document::Value body = created.object;
  body.Set("status", *document::ParseJson(R"({"completedIndexes":"x,1","failedIndexes":"1"})"));
  const Answer answer = admission::UpdateJobStatus(created.object, body, kRequest);
  ASSERT_EQ(answer.causes.size(), 2U) << answer.message;
  EXPECT_EQ(answer.causes[0].field, "status.completedIndexes");
  EXPECT_EQ(answer.causes[1].message, "Invalid value: \"1\": failedIndexes and completedIndexes overlap at index: 1");
}

Answer CreateJobSet(const std::string& spec, std::string_view validation = "") {
  return admission::CreateJobSet(
      R"({"apiVersion":"jobset.x-k8s.io/v1alpha2","kind":"JobSet","metadata":{"name":"s"},"spec":)" + spec + "}",
      {{"default", validation, "UID", "", Time()}, {}, {}});
}

TEST(AdmissionOfAJobSet, NamesTheFirstWrongTypeInTheOrderOfTheNames) {
  EXPECT_EQ(CreateJobSet(R"({"suspend":"x","network":[],"replicatedJobs":"y"})").message,
            "admission webhook \"mjobset.kb.io\" denied the request: json: cannot unmarshal array into Go struct field "
            "JobSetSpec.spec.network of type v1alpha2.Network");
}

TEST(AdmissionOfAJobSet, FindsEachMemberOfAMapUnknownWhereAListBelongs) {
  EXPECT_EQ(CreateJobSet(R"({"replicatedJobs":{"name":"a","template":{}}})", "Strict").message,
            "JobSet in version \"v1alpha2\" cannot be handled as a JobSet: strict decoding error: unknown field "
            "\"spec.replicatedJobs.name\", unknown field \"spec.replicatedJobs.template\"");
  EXPECT_EQ(CreateJobSet(R"({"network":[{"subdomain":"a"}]})", "Strict").message,
            "JobSet in version \"v1alpha2\" cannot be handled as a JobSet: strict decoding error: unknown field "
            "\"spec.network[0].subdomain\"");
}

}  // namespace
}  // namespace reprieve
