#include <gtest/gtest.h>

#include "admission/validation/pod.h"
#include "base/text.h"
#include "document/json.h"

namespace reprieve::admission {
namespace {

// What 1.36 and 1.37 both say of a pod template with this in its spec, as field: message, one a line.
std::string Faults(std::string_view spec, int minor = 37) {
  const auto pod_template =
      document::ParseJson(Cat(R"({"spec": {"restartPolicy": "Never", "dnsPolicy": "Default", "containers": [
              {"name": "c", "image": "i", "terminationMessagePolicy": "File", "imagePullPolicy": "Always"}], )",
                              spec, "}}"));
  FieldErrors errors;
  const ServerBehaviour& server = BehaviourOf(model::KubernetesVersion{minor});
  ValidatePodTemplate(*pod_template, FieldPath("t"), RulesForCreate(server), errors);
  std::string out;
  for (const FieldError& error : errors.list()) AppendTo(out, error.Text(), "\n");
  return out;
}

TEST(PodTemplate, SysctlsOfANamespaceThatIsTheHostsAreRefused) {
  EXPECT_EQ(Faults(R"("hostNetwork": true, "hostIPC": true, "securityContext": {"sysctls": [
                      {"name": "net/core/somaxconn"}, {"name": "kernel.shmmax"}, {"name": "kernel.shm_next_id"}]})"),
            "t.spec.securityContext.sysctls[0].name: Invalid value: \"net/core/somaxconn\": may not be specified when "
            "'hostNetwork' is true\n"
            "t.spec.securityContext.sysctls[1].name: Invalid value: \"kernel.shmmax\": may not be specified when "
            "'hostIPC' is true\n");
}

TEST(PodTemplate, UsersOfItsOwnExcludeTheHostsNamespaces) {
  EXPECT_EQ(Faults(R"("hostUsers": false, "hostNetwork": true, "hostPID": true, "hostIPC": true)"),
            "t.spec.hostNetwork: Forbidden: when `hostUsers` is false\n"
            "t.spec.HostPID: Forbidden: when `hostUsers` is false\n"
            "t.spec.HostIPC: Forbidden: when `hostUsers` is false\n");
}

TEST(PodTemplate, AWindowsPodHasNoNamespaces) {
  constexpr std::string_view kSpec =
      R"("os": {"name": "windows"}, "hostPID": true, "securityContext": {"seLinuxOptions": {}, "runAsUser": 1})";
  constexpr std::string_view kWhy = ": Forbidden: cannot be set for a windows pod\n";
  EXPECT_EQ(Faults(kSpec), Cat("t.spec.securityContext.seLinuxOptions", kWhy, "t.spec.securityContext.runAsUser", kWhy,
                               "t.spec.hostPID", kWhy));
  EXPECT_EQ(Faults(kSpec, 36), Cat("t.spec.securityContext.seLinuxOptions", kWhy, "t.spec.hostPID", kWhy,
                                   "t.spec.securityContext.runAsUser", kWhy));
}

TEST(PodTemplate, FilesOfVariablesAreInAnEmptyDir) {
  EXPECT_EQ(
      Faults(R"("volumes": [{"name": "v", "hostPath": {"path": "/x"}}], "initContainers": [
      {"name": "in", "image": "i", "terminationMessagePolicy": "File", "imagePullPolicy": "Always", "env": [
        {"name": "a", "valueFrom": {"fileKeyRef": {"volumeName": "v", "path": "p", "key": "k"}}},
        {"name": "b", "valueFrom": {"fileKeyRef": {"volumeName": "w", "path": "p", "key": "k"}}}]}])"),
      "t.spec.initContainers[0].env[0].valueFrom.fileKeyRef.volumeName: Invalid value: \"v\": referenced volume must "
      "be of type emptyDir\n"
      "t.spec.initContainers[0].env[1].valueFrom.fileKeyRef.volumeName: Not found: \"w\"\n");
}

std::string ProjectedFaults(std::string_view sources) {
  return Faults(Cat(R"("volumes": [{"name": "v", "projected": {"sources": [)", sources, "]}}]"));
}

TEST(PodTemplate, TwoFilesOfAProjectedVolumeHaveTwoPaths) {
  EXPECT_EQ(ProjectedFaults(R"({"secret": {"name": "s", "items": [{"key": "a", "path": "p"}]}},
                               {"clusterTrustBundle": {"name": "b", "path": "p"}})"),
            "t.spec.volumes[0].projected: Invalid value: \"p\": conflicting duplicate paths\n");
}

TEST(PodTemplate, ATrustBundleHasOneOfTwoNames) {
  EXPECT_EQ(
      ProjectedFaults(
          R"({"clusterTrustBundle": {"path": "p"}}, {"clusterTrustBundle": {"signerName": "x", "path": "q"}},
                               {"clusterTrustBundle": {"name": ":b", "path": "r"}})"),
      "t.spec.volumes[0].projected.sources[0].clusterTrustBundle: Required value: either name or signerName must "
      "be specified\n"
      "t.spec.volumes[0].projected.sources[1].clusterTrustBundle.signerName: Invalid value: \"x\": must be a fully "
      "qualified domain and path of the form 'example.com/signer-name'\n"
      "t.spec.volumes[0].projected.sources[2].clusterTrustBundle.name: Invalid value: \":b\": not a valid "
      "clustertrustbundlename: ClusterTrustBundle without signer name must not have \":\" in its name\n");
}

TEST(PodTemplate, ACertificateOfAKubernetesSignerLastsADay) {
  constexpr std::string_view kRest = R"("keyType": "ED25519", "keyPath": "k", "maxExpirationSeconds": 86401)";
  EXPECT_EQ(ProjectedFaults(Cat(R"({"podCertificate": {"signerName": "a.io/b", )", kRest, "}}")), "");
  EXPECT_EQ(ProjectedFaults(Cat(R"({"podCertificate": {"signerName": "x.kubernetes.io/b", )", kRest, "}}")),
            "t.spec.volumes[0].projected.sources[0].podCertificate.maxExpirationSeconds: Invalid value: 86401: if "
            "provided, maxExpirationSeconds must be <= 86400\n");
}

}  // namespace
}  // namespace reprieve::admission
