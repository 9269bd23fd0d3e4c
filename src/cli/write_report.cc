#include "cli/write_report.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/text.h"

namespace reprieve::cli {

namespace {

// Beside its place first, so that nobody sees a half.
std::string Beside(const std::string& path) {
  return Cat(path, ".", getpid());
}

Error Unwritable(const std::string& path, int fault) {
  return Error{Cat("--report ", path, ": can't be written: ", std::strerror(fault))};
}

}  // namespace

Status CheckReport(const std::string& path) {
  if (std::filesystem::is_directory(path)) return Unwritable(path, EISDIR);
  const std::string beside = Beside(path);
  std::FILE* file = std::fopen(beside.c_str(), "wbx");
  if (file == nullptr) return Unwritable(path, errno);
  std::fclose(file);
  unlink(beside.c_str());
  return Ok();
}

Status WriteReport(const std::string& path, const std::string& text) {
  const std::string beside = Beside(path);
  std::FILE* file = std::fopen(beside.c_str(), "wbx");
  if (file == nullptr) return Unwritable(path, errno);
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) == 0 && written && std::rename(beside.c_str(), path.c_str()) == 0) return Ok();
  const int fault = errno;
  unlink(beside.c_str());
  return Unwritable(path, fault);
}

}  // namespace reprieve::cli
