#include "runtime/docker/gpus.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "document/json.h"

namespace reprieve::runtime::docker {
namespace {

using document::Value;

class Gpus : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = "/tmp/gpus-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Describe(const std::string& kind) const {
    std::ofstream(folder_ + "/devices.yaml") << "cdiVersion: 0.5.0\nkind: " << kind << "\ndevices: []\n";
  }
  Value Info() const { return *document::ParseJson(Cat(R"({"CDISpecDirs":[")", folder_, R"("]})")); }
  bool PodmanHasCdi(const std::string& version) const {
    return GpuSupportOf({.name = "Podman", .version = version, .api = {}, .socket = {}}, {}, {folder_}).cdi;
  }

  std::string folder_;
  const EngineIdentity docker_{.name = "Docker", .version = "25.0.1", .api = {}, .socket = {}};
};

TEST_F(Gpus, DockerKnowsCdiIfItTellsItsFoldersAndOneDescribesThem) {
  EXPECT_FALSE(GpuSupportOf(docker_, Info()).cdi);
  Describe("example.com/other");
  EXPECT_FALSE(GpuSupportOf(docker_, Info()).cdi);
  Describe("nvidia.com/gpu");
  EXPECT_TRUE(GpuSupportOf(docker_, Info()).cdi);
  EXPECT_FALSE(GpuSupportOf(docker_, *document::ParseJson(R"({"CDISpecDirs":null})")).cdi);
}

TEST_F(Gpus, PodmanGivesThemByCdiSince55) {
  Describe("nvidia.com/gpu");
  EXPECT_FALSE(PodmanHasCdi("4.3.1"));
  EXPECT_FALSE(PodmanHasCdi("5.4.2"));
  EXPECT_TRUE(PodmanHasCdi("5.5.0"));
  EXPECT_TRUE(PodmanHasCdi("6.0.0-dev"));
}

TEST_F(Gpus, NvidiasRuntimeIsAskedForByNameWhereDockerHasIt) {
  const GpuSupport support = GpuSupportOf(docker_, *document::ParseJson(R"({"Runtimes":{"nvidia":{},"runc":{}}})"));
  EXPECT_EQ(support.oci_runtime, "nvidia");
  Value host = Value::MakeObject();
  std::vector<std::string> environment = {"A=b"};
  GiveGpus({2, 5}, support, host, environment);
  EXPECT_EQ(document::WriteJson(host), R"({"Runtime":"nvidia"})");
  EXPECT_EQ(Join(environment, " "), "A=b NVIDIA_VISIBLE_DEVICES=2,5");
}

TEST_F(Gpus, ByCdiEachIsNamedAndNvidiasRuntimeGivesNoOther) {
  Value host = Value::MakeObject();
  std::vector<std::string> environment;
  GiveGpus({2, 5}, {.cdi = true}, host, environment);
  EXPECT_EQ(document::WriteJson(host),
            R"({"DeviceRequests":[{"Driver":"cdi","DeviceIDs":["nvidia.com/gpu=2","nvidia.com/gpu=5"]}]})");
  EXPECT_EQ(Join(environment, " "), "NVIDIA_VISIBLE_DEVICES=void");
}

TEST_F(Gpus, WhatTheManifestSaysStays) {
  Value host = Value::MakeObject();
  std::vector<std::string> environment = {"NVIDIA_VISIBLE_DEVICES=all"};
  GiveGpus({2}, {}, host, environment);
  EXPECT_EQ(Join(environment, " "), "NVIDIA_VISIBLE_DEVICES=all");
}

TEST_F(Gpus, WhoAsksForNoneGetsNothing) {
  Value host = Value::MakeObject();
  std::vector<std::string> environment;
  GiveGpus({}, {.cdi = true}, host, environment);
  EXPECT_EQ(document::WriteJson(host), "{}");
  EXPECT_TRUE(environment.empty());
}

}  // namespace
}  // namespace reprieve::runtime::docker
