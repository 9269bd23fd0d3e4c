#include "kubelet/environment.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "model/testing.h"

namespace reprieve::kubelet {
namespace {

using testing::AContainer;
using testing::ASpec;

class EnvironmentTest : public ::testing::Test {
 protected:
  EnvironmentTest() {
    metadata_.name = "pod";
    metadata_.namespace_ = "ns";
    metadata_.uid = "u-1";
    metadata_.labels.Set("app", "demo");
    metadata_.annotations.Set("batch.kubernetes.io/job-completion-index", "7");
    core::ConfigMap config;
    config.metadata.name = "config";
    config.metadata.namespace_ = "ns";
    config.data = {{"A", "1"}, {"B", "two"}, {"bad=key", "x"}};
    settings_.Add(config);
    TypedSecret secret;
    secret.metadata.name = "secret";
    secret.metadata.namespace_ = "ns";
    secret.data = {{"token", "s3cret"}};
    settings_.Add(secret);
    node_.name = "n1";
    node_.allocatable = {{"cpu", 4000}, {"memory", 1 << 20}};
    spec_ = ASpec(core::RestartPolicy::kNever, {AContainer("main")});
  }

  static core::EnvVar Plain(std::string name, std::string value) {
    core::EnvVar out;
    out.name = std::move(name);
    out.value = std::move(value);
    return out;
  }
  static core::EnvVar Field(std::string path) {
    core::EnvVar out = Plain("X", "");
    out.value_from.emplace().field_ref.emplace().field_path = std::move(path);
    return out;
  }
  static core::EnvVar Resource(std::string resource, std::string divisor = "") {
    core::EnvVar out = Plain("X", "");
    auto& selector = out.value_from.emplace().resource_field_ref.emplace();
    selector.resource = std::move(resource);
    selector.divisor = std::move(divisor);
    return out;
  }
  static core::EnvVar Key(bool secret, std::string name, std::string key, bool optional = false) {
    core::EnvVar out = Plain("X", "");
    auto& from = out.value_from.emplace();
    auto& selector = secret ? from.secret_key_ref.emplace() : from.config_map_key_ref.emplace();
    selector.name = std::move(name);
    selector.key = std::move(key);
    selector.optional = optional;
    return out;
  }

  // "NAME=VALUE NAME=VALUE", or "error: ...".
  std::string Environ() {
    const PodFacts facts{&metadata_, &spec_, &node_, "10.0.0.1", "10.0.0.2"};
    const auto made = ContainerEnvironment(main(), facts, settings_);
    if (!made) return Cat("error: ", made.error().message);
    std::vector<std::string> out;
    for (const auto& [name, value] : *made) out.push_back(Cat(name, "=", value));
    return Join(out, " ");
  }
  std::string Of(core::EnvVar variable) {
    main().env = {std::move(variable)};
    return Environ();
  }
  core::Container& main() { return spec_.containers.front(); }

  meta::ObjectMeta metadata_;
  core::PodSpec spec_;
  Settings settings_;
  scheduler::Node node_;
};

TEST_F(EnvironmentTest, EachVariableSeesThoseBeforeItAndEnvWinsOverEnvFrom) {
  core::EnvFromSource from;
  from.config_map_ref.emplace().name = "config";
  main().env_from = {from};
  main().env = {Plain("C", "$(A)-$(D)-$$(A)"), Plain("D", "x"), Plain("A", "new"), Plain("E", "$(A)$(D)")};
  EXPECT_EQ(Environ(), "A=new B=two C=1-$(D)-$(A) D=x E=newx");
}

TEST_F(EnvironmentTest, APrefixStandsBeforeEachKey) {
  core::EnvFromSource from;
  from.prefix = "S_";
  from.secret_ref.emplace().name = "secret";
  main().env_from = {from};
  EXPECT_EQ(Environ(), "S_token=s3cret");
}

TEST_F(EnvironmentTest, FieldsOfThePod) {
  const std::pair<std::string, std::string> cases[] = {
      {"metadata.name", "pod"},        {"metadata.namespace", "ns"},
      {"metadata.uid", "u-1"},         {"metadata.labels['app']", "demo"},
      {"metadata.labels['none']", ""}, {"metadata.annotations['batch.kubernetes.io/job-completion-index']", "7"},
      {"spec.nodeName", "n1"},         {"spec.serviceAccountName", "default"},
      {"status.podIP", "10.0.0.1"},    {"status.podIPs", "10.0.0.1"},
      {"status.hostIP", "10.0.0.2"},
  };
  for (const auto& [path, value] : cases) EXPECT_EQ(Of(Field(path)), Cat("X=", value)) << path;
  EXPECT_EQ(Of(Field("spec.magic")), "error: fieldPath \"spec.magic\" is not supported");
}

TEST_F(EnvironmentTest, ResourcesAreRoundedUpToTheDivisorAndAbsentLimitsAreTheNodes) {
  main().resources.limits = {{"cpu", "1500m"}};
  main().resources.requests = {{"memory", "100Mi"}};
  EXPECT_EQ(Of(Resource("limits.cpu")), "X=2");
  EXPECT_EQ(Of(Resource("limits.cpu", "1m")), "X=1500");
  EXPECT_EQ(Of(Resource("requests.cpu", "1m")), "X=1500");
  EXPECT_EQ(Of(Resource("requests.memory", "1Mi")), "X=100");
  EXPECT_EQ(Of(Resource("requests.memory", "1Gi")), "X=1");
  EXPECT_EQ(Of(Resource("limits.memory")), "X=1048576");
}

TEST_F(EnvironmentTest, KeysThatAreMissingAreErrorsUnlessOptional) {
  EXPECT_EQ(Of(Key(false, "config", "B")), "X=two");
  EXPECT_EQ(Of(Key(true, "secret", "token")), "X=s3cret");
  EXPECT_EQ(Of(Key(false, "none", "B")), "error: configmap \"none\" not found");
  EXPECT_EQ(Of(Key(true, "secret", "B")), "error: couldn't find key B in Secret ns/secret");
  EXPECT_EQ(Of(Key(false, "none", "B", true)), "");
  EXPECT_EQ(Of(Key(true, "secret", "B", true)), "");
}

TEST_F(EnvironmentTest, WhatIsMissingIsNamedBeforeAnythingStarts) {
  core::EnvFromSource from;
  from.secret_ref.emplace().name = "gone";
  main().env_from = {from};
  main().env = {Key(false, "config", "Z"), Key(false, "none", "B", true), Key(false, "config", "A")};
  core::Volume volume;
  volume.name = "v";
  volume.config_map.emplace().name = "files";
  spec_.volumes = {volume};
  EXPECT_EQ(
      Join(MissingReferences(spec_, "ns", settings_), "\n"),
      "envFrom of container main needs Secret \"gone\" in namespace ns, which is not among the manifests; add it, or "
      "mark it optional\n"
      "variable X of container main needs key \"Z\" of ConfigMap \"config\" in namespace ns, which has no such key; "
      "add it, or mark it optional\n"
      "volume v needs ConfigMap \"files\" in namespace ns, which is not among the manifests; add it, or mark it "
      "optional");
}

TEST(BaseEnvironment, PassesWhatProgramsNeedAndNothingElse) {
  const char* const mine[] = {"PATH=/opt/bin", "AWS_SECRET_ACCESS_KEY=x", "HOME=/home/me", "odd", nullptr};
  EXPECT_EQ(BaseEnvironment(mine), (Environment{{"HOME", "/home/me"}, {"PATH", "/opt/bin"}}));
}

}  // namespace
}  // namespace reprieve::kubelet
