#include "runtime/docker/engine_socket.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "runtime/fd.h"
#include "runtime/file.h"

namespace reprieve::runtime::docker {
namespace {

constexpr std::string_view kUnixScheme = "unix://";

// 0 if somebody listens there, else an error number.
int Connect(const std::string& path, Fd& connection) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.data(), path.size());
  connection = Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!connection.ok()) return errno;
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  return connect(connection.get(), generic, sizeof address) == 0 ? 0 : errno;
}

int TryConnect(const std::string& path) {
  Fd connection;
  return Connect(path, connection);
}

std::string WhyNot(const std::string& path, int error) {
  if (error == EACCES || error == EPERM) {
    return Cat("no permission to use ", path,
               "; join the group docker (usermod -aG docker $USER, then log in again), or use a socket of your own "
               "(systemctl --user start podman.socket)");
  }
  if (error == ECONNREFUSED) return Cat("nobody listens on ", path, "; start the engine");
  if (error == ENOENT) return Cat("there is no socket ", path, "; start the engine, or name another by --engine");
  return Cat(path, " can't be connected to: ", strerrordesc_np(error));
}

EngineSocketSearch UseOnly(const std::string& path, std::string_view named_by) {
  const int error = TryConnect(path);
  if (error == 0) return {path, {}, true};
  return {{}, Cat(named_by, ": ", WhyNot(path, error)), true};
}

EngineSocketSearch UseHost(const std::string& host) {
  constexpr std::string_view kName = "DOCKER_HOST";
  if (host.starts_with(kUnixScheme)) return UseOnly(host.substr(kUnixScheme.size()), kName);
  return {{},
          Cat(kName, " is ", host.substr(0, host.find("://")),
              "://..., and containers must run on this machine itself; set it to unix://PATH, or name a socket by "
              "--engine PATH"),
          true};
}

std::vector<std::string> UsualSockets(const EngineSocketOptions& options) {
  std::vector<std::string> out = options.usual;
  if (options.runtime_directory.empty()) return out;
  out.push_back(options.runtime_directory + "/docker.sock");
  out.push_back(options.runtime_directory + "/podman/podman.sock");
  return out;
}

}  // namespace

EngineSocketOptions SocketOptionsOfEnvironment(std::string named) {
  EngineSocketOptions out;
  out.named = std::move(named);
  if (const char* host = std::getenv("DOCKER_HOST")) out.docker_host = host;
  if (const char* directory = std::getenv("XDG_RUNTIME_DIR")) out.runtime_directory = directory;
  return out;
}

EngineSocketSearch FindEngineSocket(const EngineSocketOptions& options) {
  if (!options.named.empty()) {
    const bool is_url = options.named.starts_with(kUnixScheme);
    return UseOnly(is_url ? options.named.substr(kUnixScheme.size()) : options.named, "--engine");
  }
  if (!options.docker_host.empty()) return UseHost(options.docker_host);
  EngineSocketSearch none;
  const std::vector<std::string> sockets = UsualSockets(options);
  for (const std::string& path : sockets) {
    const int error = TryConnect(path);
    if (error == 0) return {path, {}, false};
    // What is there and can't be used says more than what is not there.
    if (error == ENOENT || none.expected) continue;
    none.why_none = WhyNot(path, error);
    none.expected = true;
  }
  if (!none.expected) {
    none.why_none = Cat("there is no container engine here: nobody listens on ", Join(sockets, ", "),
                        "; start Docker or `podman system service`, or name a socket by --engine");
  }
  return none;
}

std::string ListenerOn(const std::string& path) {
  Fd connection;
  ucred listener{};
  socklen_t size = sizeof listener;
  if (Connect(path, connection) != 0) return {};
  if (getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &listener, &size) != 0) return {};
  // A process of another PID namespace has the PID 0 here.
  if (listener.pid <= 0) return {};
  return std::string(Trim(ReadFile(Cat("/proc/", listener.pid, "/comm"))));
}

}  // namespace reprieve::runtime::docker
