#include "kubelet/field_support.h"

#include <gtest/gtest.h>

#include <set>

#include "base/text.h"
#include "document/yaml.h"

namespace reprieve::kubelet {
namespace {

using model::Support;

std::string NameOf(Support support) {
  switch (support) {
    case Support::kNone:
      return "none";
    case Support::kHonoured:
      return "honoured";
    case Support::kNoEffect:
      return "no-effect";
    case Support::kWarned:
      return "warned";
    case Support::kRefused:
      return "refused";
  }
  return {};
}

// "refused t.spec.hostPID, ..."
std::string Found(const std::string& spec) {
  const auto parsed = document::ParseYaml(Cat("spec: ", spec)).value();
  std::vector<std::string> out;
  for (const FieldFinding& finding : UnsupportedFields(parsed.front(), "t")) {
    out.push_back(Cat(NameOf(finding.support), " ", finding.path));
    EXPECT_FALSE(finding.reason.empty()) << finding.path;
  }
  return Join(out, ", ");
}

// Every field that a pod template can have, but those below one that is not honoured.
void Check(const model::Message& message, std::set<std::string>& seen) {
  if (!seen.insert(message.full_name).second) return;
  for (const model::Field& field : message.fields) {
    const std::string name = Cat(message.full_name, " ", field.name);
    EXPECT_NE(field.support.kind, Support::kNone) << name << " has no entry in the column support of fields.tsv";
    const bool explained = field.support.kind == Support::kHonoured || !field.support.reason.empty();
    EXPECT_TRUE(explained) << name << " does not say why, or what to do";
    if (field.support.kind != Support::kHonoured && field.support.only.empty()) continue;
    const model::Type* type = &field.type;
    if (type->element != nullptr) type = type->element;
    if (type->message != nullptr) Check(*type->message, seen);
  }
}

TEST(FieldSupport, EveryFieldOfAPodTemplateHasAnEntry) {
  std::set<std::string> seen;
  Check(model::GetMessage("core/v1.PodTemplateSpec"), seen);
  EXPECT_GT(seen.size(), 40U);
}

TEST(FieldSupport, WhatIsNotHonouredIsFoundWithItsPath) {
  EXPECT_EQ(Found("{hostPID: true, hostUsers: false, containers: [{name: a, tty: true}]}"),
            "refused t.spec.hostUsers, "
            "warned t.spec.containers[0].tty");
  EXPECT_EQ(Found("{securityContext: {fsGroup: 0, sysctls: [{name: a, value: b}]}}"),
            "refused t.spec.securityContext.sysctls");
  EXPECT_EQ(Found("{volumes: [{name: a, csi: {}}, {name: b, projected: {sources: [{secret: {name: s}}, "
                  "{serviceAccountToken: {path: t}}]}}]}"),
            "refused t.spec.volumes[0].csi, refused t.spec.volumes[1].projected.sources[1].serviceAccountToken");
}

TEST(FieldSupport, ValuesThatAskForNothingElseAreNoFindings) {
  EXPECT_EQ(Found("{hostPID: false, hostIPC: null, securityContext: {}, hostAliases: [], dnsConfig: {options: []}, "
                  "hostUsers: true, automountServiceAccountToken: false, "
                  "containers: [{name: a, lifecycle: {}, securityContext: {privileged: false, seLinuxOptions: {}}}]}"),
            "");
}

TEST(FieldSupport, WhatAServerFillsInIsNoFinding) {
  EXPECT_EQ(
      Found("{dnsPolicy: ClusterFirst, schedulerName: default-scheduler, serviceAccountName: default, "
            "serviceAccount: default, priority: 0, restartPolicy: Never, terminationGracePeriodSeconds: 30, "
            "containers: [{name: a, terminationMessagePolicy: File, terminationMessagePath: /dev/termination-log, "
            "ports: [{containerPort: 80, protocol: TCP}], "
            "livenessProbe: {httpGet: {port: 80, scheme: HTTP}}}]}"),
      "");
}

TEST(FieldSupport, AHardenedPodIsNoFindingButForSeccomp) {
  EXPECT_EQ(Found("{securityContext: {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, "
                  "seccompProfile: {type: RuntimeDefault}}, containers: [{name: a, securityContext: "
                  "{readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]}"),
            "warned t.spec.securityContext.seccompProfile.type");
}

TEST(FieldSupport, WhereOnlySomeMembersAreNotHonouredTheOthersAre) {
  EXPECT_EQ(Found("{resources: {requests: {cpu: 1}}}"), "");
  EXPECT_EQ(Found("{resources: {requests: {cpu: 1}, limits: {cpu: 2}, claims: [{name: x}]}}"),
            "refused t.spec.resources.claims");
  EXPECT_EQ(Found("{containers: [{name: a, resources: {limits: {cpu: 1, ephemeral-storage: 1Gi}}}]}"),
            "warned t.spec.containers[0].resources.limits[ephemeral-storage]");
}

TEST(FieldSupport, FalseAndEmptySayNoWhereTheDefaultIsOtherwise) {
  EXPECT_EQ(Found("{hostUsers: false}"), "refused t.spec.hostUsers");
  EXPECT_EQ(Found("{containers: [{name: a, livenessProbe: {grpc: {port: 1}}}]}"), "");
  EXPECT_EQ(Found("{volumes: [{name: a, nfs: {}}]}"), "refused t.spec.volumes[0].nfs");
}

}  // namespace
}  // namespace reprieve::kubelet
