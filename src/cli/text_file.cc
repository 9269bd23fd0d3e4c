#include "cli/text_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include "base/text.h"

namespace reprieve::cli {
namespace {

namespace fs = std::filesystem;

// Standard input stays open.
struct Close {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};

}  // namespace

Result<std::string> ReadTextFile(const std::string& path) {
  const std::unique_ptr<std::FILE, Close> file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return Error{Cat(path, " can't be opened: ", std::strerror(errno))};
  std::string text;
  std::array<char, 65'536> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    text.append(buffer.data(), size);
    if (text.size() > kMostTextBytes) return Error{Cat(path, " is larger than ", kMostTextBytes >> 20, " MiB")};
  }
  if (std::ferror(file.get()) != 0) return Error{Cat(path, " can't be read: ", std::strerror(errno))};
  return text;
}

std::string Beside(const std::string& file, const std::string& name) {
  if (file == "<stdin>" || fs::path(name).is_absolute()) return name;
  return (fs::path(file).parent_path() / name).lexically_normal().string();
}

}  // namespace reprieve::cli
