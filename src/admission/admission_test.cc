#include "admission/admission.h"

#include <gtest/gtest.h>

#include "admission/default.h"
#include "document/json.h"

namespace reprieve::admission {

using document::Value;

namespace {

constexpr std::string_view kJob =
    R"({"metadata":{"name":"j"},"spec":{"template":{"spec":{"containers":[{"name":"c","image":"i"}],"restartPolicy":"Never"}}}})";

Request At() {
  Request request;
  request.uid = "5f3d";
  request.name_suffix = "abcde";
  return request;
}

Answer Created() {
  Answer answer = CreateJob(kJob, At());
  answer.object.At("metadata").Set("resourceVersion", Value::String("7"));
  return answer;
}

TEST(Admission, ACreatedJobHasItsSelectorAndLabels) {
  const Answer answer = Created();
  ASSERT_EQ(answer.code, 201) << answer.message;
  EXPECT_EQ(answer.object["spec"]["selector"]["matchLabels"]["batch.kubernetes.io/controller-uid"].AsText(), "5f3d");
  EXPECT_EQ(answer.object["metadata"]["labels"]["job-name"].AsText(), "j");
}

TEST(Admission, AnUpdateCountsGenerationsOnlyWhereTheSpecificationChanges) {
  const Answer same =
      PatchJob(Created().object, PatchType::kMerge, *document::ParseJson(R"({"metadata":{"labels":{"a":"b"}}})"), At());
  ASSERT_EQ(same.code, 200) << same.message;
  EXPECT_EQ(same.object["metadata"]["generation"].AsInt(), 1);
  const Answer other =
      PatchJob(Created().object, PatchType::kMerge, *document::ParseJson(R"({"spec":{"parallelism":3}})"), At());
  EXPECT_EQ(other.object["metadata"]["generation"].AsInt(), 2);
}

TEST(Admission, AnUpdateOfAnOldVersionIsAConflict) {
  const Answer answer = PatchJob(Created().object, PatchType::kMerge,
                                 *document::ParseJson(R"({"metadata":{"resourceVersion":"6"}})"), At());
  EXPECT_EQ(answer.code, 409);
}

TEST(Admission, AStatusUpdateLeavesTheSpecificationAlone) {
  Value body = Created().object;
  body.At("spec").Set("parallelism", Value::Int(9));
  body.At("status").Set("active", Value::Int(1));
  const Answer answer = UpdateJobStatus(Created().object, body, At());
  ASSERT_EQ(answer.code, 200) << answer.message;
  EXPECT_EQ(answer.object["spec"]["parallelism"].AsInt(), 1);
  EXPECT_EQ(answer.object["status"]["active"].AsInt(), 1);
}

TEST(Admission, AnythingThatParsesGetsAnAnswer) {
  for (const std::string_view body :
       {"1", "true", "{\"spec\":[]}", "{\"spec\":{\"template\":null}}", "{\"metadata\":[1]}",
        "{\"spec\":{\"podFailurePolicy\":{\"rules\":[null]}},\"status\":null}"}) {
    const Answer answer = CreateJob(body, At());
    EXPECT_TRUE(answer.code == 400 || answer.code == 422) << body;
    EXPECT_FALSE(answer.message.empty()) << body;
  }
}

TEST(DefaultPod, FillsInWhatTheServerAddsToAPodOfItsOwn) {
  Value pod = *document::ParseJson(
      R"({"spec":{"containers":[{"name":"c","image":"i:1","resources":{"limits":{"cpu":"1000m"}}}],"restartPolicy":"Never"}})");
  DefaultPod(pod);
  const Value& spec = pod["spec"];
  EXPECT_TRUE(spec["enableServiceLinks"].AsBool());
  EXPECT_EQ(spec["tolerations"].size(), 2U);
  EXPECT_EQ(spec["tolerations"][1]["key"].AsText(), "node.kubernetes.io/unreachable");
  EXPECT_EQ(spec["containers"][0]["imagePullPolicy"].AsText(), "IfNotPresent");
  EXPECT_EQ(spec["containers"][0]["resources"]["requests"]["cpu"].AsText(), "1");
}

TEST(DefaultPod, APodWithANegativeGracePeriodHasASecond) {
  Value pod = *document::ParseJson(R"({"spec":{"terminationGracePeriodSeconds":-5,"containers":[]}})");
  DefaultPod(pod);
  EXPECT_EQ(pod["spec"]["terminationGracePeriodSeconds"].AsInt(), 1);
}

TEST(Admission, WhatInitContainersOnceWereIsTakenFromTheTemplatesAnnotations) {
  const Answer answer = CreateJob(
      R"({"metadata":{"name":"j"},"spec":{"template":{"metadata":{"annotations":{"pod.beta.kubernetes.io/init-containers":"x","a":"b"}},
          "spec":{"containers":[{"name":"c","image":"i"}],"restartPolicy":"Never"}}}})",
      At());
  ASSERT_EQ(answer.code, 201) << answer.message;
  EXPECT_EQ(document::WriteJson(answer.object["spec"]["template"]["metadata"]["annotations"]), R"({"a":"b"})");
}

}  // namespace
}  // namespace reprieve::admission
