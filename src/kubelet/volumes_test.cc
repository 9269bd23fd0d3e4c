#include "kubelet/volumes.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "model/testing.h"

namespace reprieve::kubelet {
namespace {

namespace fs = std::filesystem;
using testing::AContainer;
using testing::ASpec;

class VolumesTest : public ::testing::Test {
 protected:
  VolumesTest() {
    std::string pattern = ::testing::TempDir() + "volumesXXXXXX";
    directory_ = mkdtemp(pattern.data());
    metadata_.name = "pod";
    metadata_.namespace_ = "ns";
    metadata_.uid = "u";
    core::ConfigMap config;
    config.metadata.name = "config";
    config.metadata.namespace_ = "ns";
    config.data = {{"a.txt", "alpha"}, {"b.txt", "beta"}};
    settings_.Add(config);
    TypedSecret secret;
    secret.metadata.name = "secret";
    secret.metadata.namespace_ = "ns";
    secret.data = {{"key", "s3cret"}};
    settings_.Add(secret);
    spec_ = ASpec(core::RestartPolicy::kNever, {AContainer("main")});
  }
  ~VolumesTest() override { fs::remove_all(directory_); }

  // A volume, mounted at /NAME.
  core::Volume& Add(const std::string& name, std::string sub_path = "") {
    core::VolumeMount mount;
    mount.name = name;
    mount.mount_path = "/" + name;
    mount.sub_path = std::move(sub_path);
    spec_.containers.front().volume_mounts.push_back(mount);
    core::Volume& out = spec_.volumes.emplace_back();
    out.name = name;
    return out;
  }
  VolumePlaces Places() const { return {directory_ + "/disk", directory_ + "/memory", directory_ + "/claims"}; }
  // Where the first mount is on this machine, or "error: ...".
  std::string Made() {
    auto made = PodVolumes::Make({&metadata_, &spec_, nullptr, {}, {}, nullptr}, Places(), settings_);
    if (!made) return Cat("error: ", made.error().message);
    volumes_ = std::move(*made);
    const std::string value = "x";
    const auto mounts = volumes_.MountsOf(spec_.containers.front(),
                                          [&](std::string_view name) { return name == "INDEX" ? &value : nullptr; });
    if (!mounts) return Cat("error: ", mounts.error().message);
    mounts_ = *mounts;
    return mounts_.front().host_path;
  }
  static std::string Contents(const std::string& path) {
    std::stringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }
  static unsigned ModeOf(const std::string& path) {
    struct stat found {};
    return stat(path.c_str(), &found) == 0 ? found.st_mode & 07777U : 0;
  }

  std::string directory_;
  meta::ObjectMeta metadata_;
  core::PodSpec spec_;
  Settings settings_;
  PodVolumes volumes_;
  std::vector<runtime::Mount> mounts_;
};

TEST_F(VolumesTest, AnEmptyDirIsAPodsOwnAndEveryonesToWrite) {
  Add("work").empty_dir.emplace();
  Add("fast").empty_dir.emplace().medium = "Memory";
  EXPECT_EQ(Made(), directory_ + "/disk/ns_pod_u/work");
  EXPECT_EQ(ModeOf(mounts_[0].host_path), 0777U);
  EXPECT_EQ(mounts_[1].host_path, directory_ + "/memory/ns_pod_u/fast");
  EXPECT_FALSE(mounts_[0].read_only);
  EXPECT_EQ(volumes_.directories(), (std::vector{directory_ + "/disk/ns_pod_u", directory_ + "/memory/ns_pod_u"}));
}

TEST_F(VolumesTest, AConfigMapIsFilesToRead) {
  Add("etc").config_map.emplace().name = "config";
  const std::string at = Made();
  EXPECT_EQ(Contents(at + "/a.txt"), "alpha");
  EXPECT_EQ(ModeOf(at + "/b.txt"), 0644U);
  EXPECT_TRUE(mounts_.front().read_only);
}

TEST_F(VolumesTest, ItemsChooseKeysPathsAndModes) {
  auto& source = Add("keys").secret.emplace();
  source.secret_name = "secret";
  source.default_mode = 0400;
  source.items.push_back({"key", "deep/id", 0600, {}});
  source.items.push_back({"key", "id", std::nullopt, {}});
  const std::string at = Made();
  EXPECT_EQ(Contents(at + "/deep/id"), "s3cret");
  EXPECT_EQ(ModeOf(at + "/deep/id"), 0600U);
  EXPECT_EQ(ModeOf(at + "/id"), 0400U);
  EXPECT_TRUE(at.starts_with(directory_ + "/memory/"));
}

TEST_F(VolumesTest, AnItemThatLeavesTheVolumeOrIsNotThereIsAnErrorAndNothingIsLeft) {
  auto& source = Add("etc").config_map.emplace();
  source.name = "config";
  source.items.push_back({"a.txt", "../../a", std::nullopt, {}});
  EXPECT_EQ(Made(), "error: MountVolume.SetUp failed for volume \"etc\" : path \"../../a\" leaves the volume");
  EXPECT_FALSE(fs::exists(directory_ + "/disk/ns_pod_u"));
  source.items.front() = {"z", "z", std::nullopt, {}};
  EXPECT_EQ(Made(),
            "error: MountVolume.SetUp failed for volume \"etc\" : configmap \"config\" references non-existent "
            "key: z");
  source.optional = true;
  EXPECT_FALSE(fs::exists(Made() + "/z"));
}

TEST_F(VolumesTest, FilesStandBehindTheDataLink) {
  Add("etc").config_map.emplace().name = "config";
  const std::string at = Made();
  EXPECT_EQ(fs::read_symlink(at + "/a.txt"), "..data/a.txt");
  EXPECT_TRUE(fs::is_symlink(at + "/..data"));
}

TEST_F(VolumesTest, ASubPathThatIsNoFileOfItIsAnEmptyDirectory) {
  Add("etc", "none.txt").config_map.emplace().name = "config";
  const std::string at = Made();
  EXPECT_TRUE(fs::is_directory(at)) << at;
  EXPECT_TRUE(fs::is_empty(at));
}

TEST_F(VolumesTest, WhatTheDownwardApiKnowsMayBeFiles) {
  metadata_.labels.Set("app", "a \"b\"");
  core::Volume& volume = Add("info");
  core::Value& item = volume.rest.At("downwardAPI").At("items").Append(core::Value::MakeObject());
  item.Set("path", core::Value::String("labels"));
  item.At("fieldRef").Set("fieldPath", core::Value::String("metadata.labels"));
  EXPECT_EQ(Contents(Made() + "/labels"), "app=\"a \\\"b\\\"\"");
}

TEST_F(VolumesTest, AVariableOfASubPathIsThereAndNotEmpty) {
  Add("data").empty_dir.emplace();
  spec_.containers.front().volume_mounts.front().rest.At("subPathExpr") = core::Value::String("$(B)/$(A)/$(INDEX)");
  EXPECT_EQ(Made(), "error: missing value for A, B");
}

TEST_F(VolumesTest, ALimitIsWatchedWhereNothingElseHoldsIt) {
  core::EmptyDirVolumeSource& source = Add("data").empty_dir.emplace();
  source.size_limit = "1Mi";
  Made();
  ASSERT_EQ(volumes_.limited().size(), 1U);
  EXPECT_EQ(volumes_.limited().front().bytes, 1 << 20);
  EXPECT_EQ(volumes_.PathOf("data"), mounts_.front().host_path);
  EXPECT_EQ(volumes_.PathOf("none"), "");
}

TEST_F(VolumesTest, ThePodsGroupOwnsItsVolumes) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to give files away";
  spec_.rest.At("securityContext").Set("fsGroup", core::Value::Int(2000));
  Add("work").empty_dir.emplace();
  core::SecretVolumeSource& source = Add("keys").secret.emplace();
  source.secret_name = "secret";
  source.default_mode = 0400;
  Made();
  EXPECT_EQ(ModeOf(mounts_[0].host_path), 02777U);
  EXPECT_EQ(ModeOf(mounts_[1].host_path + "/key"), 0440U);
  struct stat found {};
  ASSERT_EQ(stat((mounts_[1].host_path + "/key").c_str(), &found), 0);
  EXPECT_EQ(found.st_gid, 2000U);
}

TEST_F(VolumesTest, AHostPathIsCheckedByItsType) {
  auto& source = Add("data").host_path.emplace();
  std::ofstream(directory_ + "/file") << "x";
  const struct {
    std::string path, type;
    bool ok;
  } cases[] = {
      {"", "Directory", true},
      {"/none", "Directory", false},
      {"/file", "Directory", false},
      {"/file", "File", true},
      {"", "File", false},
      {"/none", "File", false},
      {"/new", "FileOrCreate", true},
      {"/made/deep", "DirectoryOrCreate", true},
      {"/file", "DirectoryOrCreate", false},
      {"/auto", "", true},
      {"/file", "", true},
      {"/file", "Socket", false},
      {"/file", "Magic", false},
  };
  for (const auto& c : cases) {
    source.path = directory_ + c.path;
    source.type = c.type;
    EXPECT_EQ(Made(), c.ok ? source.path : Made()) << c.path << " " << c.type;
    EXPECT_EQ(Made().starts_with("error: "), !c.ok) << c.path << " " << c.type;
  }
  source.path = "relative";
  EXPECT_TRUE(Made().starts_with("error: "));
}

TEST_F(VolumesTest, ASubPathStaysInsideItsVolume) {
  Add("data", "runs/1").host_path.emplace().path = directory_;
  EXPECT_EQ(Made(), fs::canonical(directory_).string() + "/runs/1");
  auto& mount = spec_.containers.front().volume_mounts.front();
  for (const std::string bad : {"..", "a/../../b", "/etc"}) {
    mount.sub_path = bad;
    EXPECT_TRUE(Made().starts_with("error: subPath")) << bad;
    EXPECT_EQ(UnsupportedMounts(spec_).size(), 1U) << bad;
  }
  fs::create_directory_symlink("/tmp", directory_ + "/out");
  for (const std::string bad : {"out", "out/new"}) {
    mount.sub_path = bad;
    EXPECT_TRUE(Made().starts_with("error: subPath")) << bad;
  }
  mount.sub_path.clear();
  mount.rest.At("subPathExpr") = core::Value::String("runs/$(INDEX)");
  EXPECT_EQ(Made(), fs::canonical(directory_).string() + "/runs/x");
}

TEST_F(VolumesTest, AClaimIsAFolderThatStays) {
  Add("data").claim.emplace().claim_name = "data-js";
  EXPECT_EQ(Made(),
            "error: MountVolume.SetUp failed for volume \"data\" : persistentvolumeclaim \"data-js\" not found");
  ASSERT_TRUE(MakeClaimFolder(Places(), {metadata_.namespace_, "data-js"}).ok());
  EXPECT_EQ(Made(), ClaimFolder(Places(), {metadata_.namespace_, "data-js"}));
  EXPECT_EQ(ModeOf(mounts_.front().host_path), 0777U);
  for (const std::string& directory : volumes_.directories()) EXPECT_EQ(directory.find("/claims"), std::string::npos);
}

TEST_F(VolumesTest, AMountWithoutItsVolumeIsNamedBeforeAnythingStarts) {
  spec_.containers.front().volume_mounts.emplace_back().name = "ghost";
  EXPECT_EQ(Join(UnsupportedMounts(spec_), "\n"), "container main mounts the volume ghost, which the pod lacks");
}

TEST_F(VolumesTest, ALinkThatSomebodyHasPutIntoTheStateFolderLeadsNowhere) {
  const std::string elsewhere = directory_ + "/elsewhere";
  fs::create_directories(elsewhere);
  fs::create_symlink(elsewhere, directory_ + "/disk");
  fs::create_directories(directory_ + "/claims");
  fs::create_symlink(elsewhere, directory_ + "/claims/ns");
  Add("v").empty_dir.emplace();
  const std::string made = Made();
  EXPECT_NE(made.find("a symbolic link is on its way"), std::string::npos) << made;
  EXPECT_FALSE(MakeClaimFolder(Places(), {"ns", "claim"}).ok());
  EXPECT_TRUE(fs::is_empty(elsewhere));
}

TEST_F(VolumesTest, AHostPathIsMadeWhereOnesOwnLinksLeadAndNotWhereOthersDo) {
  const std::string elsewhere = directory_ + "/elsewhere";
  fs::create_directories(elsewhere);
  fs::create_symlink(elsewhere, directory_ + "/link");
  core::HostPathVolumeSource& source = Add("v").host_path.emplace();
  source.path = directory_ + "/link/own";
  source.type = "DirectoryOrCreate";
  EXPECT_EQ(Made(), source.path);
  EXPECT_TRUE(fs::is_directory(elsewhere + "/own"));
  if (geteuid() != 0 || lchown((directory_ + "/link").c_str(), 65534, 65534) != 0)
    GTEST_SKIP() << "needs root, to give a link away";
  for (const std::string type : {"DirectoryOrCreate", "FileOrCreate", ""}) {
    spec_.volumes.back().host_path->path = directory_ + "/link/others";
    spec_.volumes.back().host_path->type = type;
    EXPECT_NE(Made().find("a symbolic link is on its way"), std::string::npos) << Made();
  }
  EXPECT_FALSE(fs::exists(elsewhere + "/others"));
}

}  // namespace
}  // namespace reprieve::kubelet
