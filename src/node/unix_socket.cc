#include "node/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "runtime/no_links.h"

namespace reprieve::node {
namespace {

constexpr int kBacklog = 16;

struct Address {
  sockaddr_un name{};
  runtime::Fd directory;  // held while the name is used
};

std::pair<std::string, std::string> DirectoryAndName(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

Status SetName(const std::string& text, const std::string& path, Address& out) {
  if (text.size() >= sizeof out.name.sun_path) return Error{Cat(path, ": the name is too long for a socket")};
  out.name.sun_family = AF_UNIX;
  std::memcpy(out.name.sun_path, text.c_str(), text.size() + 1);
  return Ok();
}

// By way of its directory, which has been opened.
Result<Address> AddressIn(runtime::Fd directory, const std::string& path) {
  if (!directory.ok()) return Error{Cat(path, ": ", runtime::FileErrorText(errno))};
  Address out;
  out.directory = std::move(directory);
  const std::string name = DirectoryAndName(path).second;
  if (auto set = SetName(Cat("/proc/self/fd/", out.directory.get(), "/", name), path, out); !set) return set.error();
  return out;
}

Result<runtime::Fd> NewSocket(const std::string& path) {
  runtime::Fd out(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!out.ok()) return Error{Cat(path, ": ", strerrordesc_np(errno))};
  return out;
}

const sockaddr* NameOf(const Address& address) {
  return reinterpret_cast<const sockaddr*>(&address.name);
}

}  // namespace

Result<runtime::Fd> ListenAt(const std::string& path, mode_t mode) {
  const auto [directory, name] = DirectoryAndName(path);
  auto address = AddressIn(runtime::OpenWithoutLinks(directory, O_PATH | O_DIRECTORY), path);
  if (!address) return address.error();
  auto out = NewSocket(path);
  if (!out) return out;
  if (bind(out->get(), NameOf(*address), sizeof address->name) != 0 ||
      fchmodat(address->directory.get(), name.c_str(), mode, 0) != 0 || listen(out->get(), kBacklog) != 0) {
    return Error{Cat(path, ": ", strerrordesc_np(errno))};
  }
  return out;
}

Result<runtime::Fd> ConnectTo(const std::string& path) {
  Address address;
  if (path.size() < sizeof address.name.sun_path) {
    if (auto set = SetName(path, path, address); !set) return set.error();
  } else {
    const std::string directory = DirectoryAndName(path).first;
    auto by_directory = AddressIn(runtime::Fd(open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), path);
    if (!by_directory) return by_directory.error();
    address = std::move(*by_directory);
  }
  auto out = NewSocket(path);
  if (!out) return out;
  if (connect(out->get(), NameOf(address), sizeof address.name) != 0) {
    return Error{Cat(path, ": ", strerrordesc_np(errno))};
  }
  return out;
}

}  // namespace reprieve::node
