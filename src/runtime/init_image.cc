#include "runtime/init_image.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"

// REPRIEVE_INIT_FILE: the built reprieve-init, given by CMake.
asm(".section .rodata\n"
    ".global reprieve_init_begin\n"
    ".global reprieve_init_end\n"
    "reprieve_init_begin:\n"
    ".incbin \"" REPRIEVE_INIT_FILE
    "\"\n"
    "reprieve_init_end:\n"
    ".byte 0\n"
    ".text\n");

extern "C" const char reprieve_init_begin[];
extern "C" const char reprieve_init_end[];

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U  // Linux 6.3; older ones refuse it, and do not need it
#endif

namespace reprieve::runtime {

std::string_view InitImage() {
  return {reprieve_init_begin, static_cast<std::size_t>(reprieve_init_end - reprieve_init_begin)};
}

Result<Fd> OpenInitImage() {
  Fd fd(memfd_create("reprieve-init", MFD_CLOEXEC | MFD_EXEC));
  if (!fd.ok()) fd = Fd(memfd_create("reprieve-init", MFD_CLOEXEC));
  const std::string_view image = InitImage();
  if (!fd.ok() || write(fd.get(), image.data(), image.size()) != static_cast<ssize_t>(image.size())) {
    return Error{Cat("cannot keep the containers' first process in memory: ", strerrordesc_np(errno))};
  }
  // A file that is open for writing cannot be executed (ETXTBSY), so what we hand out is a second, read-only one.
  const std::string path = Cat("/proc/self/fd/", fd.get());
  Fd readable(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!readable.ok()) return Error{Cat("cannot reopen ", path, ": ", strerrordesc_np(errno))};
  return readable;
}

}  // namespace reprieve::runtime
