#include "node/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace reprieve::node {
namespace {

constexpr int kBacklog = 16;

struct Address {
  sockaddr_un name{};
  runtime::Fd directory;  // held while the name is used
};

Result<Address> AddressOf(const std::string& path) {
  Address out;
  out.name.sun_family = AF_UNIX;
  std::string text = path;
  if (text.size() >= sizeof out.name.sun_path) {
    const std::size_t slash = path.rfind('/');
    const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    out.directory = runtime::Fd(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!out.directory.ok()) return Error{Cat(directory, ": ", strerrordesc_np(errno))};
    text = Cat("/proc/self/fd/", out.directory.get(), "/", path.substr(slash == std::string::npos ? 0 : slash + 1));
    if (text.size() >= sizeof out.name.sun_path) return Error{Cat(path, ": the name is too long for a socket")};
  }
  std::memcpy(out.name.sun_path, text.c_str(), text.size() + 1);
  return out;
}

template <class Use>
Result<runtime::Fd> Open(const std::string& path, const Use& use) {
  auto address = AddressOf(path);
  if (!address) return address.error();
  runtime::Fd out(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!out.ok() || use(out.get(), reinterpret_cast<const sockaddr*>(&address->name), sizeof address->name) != 0) {
    return Error{Cat(path, ": ", strerrordesc_np(errno))};
  }
  return out;
}

}  // namespace

Result<runtime::Fd> ListenAt(const std::string& path) {
  return Open(path, [](int fd, const sockaddr* name, socklen_t size) {
    return bind(fd, name, size) != 0 ? -1 : listen(fd, kBacklog);
  });
}

Result<runtime::Fd> ConnectTo(const std::string& path) {
  return Open(path, [](int fd, const sockaddr* name, socklen_t size) { return connect(fd, name, size); });
}

}  // namespace reprieve::node
