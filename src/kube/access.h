// Access: how to reach an API server and who we are there: from kubeconfig files, or from what every pod gets.
//
// Where it comes from, as controllers have it: the file that was named (--kubeconfig); the files of $KUBECONFIG,
// merged; the pod's own ServiceAccount; ~/.kube/config. Certificates and keys are read here; what may rotate keeps its
// path.
//
// Source: Kubernetes' documentation of kubeconfig files ("Organizing Cluster Access Using kubeconfig Files") and of
// client-go credential plugins. Plain data; reads files, changes nothing. No error holds a secret.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/tls.h"
#include "net/url.h"

namespace reprieve::kube {

// A program that prints credentials (users[].user.exec).
struct ExecPlugin {
  std::string api_version;  // client.authentication.k8s.io/v1 or v1beta1
  std::string command;
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;
  std::string install_hint;
  bool interactive = false;  // interactiveMode: Always
  bool cluster_info = false;
};

struct Access {
  std::string origin;  // for messages: "context prod of /home/me/.kube/config", "the pod's ServiceAccount"
  net::Url server;
  net::TlsOptions tls;
  std::optional<net::Url> proxy;
  std::string namespace_ = "default";
  bool in_pod = false;  // by the pod's ServiceAccount; namespace_ is then the pod's

  // Read again from time to time; empty: what `tls` has stays.
  std::string authorities_file;
  std::string certificate_file;
  std::string key_file;

  // At most one of these; a token's file wins over the token.
  std::string token;
  std::string token_file;
  std::string user;
  std::string password;
  std::optional<ExecPlugin> exec;

  // Headers Impersonate-*: acting as somebody else.
  std::string impersonate_user;
  std::vector<std::string> impersonate_groups;
};

// Where everything is looked for. Tests give their own.
struct Surroundings {
  std::function<std::string(const char* name)> variable;  // of the environment; empty: not set
  std::string service_account_directory = "/var/run/secrets/kubernetes.io/serviceaccount";
};
Surroundings TheseSurroundings();

struct AccessOptions {
  std::string kubeconfig;  // empty: not named
  std::string context;     // empty: the current one
};
Result<Access> FindAccess(const AccessOptions& options, const Surroundings& surroundings);

// From files in this order: the first that says something about a name counts.
Result<Access> AccessFromFiles(const std::vector<std::string>& files, const std::string& context,
                               const Surroundings& surroundings);
// From the variables and files that a pod has. An error: there are none.
Result<Access> AccessFromPod(const Surroundings& surroundings);

// The proxy that the environment asks for (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), if any.
Result<std::optional<net::Url>> ProxyFromEnvironment(const net::Url& server, const Surroundings& surroundings);

// The whole file; an error if it cannot be read or has more than a megabyte.
Result<std::string> ReadSmallFile(const std::string& path);

}  // namespace reprieve::kube
