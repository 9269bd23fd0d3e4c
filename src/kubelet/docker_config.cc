#include "kubelet/docker_config.h"

#include <algorithm>
#include <optional>

#include "base/base64.h"
#include "base/text.h"
#include "document/json.h"

namespace reprieve::kubelet {
namespace {

using document::Value;

// base64(user:password), with or without padding; a zero byte ends what some old tools have padded with.
std::optional<runtime::RegistryLogin> DecodeAuth(std::string text) {
  text = std::string(Trim(text));
  while (text.size() % 4 != 0) text.push_back('=');
  const auto decoded = DecodeBase64(text);
  if (!decoded) return std::nullopt;
  const std::size_t colon = decoded->find(':');
  if (colon == std::string::npos) return std::nullopt;
  std::string password = decoded->substr(colon + 1);
  while (!password.empty() && password.back() == '\0') password.pop_back();
  return runtime::RegistryLogin{decoded->substr(0, colon), std::move(password), {}};
}

Status ReadLogins(const Value& auths, DockerConfig& out) {
  if (auths.IsNull()) return Ok();
  if (!auths.IsObject()) return Error{"auths is no object"};
  for (const Value::Member& member : auths.members()) {
    const Value& entry = member.value;
    runtime::RegistryLogin login{entry["username"].AsText(), entry["password"].AsText(),
                                 entry["identitytoken"].AsText()};
    if (const std::string& auth = entry["auth"].AsText(); !auth.empty()) {
      auto decoded = DecodeAuth(auth);
      if (!decoded) return Error{Cat("auth of ", Quote(member.key), " is not base64 of user:password")};
      login.username = std::move(decoded->username);
      login.password = std::move(decoded->password);
    }
    if (login == runtime::RegistryLogin()) continue;
    out.logins.emplace_back(member.key, std::move(login));
  }
  return Ok();
}

// Not the parser's error, which may show a piece of the text.
constexpr std::string_view kNoJson = "it is no JSON object";

}  // namespace

Result<DockerConfig> ParseDockerConfig(std::string_view text) {
  const auto parsed = document::ParseJson(text);
  if (!parsed || !(*parsed).IsObject()) return Error{std::string(kNoJson)};
  DockerConfig out;
  if (const Status read = ReadLogins((*parsed)["auths"], out); !read.ok()) return read.error();
  for (const Value::Member& helper : (*parsed)["credHelpers"].members()) {
    out.helpers.insert_or_assign(helper.key, helper.value.AsText());
  }
  out.store = (*parsed)["credsStore"].AsText();
  return out;
}

Result<DockerConfig> ParseDockercfg(std::string_view text) {
  const auto parsed = document::ParseJson(text);
  if (!parsed || !(*parsed).IsObject()) return Error{std::string(kNoJson)};
  DockerConfig out;
  if (const Status read = ReadLogins(*parsed, out); !read.ok()) return read.error();
  return out;
}

void AddLogins(const DockerConfig& config, RegistryKeyring& keyring) {
  for (const auto& [location, login] : config.logins) keyring.Add(location, login);
}

}  // namespace reprieve::kubelet
