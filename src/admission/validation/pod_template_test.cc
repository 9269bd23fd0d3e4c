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

TEST(PodTemplate, APodThatIsNeverRestartedIsNotRestartedToBeResized) {
  EXPECT_EQ(
      Faults(
          R"("initContainers": [{"name": "in", "image": "i", "terminationMessagePolicy": "File", "imagePullPolicy": "Always",
                       "resizePolicy": [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]}])"),
      "t.spec.initContainers[0].resizePolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' when pod "
      "`restartPolicy` is 'Never'\n"
      "t.spec.initContainers[0].resizePolicy[0].restartPolicy: Invalid value: \"RestartContainer\": must not be set "
      "to 'RestartContainer' for non-sidecar initContainers\n");
}

TEST(PodTemplate, AnAddressHasOneSpelling) {
  EXPECT_EQ(Faults(R"("dnsConfig": {"nameservers": ["10.9.8.7", "010.9.8.7", "::ffff:10.9.8.7"]})"),
            "t.spec.dnsConfig.nameservers[1]: Invalid value: \"010.9.8.7\": must not have leading 0s\n"
            "t.spec.dnsConfig.nameservers[2]: Invalid value: \"::ffff:10.9.8.7\": must not be an IPv4-mapped IPv6 "
            "address\n");
}

TEST(PodTemplate, ThePodsOwnResourcesAreFewAndBoundItsContainers) {
  EXPECT_EQ(
      Faults(R"("resources": {"requests": {"ephemeral-storage": "1"}, "limits": {"cpu": "1"}}, "containers": [
      {"name": "c", "image": "i", "terminationMessagePolicy": "File", "imagePullPolicy": "Always", "resources": {"limits": {"cpu": "2"}}}])"),
      "t.spec.resources.requests[ephemeral-storage]: Unsupported value: \"ephemeral-storage\": supported values: "
      "\"cpu\", \"hugepages-\", \"memory\"\n"
      "t.spec.resources.containers[0][cpu].limits: Invalid value: \"2\": must be less than or equal to pod limits of "
      "1\n");
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
