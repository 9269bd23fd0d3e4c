#include "kube/access.h"

#include <gtest/gtest.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkdtemp

#include <filesystem>
#include <fstream>
#include <map>

#include "base/base64.h"
#include "base/text.h"
#include "kube/exec_plugin.h"

namespace reprieve::kube {
namespace {

class AccessTest : public ::testing::Test {
 protected:
  AccessTest() {
    std::string made = ::testing::TempDir() + "/access-XXXXXX";
    folder_ = mkdtemp(made.data());
    surroundings_.variable = [this](const char* name) { return variables_[name]; };
    surroundings_.service_account_directory = folder_ + "/account";
  }
  ~AccessTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
    return path;
  }
  Result<Access> Find(const std::string& context = "") {
    return FindAccess({.kubeconfig = {}, .context = context}, surroundings_);
  }
  std::string WhyNot(const std::string& context = "") {
    const auto access = Find(context);
    return access.ok() ? std::string() : access.error().message;
  }

  std::string folder_;
  std::map<std::string, std::string> variables_;
  Surroundings surroundings_;
};

constexpr const char* kConfig = R"(
apiVersion: v1
kind: Config
current-context: prod
clusters:
- name: c
  cluster: {server: "https://10.0.0.1:6443/base", certificate-authority: pki/ca.pem, tls-server-name: kube.internal}
users:
- name: u
  user: {token: secret-token}
contexts:
- name: prod
  context: {cluster: c, user: u, namespace: team-a}
- name: broken
  context: {cluster: nowhere, user: u}
)";

TEST_F(AccessTest, AFileIsResolvedWithPathsRelativeToIt) {
  Write("pki/ca.pem", "CA");
  variables_["KUBECONFIG"] = Write("config", kConfig);
  const auto access = Find();
  ASSERT_TRUE(access.ok()) << access.error().message;
  EXPECT_EQ(access->server.Authority(), "10.0.0.1:6443");
  EXPECT_EQ(access->server.path, "/base");
  EXPECT_EQ(access->tls.authorities, "CA");
  EXPECT_EQ(access->tls.server_name, "kube.internal");
  EXPECT_EQ(access->authorities_file, folder_ + "/pki/ca.pem");
  EXPECT_EQ(access->token, "secret-token");
  EXPECT_EQ(access->namespace_, "team-a");
  EXPECT_EQ(access->origin, Cat("context prod of ", folder_, "/config"));
}

TEST_F(AccessTest, OfSeveralFilesTheFirstThatNamesSomethingCounts) {
  const std::string first = Write("a/config", R"(
current-context: x
users: [{name: u, user: {token: first}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
)");
  const std::string second = Write("b/config", R"(
current-context: y
clusters: [{name: c, cluster: {server: "http://b:1"}}]
users: [{name: u, user: {token: second}}]
)");
  variables_["KUBECONFIG"] = Cat(folder_, "/missing:", first, ":", second);
  const auto access = Find();
  ASSERT_TRUE(access.ok()) << access.error().message;
  EXPECT_EQ(access->server.host, "b");
  EXPECT_EQ(access->token, "first");
}

TEST_F(AccessTest, InlinedDataWinsOverFiles) {
  variables_["KUBECONFIG"] = Write("config", Cat(R"(
current-context: x
clusters: [{name: c, cluster: {server: "https://b:1", certificate-authority: nowhere.pem, certificate-authority-data: )",
                                                 EncodeBase64("INLINED"), R"(}}]
contexts: [{name: x, context: {cluster: c}}]
)"));
  const auto access = Find();
  ASSERT_TRUE(access.ok()) << access.error().message;
  EXPECT_EQ(access->tls.authorities, "INLINED");
  EXPECT_TRUE(access->authorities_file.empty());
}

TEST_F(AccessTest, MistakesAreNamed) {
  Write("pki/ca.pem", "CA");
  variables_["KUBECONFIG"] = Write("config", kConfig);
  EXPECT_EQ(WhyNot("dev"), Cat(folder_, "/config: there is no context \"dev\"; there are: prod, broken"));
  EXPECT_EQ(WhyNot("broken"), Cat(folder_, "/config: context broken: there is no cluster \"nowhere\""));
  variables_["KUBECONFIG"] = Cat(folder_, "/a:", folder_, "/b");
  EXPECT_EQ(WhyNot(""), Cat(folder_, "/a, ", folder_, "/b: no such file; expected a kubeconfig"));
  variables_["KUBECONFIG"] = Write("two", R"(
current-context: x
clusters: [{name: c, cluster: {server: "https://b", insecure-skip-tls-verify: true, certificate-authority: pki/ca.pem}}]
contexts: [{name: x, context: {cluster: c}}]
)");
  EXPECT_NE(WhyNot().find("may not say insecure-skip-tls-verify"), std::string::npos) << WhyNot();
  variables_["KUBECONFIG"] = Write("three", "a: [");
  EXPECT_NE(WhyNot().find("three:"), std::string::npos) << WhyNot();
  variables_["KUBECONFIG"] = Write("four", "kind: Pod");
  EXPECT_NE(WhyNot().find("is not Config"), std::string::npos) << WhyNot();
}

TEST_F(AccessTest, APodUsesItsServiceAccount) {
  variables_["KUBERNETES_SERVICE_HOST"] = "fd00::1";
  variables_["KUBERNETES_SERVICE_PORT"] = "443";
  EXPECT_NE(WhyNot().find("automountServiceAccountToken"), std::string::npos) << WhyNot();
  Write("account/token", "token");
  Write("account/ca.crt", "CA");
  Write("account/namespace", "jobset-system");
  const auto access = Find();
  ASSERT_TRUE(access.ok()) << access.error().message;
  EXPECT_EQ(access->server.Authority(), "[fd00::1]:443");
  EXPECT_EQ(access->token_file, folder_ + "/account/token");
  EXPECT_TRUE(access->in_pod);
  EXPECT_EQ(access->namespace_, "jobset-system");
}

TEST_F(AccessTest, WithoutAnythingTheErrorSaysWhatToDo) {
  variables_["HOME"] = folder_;
  EXPECT_NE(WhyNot().find("--kubeconfig"), std::string::npos) << WhyNot();
}

TEST_F(AccessTest, TheProxyOfTheEnvironmentIsUsedUnlessTheHostIsExcluded) {
  const net::Url server = *net::ParseUrl("https://kube.example.org:6443");
  const auto proxy = [&] { return ProxyFromEnvironment(server, surroundings_); };
  EXPECT_FALSE(proxy()->has_value());
  variables_["https_proxy"] = "proxy:3128";
  EXPECT_EQ((*proxy())->host, "proxy");
  for (const char* pattern : {"*", "example.org", ".example.org", "a, kube.example.org", "kube.example.org:6443"}) {
    variables_["NO_PROXY"] = pattern;
    EXPECT_FALSE(proxy()->has_value()) << pattern;
  }
  for (const char* pattern : {"ample.org", "kube.example.org:443", "example.com", ""}) {
    variables_["NO_PROXY"] = pattern;
    EXPECT_TRUE(proxy()->has_value()) << pattern;
  }
  EXPECT_FALSE(ProxyFromEnvironment(*net::ParseUrl("https://127.0.0.1:6443"), surroundings_)->has_value());
}

TEST_F(AccessTest, APluginPrintsCredentials) {
  ExecPlugin plugin;
  plugin.api_version = "client.authentication.k8s.io/v1";
  plugin.command = "/bin/sh";
  plugin.environment = {{"WHO", "me"}};
  const auto run = [&](const std::string& script) {
    plugin.arguments = {"-c", script};
    return RunExecPlugin(plugin, {}, Seconds(10));
  };
  const auto given = run(
      R"(echo "{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"t-$WHO\",\"expirationTimestamp\":\"2026-11-29T12:00:00Z\"}}")");
  ASSERT_TRUE(given.ok()) << given.error().message;
  EXPECT_EQ(given->token, "t-me");
  EXPECT_EQ(FormatRfc3339(*given->expires), "2026-11-29T12:00:00Z");
  EXPECT_EQ(run("exit 3").error().message, "credential plugin /bin/sh failed with exit code 3");
  EXPECT_EQ(run("echo secret").error().message.find("secret"), std::string::npos);
  const auto info = run(R"(case "$KUBERNETES_EXEC_INFO" in *ExecCredential*) exit 7;; esac)");
  EXPECT_NE(info.error().message.find("exit code 7"), std::string::npos);
  plugin.command = "/nowhere/plugin";
  plugin.install_hint = "install it from here";
  const std::string missing = run("").error().message;
  EXPECT_EQ(missing,
            "credential plugin /nowhere/plugin cannot be run: No such file or directory; install it from here");
}

}  // namespace
}  // namespace reprieve::kube
