#include "kube/access.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace reprieve::kube {
namespace {

constexpr std::size_t kMaxFile = std::size_t{1} << 20;

bool Exists(const std::string& path) {
  std::error_code failed;
  return std::filesystem::exists(path, failed);
}

// Of NO_PROXY: a name, a domain with or without a leading dot, an address, or *.
bool Excludes(std::string_view pattern, const net::Url& server) {
  if (pattern == "*") return true;
  const std::size_t colon = pattern.rfind(':');
  if (colon != std::string_view::npos && pattern.find(':') == colon) {
    if (pattern.substr(colon + 1) != std::to_string(server.port)) return false;
    pattern = pattern.substr(0, colon);
  }
  if (pattern.starts_with("*.")) pattern.remove_prefix(1);
  const std::string host = ToLower(server.host);
  const std::string name = ToLower(pattern.starts_with('.') ? pattern.substr(1) : pattern);
  if (name.empty()) return false;
  return (!pattern.starts_with('.') && host == name) || host.ends_with("." + name);
}

}  // namespace

Surroundings TheseSurroundings() {
  Surroundings out;
  out.variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  return out;
}

Result<std::string> ReadSmallFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string out(kMaxFile + 1, '\0');
  if (!file.read(out.data(), static_cast<std::streamsize>(out.size())) && file.gcount() == 0 && !file.eof()) {
    return Error{Cat("file ", path, " cannot be read: ", strerrordesc_np(errno))};
  }
  out.resize(static_cast<std::size_t>(file.gcount()));
  if (out.size() > kMaxFile) return Error{Cat("file ", path, " has more than a megabyte, and was not read")};
  return out;
}

Result<Access> FindAccess(const AccessOptions& options, const Surroundings& surroundings) {
  if (!options.kubeconfig.empty()) {
    if (!Exists(options.kubeconfig)) {
      return Error{Cat("file ", options.kubeconfig, " (--kubeconfig) does not exist; name a kubeconfig file")};
    }
    return AccessFromFiles({options.kubeconfig}, options.context, surroundings);
  }
  if (const std::string listed = surroundings.variable("KUBECONFIG"); !listed.empty()) {
    std::vector<std::string> files;
    for (const std::string_view file : Split(listed, ':')) {
      if (!file.empty()) files.emplace_back(file);
    }
    return AccessFromFiles(files, options.context, surroundings);
  }
  if (options.context.empty() && !surroundings.variable("KUBERNETES_SERVICE_HOST").empty()) {
    return AccessFromPod(surroundings);
  }
  const std::string home = surroundings.variable("HOME");
  const std::string usual = home + "/.kube/config";
  if (home.empty() || !Exists(usual)) {
    return Error{Cat("no cluster is configured: no --kubeconfig, no $KUBECONFIG, this is no pod, and there is no ",
                     home.empty() ? std::string("~/.kube/config") : usual, "; name a kubeconfig file by --kubeconfig")};
  }
  return AccessFromFiles({usual}, options.context, surroundings);
}

Result<Access> AccessFromPod(const Surroundings& surroundings) {
  const std::string host = surroundings.variable("KUBERNETES_SERVICE_HOST");
  const std::string port = surroundings.variable("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return Error{"this is no pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set"};
  }
  Access out;
  out.origin = "the pod's ServiceAccount";
  out.in_pod = true;
  const bool brackets = host.find(':') != std::string::npos;
  auto url = net::ParseUrl(Cat("https://", brackets ? "[" : "", host, brackets ? "]" : "", ":", port));
  if (!url) return url.error();
  out.server = *url;
  const std::string& folder = surroundings.service_account_directory;
  out.token_file = folder + "/token";
  out.authorities_file = folder + "/ca.crt";
  for (const std::string* needed : {&out.token_file, &out.authorities_file}) {
    if (!Exists(*needed)) {
      return Error{
          Cat("the pod has no ", *needed, "; its spec or its ServiceAccount sets automountServiceAccountToken: false")};
    }
  }
  auto authorities = ReadSmallFile(out.authorities_file);
  if (!authorities) return authorities.error();
  out.tls.authorities = std::move(*authorities);
  if (auto name_space = ReadSmallFile(folder + "/namespace"); name_space.ok() && !name_space->empty()) {
    out.namespace_ = std::string(Trim(*name_space));
  }
  return out;
}

Result<std::optional<net::Url>> ProxyFromEnvironment(const net::Url& server, const Surroundings& surroundings) {
  const auto variable = [&](const char* upper, const char* lower) {
    std::string out = surroundings.variable(upper);
    return out.empty() ? surroundings.variable(lower) : out;
  };
  const std::string proxy = server.tls ? variable("HTTPS_PROXY", "https_proxy") : variable("HTTP_PROXY", "http_proxy");
  if (proxy.empty()) return std::optional<net::Url>();
  // As Go: what runs on this machine is never reached through a proxy.
  if (server.host == "localhost" || server.host.starts_with("127.") || server.host == "::1") {
    return std::optional<net::Url>();
  }
  const std::string excluded = variable("NO_PROXY", "no_proxy");
  for (const std::string_view pattern : Split(excluded, ',')) {
    if (Excludes(Trim(pattern), server)) return std::optional<net::Url>();
  }
  auto url = net::ParseUrl(proxy, "http");
  if (!url) return Error{Cat("the proxy of the environment: ", url.error().message)};
  if (url->tls)
    return Error{"the proxy of the environment speaks TLS itself, which is not supported; use an http:// one"};
  return std::optional<net::Url>(*url);
}

}  // namespace reprieve::kube
