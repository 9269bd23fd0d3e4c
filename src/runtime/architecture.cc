#include "runtime/architecture.h"

#include <sys/utsname.h>

#include <array>
#include <utility>

#include "base/text.h"
#include "runtime/file.h"

namespace reprieve::runtime {
namespace {

// The image's name, and the one of the kernel and of qemu.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kNames = {{{"amd64", "x86_64"},
                                                                                  {"arm64", "aarch64"},
                                                                                  {"386", "i386"},
                                                                                  {"arm", "arm"},
                                                                                  {"ppc64le", "ppc64le"},
                                                                                  {"s390x", "s390x"},
                                                                                  {"riscv64", "riscv64"},
                                                                                  {"loong64", "loongarch64"}}};

std::string_view KernelNameOf(std::string_view architecture) {
  for (const auto& [image, kernel] : kNames) {
    if (image == architecture) return kernel;
  }
  return architecture;
}

}  // namespace

std::string MachineArchitecture() {
  utsname machine{};
  if (uname(&machine) != 0) return {};
  for (const auto& [image, kernel] : kNames) {
    if (kernel == machine.machine) return std::string(image);
  }
  return machine.machine;
}

bool MachineRuns(std::string_view architecture) {
  const std::string own = MachineArchitecture();
  if (architecture.empty() || own.empty() || architecture == own) return true;
  if (own == "amd64" && architecture == "386") return true;
  if (own == "arm64" && architecture == "arm") return true;
  const std::string emulator = ReadFile(Cat("/proc/sys/fs/binfmt_misc/qemu-", KernelNameOf(architecture)));
  return emulator.starts_with("enabled");
}

}  // namespace reprieve::runtime
