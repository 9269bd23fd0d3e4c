#include "kubelet/machine_logins.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/text.h"

namespace reprieve::kubelet {
namespace {

class MachineLogins : public ::testing::Test {
 protected:
  MachineLogins() {
    std::string pattern = Cat(std::filesystem::temp_directory_path().string(), "/logins-XXXXXX");
    directory_ = mkdtemp(pattern.data());
    old_path_ = std::getenv("PATH");
    setenv("PATH", Cat(directory_, ":", old_path_).c_str(), 1);
  }
  ~MachineLogins() override {
    setenv("PATH", old_path_.c_str(), 1);
    std::filesystem::remove_all(directory_);
  }

  std::string Write(const std::string& name, const std::string& text) const {
    const std::string path = Cat(directory_, "/", name);
    std::ofstream(path) << text;
    return path;
  }
  void Helper(const std::string& name, const std::string& script) const {
    chmod(Write(Cat("docker-credential-", name), Cat("#!/bin/sh\n", script, "\n")).c_str(), 0755);
  }
  static runtime::RegistryLogins Find(std::vector<std::string> files, const std::string& image) {
    return FindMachineLogins({std::move(files), Seconds(20)}, *runtime::ParseImageReference(image));
  }

  std::string directory_;
  std::string old_path_;
};

TEST_F(MachineLogins, FilesComeInTheirOrderAndEachLoginOnce) {
  const std::string podman =
      Write("auth.json", R"({"auths": {"r.example.com/team": {"auth": "YTox"}, "r.example.com": {"auth": "Yjoy"}}})");
  const std::string docker = Write(
      "config.json", R"({"auths": {"r.example.com": {"auth": "Yjoy"}, "https://r.example.com": {"auth": "Yzoz"}}})");
  const auto logins = Find({podman, directory_ + "/missing.json", docker}, "r.example.com/team/app");
  ASSERT_EQ(logins.found.size(), 3U);
  EXPECT_EQ(logins.found[0].username, "a");
  EXPECT_EQ(logins.found[1].username, "b");
  EXPECT_EQ(logins.found[2].username, "c");
  EXPECT_TRUE(logins.problems.empty());
}

TEST_F(MachineLogins, AFileThatCannotBeReadIsSaidWithoutWhatIsInIt) {
  const std::string path = Write("config.json", R"({"auths": {"r.example.com": {"auth": "c2VjcmV0")");
  const auto logins = Find({path}, "r.example.com/app");
  EXPECT_TRUE(logins.found.empty());
  ASSERT_EQ(logins.problems.size(), 1U);
  EXPECT_EQ(logins.problems[0], Cat("logins to registries in ", path, " do not count: it is no JSON object"));
}

TEST_F(MachineLogins, AHelperIsAskedForTheRegistry) {
  Helper("ours", R"(read server; echo "{\"Username\": \"u-$server-$1\", \"Secret\": \"s\"}")");
  const std::string path = Write("config.json", R"({"credHelpers": {"r.example.com:5000": "ours"}})");
  auto logins = Find({path}, "r.example.com:5000/app");
  ASSERT_EQ(logins.found.size(), 1U);
  EXPECT_EQ(logins.found[0].username, "u-r.example.com:5000-get");
  EXPECT_EQ(logins.found[0].password, "s");
  EXPECT_TRUE(Find({path}, "other.example.com/app").found.empty());
}

TEST_F(MachineLogins, TheStoreKnowsDockersRegistryByItsOldAddress) {
  Helper("store", R"(read server; echo "{\"Username\": \"<token>\", \"Secret\": \"$server\"}")");
  const auto logins = Find({Write("config.json", R"({"credsStore": "store"})")}, "busybox");
  ASSERT_EQ(logins.found.size(), 1U);
  EXPECT_EQ(logins.found[0].username, "");
  EXPECT_EQ(logins.found[0].identity_token, "https://index.docker.io/v1/");
}

TEST_F(MachineLogins, AHelperThatKnowsNoneIsNoProblem) {
  Helper("store", "echo 'credentials not found in native keychain'; exit 1");
  const auto logins = Find({Write("config.json", R"({"credsStore": "store"})")}, "busybox");
  EXPECT_TRUE(logins.found.empty());
  EXPECT_TRUE(logins.problems.empty());
}

TEST_F(MachineLogins, AHelperThatFailsIsSaidWithoutWhatItPrinted) {
  Helper("store", "echo hunter2; exit 3");
  const auto logins = Find({Write("config.json", R"({"credsStore": "store"})")}, "r.example.com/app");
  ASSERT_EQ(logins.problems.size(), 1U);
  EXPECT_NE(logins.problems[0].find("credential helper docker-credential-store failed with exit code 3"),
            std::string::npos);
  EXPECT_EQ(logins.problems[0].find("hunter2"), std::string::npos);
}

TEST_F(MachineLogins, AHelperThatIsNotThereOrTooSlowOrTooMuchIsSaid) {
  EXPECT_FALSE(AskCredentialHelper("missing", "r", Seconds(20)).ok());
  EXPECT_FALSE(AskCredentialHelper("../x", "r", Seconds(20)).ok());
  Helper("slow", "exec sleep 1000");
  const auto slow = AskCredentialHelper("slow", "r", std::chrono::milliseconds(50));
  ASSERT_FALSE(slow.ok());
  EXPECT_NE(slow.error().message.find("was killed: it took more than 50ms"), std::string::npos);
  Helper("much", "exec yes hunter2");
  const auto much = AskCredentialHelper("much", "r", Seconds(20));
  ASSERT_FALSE(much.ok());
  EXPECT_EQ(much.error().message.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace reprieve::kubelet
