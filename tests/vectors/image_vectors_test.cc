// Runs the vectors of this folder that are about images: their names, and who may pull them.
#include <string>
#include <vector>

#include "base/text.h"
#include "document/json.h"
#include "kubelet/docker_config.h"
#include "kubelet/registry_keyring.h"
#include "runtime/image_reference.h"
#include "vectors/vectors.h"

namespace reprieve::kubelet {
namespace {

using document::Value;

void RunReference(const Value& input, const Value& expect) {
  const auto reference = runtime::ParseImageReference(input.AsText());
  EXPECT_EQ(reference.ok() ? "" : reference.error().message, expect["error"].AsText());
  if (!reference.ok()) return;
  EXPECT_EQ((*reference).Canonical(), expect["canonical"].AsText());
  EXPECT_EQ((*reference).Name(), expect["name"].AsText());
}

void RunLogins(const Value& input, const Value& expect) {
  RegistryKeyring keyring;
  for (const Value::Member& login : input["logins"].members()) keyring.Add(login.key, {login.value.AsText(), "p", {}});
  Value users = Value::MakeArray();
  for (const runtime::RegistryLogin& login : keyring.Lookup(input["image"].AsText())) {
    users.Append(Value::String(login.username));
  }
  EXPECT_EQ(document::WriteJson(users), document::WriteJson(expect));
}

void RunConfig(const Value& input, const Value& expect) {
  const auto config = ParseDockerConfig(input.AsText());
  EXPECT_EQ(config.ok() ? "" : config.error().message, expect["error"].AsText());
  if (!config.ok()) return;
  std::vector<std::string> logins;
  for (const auto& [location, login] : (*config).logins) {
    logins.push_back(login.identity_token.empty() ? Cat(location, " ", login.username, " ", login.password)
                                                  : Cat(location, " token ", login.identity_token));
  }
  std::vector<std::string> expected;
  for (const Value& login : expect["logins"].items()) expected.push_back(login.AsText());
  EXPECT_EQ(logins, expected);
  EXPECT_EQ((*config).helpers.size(), expect["helpers"].members().size());
  for (const Value::Member& helper : expect["helpers"].members()) {
    EXPECT_EQ((*config).helpers.at(helper.key), helper.value.AsText());
  }
  EXPECT_EQ((*config).store, expect["store"].AsText());
}

constexpr vectors::VectorFile kFiles[] = {
    {"image_references", RunReference}, {"registry_logins", RunLogins}, {"docker_configs", RunConfig}};

}  // namespace
}  // namespace reprieve::kubelet

int main(int argc, char** argv) {
  return reprieve::vectors::RunAll(argc, argv, reprieve::kubelet::kFiles);
}
