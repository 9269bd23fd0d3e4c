#include "admission/served_fields.h"

#include <gtest/gtest.h>

#include "admission/admission.h"
#include "admission/admission_jobset.h"
#include "base/text.h"
#include "document/json.h"

namespace reprieve::admission {
namespace {

using document::Value;
using model::KubernetesVersion;

constexpr KubernetesVersion k1_36{36};
constexpr KubernetesVersion k1_37{37};

// A Job with this, as JSON, in its spec and in the spec of its pod template.
std::string Job(std::string_view spec,
                std::string_view pod_spec = "\"containers\": [{\"name\": \"c\", \"image\": \"i\"}]") {
  return Cat(R"({"metadata": {"name": "j"}, "spec": {)", spec, spec.empty() ? "" : ", ", R"("template": {"spec": {)",
             pod_spec, R"(, "restartPolicy": "Never"}}}})");
}

Answer Create(const std::string& job, KubernetesVersion version, std::string_view validation = "") {
  Request request;
  request.uid = "UID";
  request.version = version;
  request.field_validation = validation;
  return CreateJob(job, request);
}

constexpr std::string_view kGang = R"("scheduling": {"schedulingPolicy": {"gang": {"minCount": 2}}})";

TEST(ServedFields, SchedulingIsDroppedWithoutAWordIn137) {
  const Answer answer = Create(Job(kGang), k1_37, "Strict");
  ASSERT_EQ(answer.code, 201) << answer.message;
  EXPECT_EQ(answer.object["spec"].Find("scheduling"), nullptr);
  EXPECT_TRUE(answer.warnings.empty());
}

TEST(ServedFields, SchedulingIsUnknownTo136) {
  const Answer warned = Create(Job(kGang), k1_36);
  EXPECT_EQ(warned.code, 201);
  EXPECT_EQ(warned.warnings, std::vector<std::string>{"unknown field \"spec.scheduling\""});
  EXPECT_EQ(warned.object["spec"].Find("scheduling"), nullptr);
  EXPECT_EQ(Create(Job(kGang), k1_36, "Strict").code, 400);
}

TEST(ServedFields, WhatIsBelowADroppedFieldIsStillChecked) {
  const std::string misspelt = Job(R"("scheduling": {"schedulingPolicy": {"gang": {"minCnt": 2}, "basic": {"x": 1}}})");
  EXPECT_EQ(Create(misspelt, k1_37).warnings,
            (std::vector<std::string>{"unknown field \"spec.scheduling.schedulingPolicy.gang.minCnt\"",
                                      "unknown field \"spec.scheduling.schedulingPolicy.basic.x\""}));
  const Answer mistyped = Create(Job(R"("scheduling": {"resourceClaims": {}})"), k1_37);
  EXPECT_EQ(mistyped.message,
            "Job in version \"v1\" cannot be handled as a Job: json: cannot unmarshal object into Go struct field "
            "JobSchedulingConfiguration.spec.scheduling.resourceClaims of type "
            "[]v1alpha3.WorkloadPodGroupResourceClaim");
  // What is unknown is not looked into.
  EXPECT_EQ(Create(Job(R"("scheduling": {"resourceClaims": {}})"), k1_36).code, 201);
}

TEST(ServedFields, ADroppedFieldIsNoChangeOfTheSpecification) {
  Answer created = Create(Job(""), k1_37);
  created.object.At("metadata").Set("resourceVersion", Value::String("7"));
  for (const PatchType type : {PatchType::kMerge, PatchType::kStrategic}) {
    const Answer answer =
        PatchJob(created.object, type, *document::ParseJson(Cat("{\"spec\": {", kGang, "}}")), Request{});
    ASSERT_EQ(answer.code, 200) << answer.message;
    EXPECT_EQ(answer.object["metadata"]["generation"].AsInt(), 1);
  }
}

TEST(ServedFields, NewFieldsOfPodTemplatesAreDroppedIn137AndUnknownTo136) {
  const std::string job = Job("", R"("evictionResponders": [{"name": "a.io/b", "priority": 1}],
      "volumes": [{"name": "e", "emptyDir": {"mode": 511}}, {"name": "s", "secret": {"secretName": "x", "defaultUser": 1}}],
      "containers": [{"name": "c", "image": "i", "volumeMounts": [{"name": "e", "mountPath": "/e", "bindMountOptions": ["noexec"]}],
                      "livenessProbe": {"httpGet": {"port": 1, "protocol": "HTTP2"}}}])");
  const Answer answer = Create(job, k1_37, "Strict");
  ASSERT_EQ(answer.code, 201) << answer.message;
  const Value& spec = answer.object["spec"]["template"]["spec"];
  EXPECT_EQ(spec.Find("evictionResponders"), nullptr);
  EXPECT_EQ(spec["volumes"][0]["emptyDir"].size(), 0U);
  EXPECT_EQ(spec["volumes"][1]["secret"].Find("defaultUser"), nullptr);
  EXPECT_EQ(spec["containers"][0]["volumeMounts"][0].Find("bindMountOptions"), nullptr);
  EXPECT_EQ(spec["containers"][0]["livenessProbe"]["httpGet"].Find("protocol"), nullptr);
  EXPECT_EQ(Create(job, k1_36).warnings.size(), 5U);
}

TEST(ServedFields, TrustBundlesAreDroppedUntilTheirGateIsOnIn137) {
  const std::string job = Job("", R"("volumes": [{"name": "v", "projected": {"sources": [
      {"clusterTrustBundle": {"name": "b", "path": "p"}}]}}], "containers": [{"name": "c", "image": "i"}])");
  const auto sources = [&](KubernetesVersion version) {
    const Answer answer = Create(job, version, "Strict");
    EXPECT_EQ(answer.code, 201) << answer.message;
    return document::WriteJson(answer.object["spec"]["template"]["spec"]["volumes"][0]["projected"]["sources"]);
  };
  EXPECT_EQ(sources(k1_37), R"([{"clusterTrustBundle":{"name":"b","path":"p"}}])");
  EXPECT_EQ(sources(k1_36), "[{}]");
}

TEST(ServedFields, JobSetsHaveTheTypesOfTheirVersionOnAnyServer) {
  const std::string jobset = Cat(
      R"({"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": {"name": "js"}, "spec": {"replicatedJobs": [
          {"name": "w", "template": {"spec": {)",
      kGang, R"(, "template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}}}}]}})");
  const std::vector<std::string> unknown = {"unknown field \"spec.replicatedJobs[0].template.spec.scheduling\""};
  for (const KubernetesVersion server : {k1_36, k1_37}) {
    JobSetRequest request;
    request.request.version = server;
    for (const auto& [minor, warnings] : {std::pair(12, unknown), std::pair(13, std::vector<std::string>())}) {
      request.version = model::JobSetVersion{minor};
      const Answer answer = CreateJobSet(jobset, request);
      EXPECT_EQ(answer.code, 201) << answer.message;
      EXPECT_EQ(answer.warnings, warnings) << minor;
    }
  }
}

}  // namespace
}  // namespace reprieve::admission
