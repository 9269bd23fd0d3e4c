// Kubeconfig files: merged, and one context of them resolved to an Access.
#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/base64.h"
#include "base/text.h"
#include "document/yaml.h"
#include "kube/access.h"

namespace reprieve::kube {
namespace {

using document::Value;

struct Entry {
  Value value;
  std::string file;  // paths in it are relative to its folder
};

// What all files say together.
struct Merged {
  std::string current_context;
  bool none_there = true;  // of the files
  std::vector<std::pair<std::string, Entry>> clusters, users, contexts;
};

using Entries = std::vector<std::pair<std::string, Entry>>;

const Entry* Find(const Entries& entries, std::string_view name) {
  const auto at = std::find_if(entries.begin(), entries.end(), [&](const auto& each) { return each.first == name; });
  return at == entries.end() ? nullptr : &at->second;
}

Status AddFile(const std::string& file, Merged& out) {
  std::error_code failed;
  if (!std::filesystem::exists(file, failed)) return Ok();  // as kubectl: a list may name files that are not there
  out.none_there = false;
  auto text = ReadSmallFile(file);
  if (!text) return text.error();
  std::vector<Value> documents;
  if (const auto bad = document::ParseYaml(*text, documents)) {
    return Error{Cat(file, ":", bad->mark.line, ": ", bad->message, "; expected a kubeconfig")};
  }
  if (documents.empty()) return Ok();
  const Value& config = documents.front();
  if (const std::string& kind = config["kind"].AsText(); !kind.empty() && kind != "Config") {
    return Error{Cat(file, ": kind: \"", kind, "\" is not Config; expected a kubeconfig")};
  }
  if (out.current_context.empty()) {
    out.current_context = config["current-context"].AsText();
  }
  const std::pair<const char*, Entries*> lists[] = {
      {"clusters", &out.clusters}, {"users", &out.users}, {"contexts", &out.contexts}};
  for (const auto& [list, entries] : lists) {
    const std::string_view member = std::string_view(list).substr(0, std::string_view(list).size() - 1);
    for (const Value& item : config[list].items()) {
      const std::string& name = item["name"].AsText();
      if (Find(*entries, name) == nullptr) entries->emplace_back(name, Entry{item[member], file});
    }
  }
  return Ok();
}

std::string PathOf(const Entry& entry, const std::string& path) {
  if (path.empty() || path.starts_with('/')) return path;
  return (std::filesystem::path(entry.file).parent_path() / path).string();
}

// Field NAME-data, which wins, or the file of field NAME.
Status ReadPem(const Entry& entry, const std::string& field, std::string& out, std::string& file) {
  if (const std::string& inlined = entry.value[field + "-data"].AsText(); !inlined.empty()) {
    auto decoded = DecodeBase64(inlined);
    if (!decoded) return Error{Cat(entry.file, ": ", field, "-data is not base64")};
    out = std::move(*decoded);
    return Ok();
  }
  file = PathOf(entry, entry.value[field].AsText());
  if (file.empty()) return Ok();
  auto read = ReadSmallFile(file);
  if (!read) return Error{Cat(entry.file, ": ", field, ": ", read.error().message)};
  out = std::move(*read);
  return Ok();
}

Status ReadCluster(const Entry& cluster, const Surroundings& surroundings, Access& out) {
  auto server = net::ParseUrl(
      cluster.value["server"].AsText().empty() ? "http://localhost:8080" : cluster.value["server"].AsText(), "http");
  if (!server) return Error{Cat(cluster.file, ": server: ", server.error().message)};
  out.server = *server;
  out.tls.insecure = cluster.value["insecure-skip-tls-verify"].AsBool();
  out.tls.server_name = cluster.value["tls-server-name"].AsText();
  if (auto read = ReadPem(cluster, "certificate-authority", out.tls.authorities, out.authorities_file); !read)
    return read;
  if (out.tls.insecure && !out.tls.authorities.empty()) {
    return Error{Cat(cluster.file, ": a cluster with a certificate-authority may not say insecure-skip-tls-verify; ",
                     "remove one of the two")};
  }
  if (const std::string& proxy = cluster.value["proxy-url"].AsText(); !proxy.empty()) {
    auto url = net::ParseUrl(proxy);
    if (!url || url->tls) {
      return Error{Cat(cluster.file, ": proxy-url: ",
                       url ? "a proxy that speaks TLS or SOCKS itself is not supported" : url.error().message,
                       "; expected something like http://proxy:3128")};
    }
    out.proxy = *url;
    return Ok();
  }
  auto proxy = ProxyFromEnvironment(out.server, surroundings);
  if (!proxy) return proxy.error();
  out.proxy = *proxy;
  return Ok();
}

Status ReadExec(const Entry& user, const Value& exec, Access& out) {
  ExecPlugin plugin;
  plugin.api_version = exec["apiVersion"].AsText();
  if (plugin.api_version != "client.authentication.k8s.io/v1" &&
      plugin.api_version != "client.authentication.k8s.io/v1beta1") {
    return Error{Cat(user.file, ": exec.apiVersion: \"", plugin.api_version,
                     "\" is neither client.authentication.k8s.io/v1 nor v1beta1")};
  }
  plugin.command = exec["command"].AsText();
  if (plugin.command.empty()) return Error{Cat(user.file, ": exec.command: missing; expected a program")};
  // A bare name is looked for in the PATH.
  if (plugin.command.find('/') != std::string::npos) plugin.command = PathOf(user, plugin.command);
  for (const Value& argument : exec["args"].items()) plugin.arguments.push_back(argument.AsText());
  for (const Value& each : exec["env"].items()) {
    plugin.environment.emplace_back(each["name"].AsText(), each["value"].AsText());
  }
  plugin.install_hint = exec["installHint"].AsText();
  plugin.interactive = exec["interactiveMode"].AsText() == "Always";
  plugin.cluster_info = exec["provideClusterInfo"].AsBool();
  out.exec = std::move(plugin);
  return Ok();
}

Status ReadUser(const Entry& user, Access& out) {
  if (auto read = ReadPem(user, "client-certificate", out.tls.certificate, out.certificate_file); !read) return read;
  if (auto read = ReadPem(user, "client-key", out.tls.key, out.key_file); !read) return read;
  if (out.tls.certificate.empty() != out.tls.key.empty()) {
    return Error{Cat(user.file, ": client-certificate and client-key belong together; one of them is missing")};
  }
  out.token = user.value["token"].AsText();
  out.token_file = PathOf(user, user.value["tokenFile"].AsText());
  out.user = user.value["username"].AsText();
  out.password = user.value["password"].AsText();
  out.impersonate_user = user.value["as"].AsText();
  for (const Value& group : user.value["as-groups"].items()) out.impersonate_groups.push_back(group.AsText());
  if (user.value["auth-provider"].IsObject()) {
    return Error{Cat(user.file, ": auth-provider is gone from Kubernetes since 1.26; use exec")};
  }
  const Value& exec = user.value["exec"];
  return exec.IsObject() ? ReadExec(user, exec, out) : Ok();
}

}  // namespace

Result<Access> AccessFromFiles(const std::vector<std::string>& files, const std::string& context,
                               const Surroundings& surroundings) {
  Merged merged;
  for (const std::string& file : files) {
    if (auto added = AddFile(file, merged); !added) return added.error();
  }
  const std::string listed = Join(files, ", ");
  const std::string name = context.empty() ? merged.current_context : context;
  if (merged.none_there) return Error{Cat(listed, ": no such file; expected a kubeconfig")};
  if (name.empty()) return Error{Cat(listed, ": no current-context; name one by --context")};
  const Entry* found = Find(merged.contexts, name);
  if (found == nullptr) {
    std::vector<std::string> known;
    for (const auto& [each, entry] : merged.contexts) known.push_back(each);
    return Error{Cat(listed, ": there is no context \"", name, "\"; ",
                     known.empty() ? std::string("there is none at all") : Cat("there are: ", Join(known, ", ")))};
  }
  Access out;
  out.origin = Cat("context ", name, " of ", found->file);
  const std::string& cluster_name = found->value["cluster"].AsText();
  const Entry* cluster = Find(merged.clusters, cluster_name);
  if (cluster == nullptr)
    return Error{Cat(found->file, ": context ", name, ": there is no cluster \"", cluster_name, "\"")};
  if (auto read = ReadCluster(*cluster, surroundings, out); !read) return read.error();
  if (const std::string& user_name = found->value["user"].AsText(); !user_name.empty()) {
    const Entry* user = Find(merged.users, user_name);
    if (user == nullptr) return Error{Cat(found->file, ": context ", name, ": there is no user \"", user_name, "\"")};
    if (auto read = ReadUser(*user, out); !read) return read.error();
  }
  if (const std::string& name_space = found->value["namespace"].AsText(); !name_space.empty())
    out.namespace_ = name_space;
  return out;
}

}  // namespace reprieve::kube
