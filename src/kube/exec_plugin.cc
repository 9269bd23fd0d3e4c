#include "kube/exec_plugin.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "base/run_program.h"
#include "base/text.h"
#include "document/json.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX has it in no header

namespace reprieve::kube {
namespace {

using document::Value;

constexpr std::size_t kMaxOutput = std::size_t{1} << 20;

// The environment of this process, and what the plugin wants.
std::vector<std::string> EnvironmentOf(const ExecPlugin& plugin, const Access& access) {
  std::vector<std::string> out;
  const auto replaced = [&](std::string_view entry) {
    const std::string_view name = entry.substr(0, entry.find('='));
    return name == "KUBERNETES_EXEC_INFO" || std::any_of(plugin.environment.begin(), plugin.environment.end(),
                                                         [&](const auto& each) { return each.first == name; });
  };
  for (char** at = environ; *at != nullptr; ++at) {
    if (!replaced(*at)) out.emplace_back(*at);
  }
  for (const auto& [name, value] : plugin.environment) out.push_back(Cat(name, "=", value));
  out.push_back(Cat("KUBERNETES_EXEC_INFO=", ExecInfo(plugin, access)));
  return out;
}

}  // namespace

std::string ExecInfo(const ExecPlugin& plugin, const Access& access) {
  Value info = Value::MakeObject();
  info.Set("apiVersion", Value::String(plugin.api_version));
  info.Set("kind", Value::String("ExecCredential"));
  Value& spec = info.Set("spec", Value::MakeObject());
  spec.Set("interactive", Value::Bool(false));
  if (plugin.cluster_info) {
    Value& cluster = spec.Set("cluster", Value::MakeObject());
    cluster.Set("server", Value::String(Cat(access.server.tls ? "https://" : "http://", access.server.Authority(),
                                            access.server.path)));
    if (!access.tls.server_name.empty()) cluster.Set("tls-server-name", Value::String(access.tls.server_name));
    if (access.tls.insecure) cluster.Set("insecure-skip-tls-verify", Value::Bool(true));
    if (!access.tls.authorities.empty()) {
      cluster.Set("certificate-authority-data", Value::String(EncodeBase64(access.tls.authorities)));
    }
  }
  return document::WriteJson(info);
}

Result<ExecCredential> ParseExecCredential(const std::string& printed, const ExecPlugin& plugin) {
  const std::string who = Cat("credential plugin ", plugin.command);
  auto parsed = document::ParseJson(printed);
  if (!parsed) return Error{Cat(who, " printed no JSON; expected an ExecCredential")};
  const Value& credential = *parsed;
  if (credential["kind"].AsText() != "ExecCredential" || credential["apiVersion"].AsText() != plugin.api_version) {
    return Error{Cat(who, " printed something else than an ExecCredential of ", plugin.api_version)};
  }
  const Value& status = credential["status"];
  ExecCredential out;
  out.token = status["token"].AsText();
  out.certificate = status["clientCertificateData"].AsText();
  out.key = status["clientKeyData"].AsText();
  if (out.token.empty() && out.certificate.empty()) return Error{Cat(who, " gave neither a token nor a certificate")};
  if (out.certificate.empty() != out.key.empty()) {
    return Error{Cat(who, " gave only one of clientCertificateData and clientKeyData")};
  }
  const Value& expires = status["expirationTimestamp"];
  if (!expires.IsNull()) {
    out.expires = ParseRfc3339(expires.AsText());
    if (!out.expires) return Error{Cat(who, " gave an expirationTimestamp that is no time")};
  }
  return out;
}

Result<ExecCredential> RunExecPlugin(const ExecPlugin& plugin, const Access& access, Nanoseconds timeout) {
  const std::string who = Cat("credential plugin ", plugin.command);
  if (plugin.interactive) {
    return Error{Cat(who, " needs a terminal (interactiveMode: Always), which a controller has not; use another user")};
  }
  ProgramToRun program;
  program.argv = {plugin.command};
  program.argv.insert(program.argv.end(), plugin.arguments.begin(), plugin.arguments.end());
  program.environment = EnvironmentOf(plugin, access);
  program.timeout = timeout;
  program.max_output = kMaxOutput;
  const ProgramEnd end = RunProgram(program);
  if (end.how == ProgramEnd::How::kNotStarted && !plugin.install_hint.empty()) {
    return Error{Cat(who, " ", end.Describe(timeout), "; ", plugin.install_hint)};
  }
  if (!end.succeeded()) return Error{Cat(who, " ", end.Describe(timeout))};
  return ParseExecCredential(end.printed, plugin);
}

}  // namespace reprieve::kube
