#include "admission/version_check.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "document/json.h"
#include "document/yaml.h"

namespace reprieve::admission {
namespace {

using document::Value;
using model::Treatment;

Value Yaml(const std::string& text) {
  std::vector<Value> documents;
  EXPECT_FALSE(document::ParseYaml(text, documents));
  return documents.at(0);
}

Value Job(const std::string& spec) {
  return Yaml("kind: Job\nspec: " + spec);
}

Value PodJob(const std::string& pod) {
  return Job("{template: {spec: " + pod + "}}");
}

Value JobSet(const std::string& spec) {
  return Yaml("kind: JobSet\nspec: " + spec);
}

Value PodJobSet(const std::string& pod) {
  return JobSet("{replicatedJobs: [{name: a, template: {spec: {template: {spec: " + pod + "}}}}]}");
}

ServerVersions On(int kubernetes, int jobset = model::JobSetVersion::kNewestMinor) {
  return {{kubernetes}, {jobset}, {}};
}

// field: message, one a line; errors have an exclamation mark.
std::string Found(const Value& manifest, const ServerVersions& servers) {
  std::string out;
  for (const VersionFinding& finding : CheckVersions(manifest, servers).findings) {
    AppendTo(out, out.empty() ? "" : "\n", finding.is_error() ? "! " : "", finding.field, ": ", finding.message);
  }
  return out;
}

TEST(VersionCheck, AFieldWhoseGateIsOffIsDroppedAndTheGateNamed) {
  const Value job = Job("{managedBy: example.com/queue, suspend: true}");
  const VersionCheck check = CheckVersions(job, On(31));
  ASSERT_EQ(check.findings.size(), 1U);
  EXPECT_EQ(check.findings[0].field, "spec.managedBy");
  EXPECT_EQ(check.findings[0].treatment, Treatment::kDropped);
  EXPECT_EQ(check.findings[0].message,
            "Kubernetes 1.31 drops this field unless the gate JobManagedBy is on (alpha there, off by default, on from "
            "1.32)");
  EXPECT_EQ(check.object, Job("{suspend: true}"));
}

TEST(VersionCheck, WhatIsServedIsNotSaid) {
  const Value job = Job("{managedBy: example.com/queue}");
  const VersionCheck check = CheckVersions(job, On(32));
  EXPECT_TRUE(check.findings.empty());
  EXPECT_EQ(check.object, job);
}

TEST(VersionCheck, AFieldThatCameLaterIsUnknown) {
  EXPECT_EQ(Found(PodJob("{hostnameOverride: other}"), On(33)),
            "! spec.template.spec.hostnameOverride: Kubernetes 1.33 does not know this field; it came with 1.34 (gate "
            "HostnameOverride, alpha) and is on by default from 1.35");
  EXPECT_EQ(
      Found(PodJob("{containers: [{lifecycle: {stopSignal: SIGUSR1}}]}"), On(32)),
      "! spec.template.spec.containers[0].lifecycle.stopSignal: Kubernetes 1.32 does not know this field; it came "
      "with 1.33 (gate ContainerStopSignals, alpha) and is off by default");
}

TEST(VersionCheck, AFieldThatIsGoneIsUnknown) {
  EXPECT_EQ(Found(PodJob("{workloadRef: {name: w}}"), On(37)),
            "! spec.template.spec.workloadRef: Kubernetes 1.37 does not know this field; 1.35 was the last that did");
}

TEST(VersionCheck, AValueThatIsNotServedIsRefusedAndStays) {
  const Value job = PodJob("{tolerations: [{operator: Exists}, {operator: Lt, value: 3}]}");
  EXPECT_EQ(Found(job, On(37)),
            "! spec.template.spec.tolerations[1].operator: Kubernetes 1.37 refuses this value unless the gate "
            "TaintTolerationComparisonOperators is on (alpha there, off by default)");
  EXPECT_EQ(Found(job, On(34)),
            "! spec.template.spec.tolerations[1].operator: Kubernetes 1.34 refuses this value; it came with 1.35 (gate "
            "TaintTolerationComparisonOperators, alpha) and is off by default");
  EXPECT_EQ(CheckVersions(job, On(34)).object, job);
}

TEST(VersionCheck, RestartPoliciesOfContainersDependOnTheirKind) {
  const Value sidecar = PodJob("{initContainers: [{restartPolicy: Always}]}");
  EXPECT_EQ(Found(sidecar, On(31)), "");
  EXPECT_NE(Found(PodJob("{initContainers: [{restartPolicy: Never}]}"), On(33)), "");
  EXPECT_NE(Found(PodJob("{containers: [{restartPolicy: Always}]}"), On(33)), "");
  EXPECT_EQ(Found(PodJob("{containers: [{restartPolicy: Never}]}"), On(35)), "");
}

TEST(VersionCheck, WhatIsBelowADroppedFieldIsNotSaidAgain) {
  const Value job = PodJob("{containers: [{restartPolicyRules: [{action: RestartAllContainers}]}]}");
  EXPECT_EQ(CheckVersions(job, On(34)).findings.size(), 1U);
  EXPECT_EQ(CheckVersions(job, On(35)).findings.size(), 1U);
  EXPECT_EQ(CheckVersions(job, On(36)).findings.size(), 0U);
}

TEST(VersionCheck, WhatIsUnknownCountsBelowADroppedFieldToo) {
  const Value job = PodJob("{volumes: [{projected: {sources: [{clusterTrustBundle: {path: p, user: 1}}]}}]}");
  EXPECT_EQ(
      Found(job, On(36)),
      "! spec.template.spec.volumes[0].projected.sources[0].clusterTrustBundle.user: Kubernetes 1.36 does not know "
      "this field; it came with 1.37 (gate AtomicWriteVolumeUserFields, alpha) and is off by default\n"
      "spec.template.spec.volumes[0].projected.sources[0].clusterTrustBundle: Kubernetes 1.36 drops this field unless "
      "the gate ClusterTrustBundleProjection is on (beta there, off by default, on from 1.37)");
}

TEST(VersionCheck, AnImageVolumeIsDroppedWithItsMounts) {
  const Value job = PodJob(
      "{volumes: [{name: v, image: {reference: i}}, {name: w, emptyDir: {}}], containers: [{volumeMounts: [{name: w}, "
      "{name: v}]}]}");
  const VersionCheck check = CheckVersions(job, On(34));
  ASSERT_EQ(check.findings.size(), 1U);
  EXPECT_EQ(check.findings[0].field, "spec.template.spec.volumes[0].image");
  EXPECT_NE(check.findings[0].message.find("drops this volume and its mounts unless"), std::string::npos);
  EXPECT_EQ(check.object, PodJob("{volumes: [{name: w, emptyDir: {}}], containers: [{volumeMounts: [{name: w}]}]}"));
}

TEST(VersionCheck, NothingIsSaidOfNothing) {
  EXPECT_EQ(Found(Job("{managedBy: null}"), On(31)), "");
  EXPECT_EQ(Found(PodJob("{resourceClaims: []}"), On(31)), "");
  EXPECT_NE(Found(PodJob("{hostUsers: false}"), On(31)), "");
  EXPECT_EQ(Found(Yaml("kind: ConfigMap\nspec: {managedBy: x}"), On(31)), "");
}

TEST(VersionCheck, StatusIsNotLookedAt) {
  EXPECT_EQ(Found(Yaml("kind: Job\nspec: {}\nstatus: {managedBy: x}"), On(31)), "");
}

TEST(VersionCheck, AJobSetIsHeldAgainstItsOwnVersion) {
  const Value jobset = JobSet("{failurePolicy: {rules: [{action: FailJobSet, onJobFailureMessagePatterns: [x]}]}}");
  EXPECT_EQ(
      Found(jobset, On(31, 9)),
      "! spec.failurePolicy.rules[0].onJobFailureMessagePatterns: JobSet 0.9 does not know this field; it came with "
      "0.10");
  EXPECT_EQ(Found(jobset, On(31, 10)), "");
}

TEST(VersionCheck, FieldsOfAJobSetsJobsMustBeInItsDefinition) {
  EXPECT_EQ(
      Found(PodJobSet("{hostnameOverride: other}"), On(37, 9)),
      "! spec.replicatedJobs[0].template.spec.template.spec.hostnameOverride: JobSet 0.9 does not know this field: "
      "its Job templates have those of Kubernetes 1.33; JobSet 0.10 is the first with it");
}

TEST(VersionCheck, WhatJobSetKnowsAndTheServerDoesNotIsLostWhenTheJobsAreCreated) {
  const Value jobset = PodJobSet("{hostnameOverride: other}");
  const VersionCheck check = CheckVersions(jobset, On(33, 10));
  ASSERT_EQ(check.findings.size(), 1U);
  EXPECT_EQ(check.findings[0].treatment, Treatment::kDropped);
  EXPECT_EQ(check.findings[0].message,
            "Kubernetes 1.33 does not know this field: the JobSet's Jobs lose it; it came with 1.34 (gate "
            "HostnameOverride, alpha) and is on by default from 1.35");
  EXPECT_EQ(check.object, PodJobSet("{}"));
  EXPECT_EQ(
      Found(jobset, On(34, 10)),
      "spec.replicatedJobs[0].template.spec.template.spec.hostnameOverride: Kubernetes 1.34 drops this field in the "
      "JobSet's Jobs unless the gate HostnameOverride is on (alpha there, off by default, on from 1.35)");
}

TEST(VersionCheck, GatesOfJobSetCountFromTheVersionThatHasThem) {
  const Value jobset = JobSet("{failurePolicy: {rules: [{action: RestartJob}]}}");
  ServerVersions servers = On(37, 11);
  servers.gates.restart_job = true;
  EXPECT_EQ(Found(jobset, servers),
            "! spec.failurePolicy.rules[0].action: JobSet 0.11 refuses this value; it came with 0.12 (gate RestartJob, "
            "alpha) and is off by default");
  servers.jobset = {12};
  EXPECT_EQ(Found(jobset, servers), "");
  // CreateJobSet says so.
  EXPECT_EQ(Found(jobset, On(37, 12)), "");
}

TEST(VersionCheck, TheSecondDependencyCameAfterTheFirst) {
  const Value jobset = JobSet("{replicatedJobs: [{dependsOn: [{name: a}, {name: b}]}]}");
  EXPECT_EQ(Found(jobset, On(37, 8)),
            "! spec.replicatedJobs[0].dependsOn[1]: JobSet 0.8 refuses this item; it came with 0.9");
  EXPECT_EQ(Found(jobset, On(37, 9)), "");
}

TEST(VersionCheck, WhatTheSchemaDoesNotHaveIsTakenOutOnceItIsRefused) {
  const VersionCheck check = CheckVersions(JobSet("{activeDeadlineSeconds: 60, suspend: true}"), On(37));
  ASSERT_EQ(check.findings.size(), 1U);
  EXPECT_EQ(check.findings[0].message,
            "JobSet 0.13 refuses this field unless the gate JobSetActiveDeadlineSeconds is on (alpha there, off by "
            "default)");
  EXPECT_EQ(check.object, JobSet("{suspend: true}"));
}

}  // namespace
}  // namespace reprieve::admission
