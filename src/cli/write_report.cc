#include "cli/write_report.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/text.h"

namespace reprieve::cli {

// Beside its place first, so that nobody sees a half.
Status WriteReport(const std::string& path, const std::string& text) {
  const std::string beside = Cat(path, ".", getpid());
  std::FILE* file = std::fopen(beside.c_str(), "wbx");
  if (file == nullptr) return Error{Cat("--report ", path, ": can't be written: ", std::strerror(errno))};
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) == 0 && written && std::rename(beside.c_str(), path.c_str()) == 0) return Ok();
  const int fault = errno;
  unlink(beside.c_str());
  return Error{Cat("--report ", path, ": can't be written: ", std::strerror(fault))};
}

}  // namespace reprieve::cli
