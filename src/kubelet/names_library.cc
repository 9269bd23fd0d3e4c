#include "kubelet/names_library.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace reprieve::kubelet {
namespace {

constexpr std::string_view kPreload = "LD_PRELOAD=";
constexpr std::string_view kHosts = "NSS_WRAPPER_HOSTS=";

auto Find(std::vector<std::string>& environment, std::string_view name) {
  return std::find_if(environment.begin(), environment.end(),
                      [name](const std::string& variable) { return variable.starts_with(name); });
}

}  // namespace

std::optional<std::string> FindNamesLibrary() {
  Dl_info c_library{};
  if (dladdr(reinterpret_cast<const void*>(&gnu_get_libc_version), &c_library) == 0) return std::nullopt;
  const std::string_view path = c_library.dli_fname;
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::string library = Cat(path.substr(0, slash), "/libnss_wrapper.so");
  if (access(library.c_str(), R_OK) != 0) return std::nullopt;
  return library;
}

void PreloadNames(const std::string& library, const std::string& hosts_file, const std::string& hostname,
                  std::vector<std::string>& environment) {
  if (Find(environment, kHosts) != environment.end()) return;
  const auto preload = Find(environment, kPreload);
  if (preload == environment.end()) {
    environment.push_back(Cat(kPreload, library));
  } else {
    AppendTo(*preload, preload->size() == kPreload.size() ? "" : ":", library);
  }
  environment.push_back(Cat(kHosts, hosts_file));
  environment.push_back(Cat("NSS_WRAPPER_HOSTNAME=", hostname));
}

}  // namespace reprieve::kubelet
