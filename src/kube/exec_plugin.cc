#include "kube/exec_plugin.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/base64.h"
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

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// Until its end; false: it was too slow, or too much.
bool ReadAll(int from, Nanoseconds timeout, std::string& out) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  char buffer[4096];
  while (out.size() <= kMaxOutput) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd wait{from, POLLIN, 0};
    if (left.count() <= 0) return false;
    if (poll(&wait, 1, static_cast<int>(left.count())) < 0 && errno != EINTR) return false;
    if (wait.revents == 0) continue;
    const ssize_t got = read(from, buffer, sizeof buffer);
    if (got == 0) return true;
    if (got < 0 && errno != EINTR) return false;
    if (got > 0) out.append(buffer, static_cast<std::size_t>(got));
  }
  return false;
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
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error{Cat(who, " cannot be run: ", strerrordesc_np(errno))};
  std::vector<std::string> arguments = {plugin.command};
  arguments.insert(arguments.end(), plugin.arguments.begin(), plugin.arguments.end());
  std::vector<std::string> environment = EnvironmentOf(plugin, access);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, plugin.command.c_str(), &actions, nullptr, Pointers(arguments).data(),
                                 Pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    return Error{Cat(who, " cannot be run: ", strerrordesc_np(error),
                     plugin.install_hint.empty() ? std::string() : Cat("; ", plugin.install_hint))};
  }
  std::string printed;
  const bool whole = ReadAll(ends[0], timeout, printed);
  close(ends[0]);
  if (!whole) kill(pid, SIGKILL);
  int state = 0;
  while (waitpid(pid, &state, 0) < 0 && errno == EINTR) {
  }
  if (!whole) return Error{Cat(who, " was killed: it took more than ", HumanDuration(timeout), " or printed too much")};
  if (!WIFEXITED(state)) return Error{Cat(who, " was ended by signal ", WTERMSIG(state))};
  if (WEXITSTATUS(state) != 0) return Error{Cat(who, " failed with exit code ", WEXITSTATUS(state))};
  return ParseExecCredential(printed, plugin);
}

}  // namespace reprieve::kube
