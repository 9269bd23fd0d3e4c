#include "admission/server_behaviour.h"

#include <gtest/gtest.h>

#include "admission/admission.h"
#include "admission/admission_jobset.h"
#include "admission/patch.h"
#include "base/text.h"
#include "document/json.h"

namespace reprieve::admission {
namespace {

using document::Value;
using model::KubernetesVersion;

constexpr KubernetesVersion k1_36{36};
constexpr KubernetesVersion k1_37{37};

Request On(KubernetesVersion version) {
  Request request;
  request.uid = "UID";
  request.version = version;
  return request;
}

Value Json(std::string_view text) {
  return *document::ParseJson(text);
}

// A Job that is valid, and `change` merged into it.
Value Job(std::string_view change = "{}") {
  const Value job = Json(
      R"({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"},
          "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i"}], "restartPolicy": "Never"}}}})");
  return MergePatch(job, Json(change));
}

Value JobWithPod(std::string_view pod_spec) {
  return Job(Cat(R"({"spec": {"template": {"spec": )", pod_spec, "}}}"));
}

// As a server that takes everything would have stored it.
Value Stored(const Value& job, KubernetesVersion version) {
  Answer answer = CreateJob(job, On(version));
  EXPECT_EQ(answer.code, 201) << answer.message;
  answer.object.At("metadata").Set("resourceVersion", Value::String("7"));
  return answer.object;
}

Answer Patched(const Value& job, std::string_view patch, KubernetesVersion version) {
  return PatchJob(Stored(job, version), PatchType::kMerge, Json(patch), On(version));
}

// field: message, one a line.
std::string Causes(const Answer& answer) {
  std::string out;
  for (const Cause& cause : answer.causes) AppendTo(out, cause.field, ": ", cause.message, "\n");
  return out;
}

TEST(ServerBehaviour, OlderVersionsBehaveAs136) {
  EXPECT_EQ(&BehaviourOf(KubernetesVersion{31}), &BehaviourOf(k1_36));
  EXPECT_NE(&BehaviourOf(k1_37), &BehaviourOf(k1_36));
}

TEST(ServerBehaviour, AnUpdateTells137ACauseOnceAnd136AsOftenAsItIsFound) {
  constexpr std::string_view kPatch = R"({"metadata": {"labels": {"a": "b c"}}, "spec": {"parallelism": -1}})";
  EXPECT_EQ(Patched(Job(), kPatch, k1_37).causes.size(), 2U);
  const Answer before = Patched(Job(), kPatch, k1_36);
  EXPECT_EQ(before.causes.size(), 6U);
  EXPECT_EQ(before.message, Patched(Job(), kPatch, k1_37).message);
}

TEST(ServerBehaviour, ACreateTells137ACauseOnce) {
  // Two generated labels have the name as their value.
  const Value job = Job(R"({"metadata": {"name": "j%"}})");
  EXPECT_EQ(CreateJob(job, On(k1_37)).causes.size(), 2U);
  EXPECT_EQ(CreateJob(job, On(k1_36)).causes.size(), 3U);
}

TEST(ServerBehaviour, AStatusUpdateTells137ACauseOnce) {
  for (const auto& [version, count] : {std::pair(k1_36, 4U), std::pair(k1_37, 2U)}) {
    const Value stored = Stored(Job(), version);
    const Value body =
        MergePatch(stored, Json(R"({"metadata": {"annotations": {"A B": "x"}}, "status": {"active": -1}})"));
    EXPECT_EQ(UpdateJobStatus(stored, body, On(version)).causes.size(), count) << version.ToString();
  }
}

TEST(ServerBehaviour, WhatItsOwnPartFindsInAJobSetsMetadata137TellsOnce) {
  const Value jobset = Json(
      R"({"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "metadata": {"name": "js"}, "spec": {"replicatedJobs": [
          {"name": "w", "template": {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}}}}]}})");
  // Two labels with the same fault. The part that all kinds share looks twice.
  const Value patch = Json(R"({"metadata": {"labels": {"a": "b c", "d": "b c"}}})");
  for (const auto& [version, count] : {std::pair(k1_36, 6U), std::pair(k1_37, 5U)}) {
    const JobSetRequest request{On(version), {}, {}};
    Answer created = CreateJobSet(jobset, request);
    ASSERT_EQ(created.code, 201) << created.message;
    created.object.At("metadata").Set("resourceVersion", Value::String("7"));
    const Answer answer = PatchJobSet(created.object, PatchType::kMerge, patch, request);
    EXPECT_EQ(answer.causes.size(), count) << version.ToString() << "\n" << Causes(answer);
  }
}

TEST(ServerBehaviour, A137UpdateMayTakeGeneratedLabelsAway) {
  const Value suspended = Job(R"({"spec": {"suspend": true}})");
  constexpr std::string_view kPatch = R"({"spec": {"template": {"metadata": {"labels": {"job-name": null}}}}})";
  EXPECT_EQ(Patched(suspended, kPatch, k1_37).code, 200);
  EXPECT_EQ(Causes(Patched(suspended, kPatch, k1_36)),
            "spec.template.metadata.labels[job-name]: Required value: must be 'j'\n");
}

TEST(ServerBehaviour, A137UpdateMayTakeManualSelectorAway) {
  const Value job = Job(
      R"({"spec": {"manualSelector": true, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}}}})");
  constexpr std::string_view kPatch = R"({"spec": {"manualSelector": false}})";
  EXPECT_EQ(Patched(job, kPatch, k1_37).code, 200);
  EXPECT_EQ(Patched(job, kPatch, k1_36).causes.size(), 3U);
}

TEST(ServerBehaviour, AnIndexedJobsNameIsLookedAtLastInA137Update) {
  const std::string name(62, 'j');
  const Value job =
      Job(Cat(R"({"metadata": {"name": ")", name,
              R"("}, "spec": {"completionMode": "Indexed", "completions": 1, "parallelism": 1, "suspend": true}})"));
  EXPECT_EQ(CreateJob(job, On(k1_37)).code, 422);
  const Value shorter = MergePatch(job, Json(Cat(R"({"metadata": {"name": ")", name.substr(1), "\"}}")));
  constexpr std::string_view kPatch = R"({"spec": {"completions": 11, "parallelism": 11, "managedBy": "a.io/b"}})";
  const Answer answer = Patched(shorter, kPatch, k1_37);
  ASSERT_EQ(answer.causes.size(), 2U) << answer.message;
  EXPECT_EQ(answer.causes[0].field, "spec.managedBy");
  EXPECT_EQ(answer.causes[1].field, "metadata.name");
  EXPECT_EQ(Patched(shorter, kPatch, k1_36).causes[0].field, "metadata.name");
}

TEST(ServerBehaviour, OwnersHaveNumbersIn137) {
  const Value job = Job(
      R"({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "A", "name": "a", "uid": "1"}, {},
                                           {"apiVersion": "a/b/c", "kind": "A", "name": "a", "uid": "2"},
                                           {"apiVersion": "a/", "kind": "A", "name": "a", "uid": "3"}]}})");
  EXPECT_EQ(Causes(CreateJob(job, On(k1_37))),
            "metadata.ownerReferences[1].apiVersion: Required value: must not be empty\n"
            "metadata.ownerReferences[1].kind: Required value: must not be empty\n"
            "metadata.ownerReferences[1].name: Required value: must not be empty\n"
            "metadata.ownerReferences[1].uid: Required value: must not be empty\n"
            "metadata.ownerReferences[2].apiVersion: Invalid value: \"a/b/c\": must be <group>/<version> or <version>\n"
            "metadata.ownerReferences[3].apiVersion: Invalid value: \"a/\": must be <group>/<version> or <version>\n");
  EXPECT_EQ(Causes(CreateJob(job, On(k1_36))),
            "metadata.ownerReferences.apiVersion: Invalid value: \"\": version must not be empty\n"
            "metadata.ownerReferences.kind: Invalid value: \"\": must not be empty\n"
            "metadata.ownerReferences.name: Invalid value: \"\": must not be empty\n"
            "metadata.ownerReferences.uid: Invalid value: \"\": must not be empty\n"
            "metadata.ownerReferences.apiVersion: Invalid value: \"a/b/c\": version must not be empty\n"
            "metadata.ownerReferences.apiVersion: Invalid value: \"a/\": version must not be empty\n");
}

TEST(ServerBehaviour, AnEventAsOwnerHasItsNumberAndTwoControllersHaveNone) {
  const Value job = Job(
      R"({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "Event", "name": "a", "uid": "1", "controller": true},
                                           {"apiVersion": "v1", "kind": "Pod", "name": "b", "uid": "2", "controller": true}]}})");
  for (const auto& [version, event] :
       {std::pair(k1_36, "metadata.ownerReferences"), std::pair(k1_37, "metadata.ownerReferences[0]")}) {
    const Answer answer = CreateJob(job, On(version));
    ASSERT_EQ(answer.causes.size(), 2U) << answer.message;
    EXPECT_EQ(answer.causes[0].field, event);
    EXPECT_EQ(answer.causes[1].field, "metadata.ownerReferences");
  }
}

TEST(ServerBehaviour, SharedProcessesAreAFaultOfThePodsSpecIn137) {
  const Value job =
      JobWithPod(R"({"shareProcessNamespace": true, "hostPID": true, "securityContext": {"sysctls": [{"name": ""}]}})");
  const auto fields = [&](KubernetesVersion version) {
    std::vector<std::string> out;
    for (const Cause& cause : CreateJob(job, On(version)).causes) out.push_back(cause.field);
    return out;
  };
  const std::string sysctl = "spec.template.spec.securityContext.sysctls[0].name";
  EXPECT_EQ(fields(k1_37), (std::vector<std::string>{sysctl, "spec.template.spec.shareProcessNamespace"}));
  EXPECT_EQ(fields(k1_36),
            (std::vector<std::string>{"spec.template.spec.securityContext.shareProcessNamespace", sysctl}));
}

constexpr std::string_view kImageVolume = R"({"volumes": [{"name": "v", "image": {"pullPolicy": "Always"}}]})";

TEST(ServerBehaviour, AnImageVolumeNeedsItsReferenceIn137) {
  EXPECT_EQ(Causes(CreateJob(JobWithPod(kImageVolume), On(k1_37))),
            "spec.template.spec.volumes[0].image.reference: Required value\n");
  EXPECT_EQ(CreateJob(JobWithPod(kImageVolume), On(k1_36)).code, 201);
}

TEST(ServerBehaviour, AnImageVolumeThatIsStoredWithoutReferenceStays) {
  const Value stored = Stored(JobWithPod(kImageVolume), k1_36);
  EXPECT_EQ(PatchJob(stored, PatchType::kMerge, Json(R"({"spec": {"suspend": true}})"), On(k1_37)).code, 200);
}

TEST(ServerBehaviour, AStoredContainerMayKeepItsSysAdminIn137) {
  const Value job = JobWithPod(
      R"({"containers": [{"name": "c", "image": "i", "securityContext": {"capabilities": {"add": ["CAP_SYS_ADMIN"]}}}]})");
  constexpr std::string_view kPatch =
      R"({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i", "securityContext":
          {"allowPrivilegeEscalation": false, "capabilities": {"add": ["CAP_SYS_ADMIN"]}}}]}}}})";
  const Answer answer = Patched(job, kPatch, k1_37);
  ASSERT_EQ(answer.causes.size(), 1U) << answer.message;
  EXPECT_EQ(answer.causes[0].field, "spec.template");
  EXPECT_EQ(Patched(job, kPatch, k1_36).causes.size(), 3U);
}

}  // namespace
}  // namespace reprieve::admission
