#include "kubelet/machine_logins.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "base/run_program.h"
#include "base/text.h"
#include "document/json.h"
#include "kubelet/docker_config.h"

namespace reprieve::kubelet {
namespace {

// As Docker's tools call their registry, and as helpers know it.
constexpr std::string_view kHub = "docker.io";
constexpr std::string_view kHubServer = "https://index.docker.io/v1/";
constexpr std::size_t kMaxFile = std::size_t{1} << 20;
constexpr std::size_t kMaxAnswer = std::size_t{64} << 10;

std::string Variable(const char* name) {
  const char* found = std::getenv(name);
  return found == nullptr ? std::string() : std::string(found);
}

// Nothing: there is no such file. An error: it can't be read.
Result<std::optional<DockerConfig>> ReadConfig(const std::string& path) {
  std::error_code failed;
  if (!std::filesystem::exists(path, failed)) return std::optional<DockerConfig>();
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{"it cannot be opened"};
  std::string text(kMaxFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFile) return Error{"it has more than 1 MiB"};
  if (Trim(text).empty()) return std::optional<DockerConfig>();
  auto parsed = ParseDockerConfig(text);
  if (!parsed) return parsed.error();
  return std::optional(std::move(*parsed));
}

// The helper that has the logins of that registry; empty: none.
std::string HelperOf(const DockerConfig& config, const std::string& registry) {
  std::vector<std::string> names = {registry};
  if (registry == kHub) names = {std::string(kHubServer), "index.docker.io", registry};
  for (const std::string& name : names) {
    if (const auto own = config.helpers.find(name); own != config.helpers.end()) return own->second;
  }
  return config.store;
}

void AddOnce(runtime::RegistryLogin login, std::vector<runtime::RegistryLogin>& to) {
  if (std::find(to.begin(), to.end(), login) == to.end()) to.push_back(std::move(login));
}

}  // namespace

MachineLoginPlaces LoginPlacesOfEnvironment() {
  const std::string home = Variable("HOME");
  MachineLoginPlaces out;
  if (const std::string named = Variable("REGISTRY_AUTH_FILE"); !named.empty()) {
    out.files.push_back(named);
  } else {
    const std::string runtime = Variable("XDG_RUNTIME_DIR");
    const std::string config = Variable("XDG_CONFIG_HOME");
    out.files.push_back(runtime.empty() ? Cat("/run/containers/", geteuid(), "/auth.json")
                                        : Cat(runtime, "/containers/auth.json"));
    if (!config.empty()) {
      out.files.push_back(Cat(config, "/containers/auth.json"));
    } else if (!home.empty()) {
      out.files.push_back(Cat(home, "/.config/containers/auth.json"));
    }
  }
  const std::string docker = Variable("DOCKER_CONFIG");
  if (!docker.empty()) {
    out.files.push_back(Cat(docker, "/config.json"));
  } else if (!home.empty()) {
    out.files.push_back(Cat(home, "/.docker/config.json"));
  }
  return out;
}

runtime::RegistryLogins FindMachineLogins(const MachineLoginPlaces& places, const runtime::ImageReference& image,
                                          int unwanted) {
  runtime::RegistryLogins out;
  std::set<std::string> asked;
  for (const std::string& path : places.files) {
    const auto config = ReadConfig(path);
    if (!config) {
      out.problems.push_back(Cat("logins to registries in ", path, " do not count: ", config.error().message));
      continue;
    }
    if (!*config) continue;
    const std::string helper = HelperOf(**config, image.registry);
    if (!helper.empty() && asked.insert(helper).second) {
      const std::string server = image.registry == kHub ? std::string(kHubServer) : image.registry;
      auto login = AskCredentialHelper(helper, server, places.helper_timeout, unwanted);
      if (!login) {
        out.problems.push_back(Cat(login.error().message, " (named in ", path, ")"));
      } else if (*login != runtime::RegistryLogin()) {
        AddOnce(std::move(*login), out.found);
      }
    }
    RegistryKeyring keyring;
    AddLogins(**config, keyring);
    for (runtime::RegistryLogin& login : keyring.Lookup(image.Name())) AddOnce(std::move(login), out.found);
  }
  return out;
}

Result<runtime::RegistryLogin> AskCredentialHelper(const std::string& name, const std::string& server,
                                                   Nanoseconds timeout, int unwanted) {
  const std::string program = Cat("docker-credential-", name);
  const std::string who = Cat("credential helper ", program);
  if (name.find('/') != std::string::npos) return Error{Cat(who, " is no name of a program")};
  const ProgramEnd end = RunProgram({.argv = {program, "get"},
                                     .environment = std::nullopt,
                                     .input = server,
                                     .timeout = timeout,
                                     .max_output = kMaxAnswer,
                                     .unwanted = unwanted});
  if (!end.succeeded()) {
    // What helpers say, and fail, where they know of no login.
    const bool exited = end.how == ProgramEnd::How::kExited;
    if (exited && end.printed.starts_with("credentials not found")) return runtime::RegistryLogin();
    return Error{Cat(who, " ", end.Describe(timeout), ": its logins do not count for ", server)};
  }
  const auto parsed = document::ParseJson(end.printed);
  if (!parsed || !(*parsed).IsObject()) return Error{Cat(who, " printed no JSON; expected Username and Secret")};
  const std::string& user = (*parsed)["Username"].AsText();
  const std::string& secret = (*parsed)["Secret"].AsText();
  // How helpers mark a secret that is no password.
  if (user == "<token>") return runtime::RegistryLogin{{}, {}, secret};
  return runtime::RegistryLogin{user, secret, {}};
}

}  // namespace reprieve::kubelet
