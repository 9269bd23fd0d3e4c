#include "kubelet/env_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "kubelet/volumes.h"
#include "runtime/no_links.h"

namespace reprieve::kubelet {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 10;

// The file's text; nothing: it is not there.
Result<std::optional<std::string>> ReadAtMost(const std::string& path) {
  const runtime::Fd fd = runtime::OpenWithoutLinks(path, O_RDONLY | O_NONBLOCK);
  if (!fd.ok()) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
    return Error{Cat("cannot be opened: ", runtime::FileErrorText(errno))};
  }
  struct stat found {};
  if (fstat(fd.get(), &found) != 0 || !S_ISREG(found.st_mode)) return Error{"is not a file"};
  if (static_cast<std::size_t>(found.st_size) > kMostBytes) {
    return Error{Cat("has ", found.st_size, " bytes; a file of variables may have ", kMostBytes)};
  }
  std::string text(kMostBytes, '\0');
  const ssize_t n = read(fd.get(), text.data(), text.size());
  if (n < 0) return Error{Cat("cannot be read: ", runtime::FileErrorText(errno))};
  text.resize(static_cast<std::size_t>(n));
  return std::optional(std::move(text));
}

}  // namespace

Result<std::map<std::string, std::string>> ParseEnvFile(std::string_view text) {
  std::map<std::string, std::string> out;
  int line = 1;
  const auto wrong = [&line](std::string_view why) { return Error{Cat("line ", line, ": ", why)}; };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view rest = text.substr(0, end);
    const std::size_t first = rest.find_first_not_of(" \t\r");
    if (first == std::string_view::npos || rest[first] == '#') {
      text.remove_prefix(std::min(end + 1, text.size()));
      ++line;
      continue;
    }
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return wrong("there is no =");
    const std::string name(rest.substr(first, equals - first));
    if (name.empty() || name.find_first_of(" \t") != std::string::npos) return wrong("the name has a space in it");
    if (equals + 1 >= text.size() || text[equals + 1] != '\'') return wrong("the value is not between single quotes");
    const std::size_t close = text.find('\'', equals + 2);
    if (close == std::string_view::npos) return wrong("the closing quote is missing");
    const std::string_view value = text.substr(equals + 2, close - equals - 2);
    const std::size_t next = std::min(text.find('\n', close), text.size());
    const std::string_view after = text.substr(close + 1, next - close - 1);
    if (const std::size_t more = after.find_first_not_of(" \t\r");
        more != std::string_view::npos && after[more] != '#') {
      return wrong("there is something behind the closing quote");
    }
    out.insert_or_assign(name, std::string(value));
    line += static_cast<int>(std::count(value.begin(), value.end(), '\n')) + 1;
    text.remove_prefix(std::min(next + 1, text.size()));
  }
  return out;
}

Result<std::optional<std::string>> ValueOfFile(const core::Value& file_key_ref, const PodFacts& facts) {
  const std::string& volume = file_key_ref["volumeName"].AsText();
  const std::string& path = file_key_ref["path"].AsText();
  const std::string& key = file_key_ref["key"].AsText();
  const bool optional = file_key_ref["optional"].AsBool();
  // Before the pod starts nobody knows.
  if (facts.volumes == nullptr) return std::optional<std::string>(std::string());
  const std::string place = facts.volumes->PathOf(volume);
  if (place.empty()) return Error{Cat("volume ", Quote(volume), " of fileKeyRef does not exist")};
  auto text = ReadAtMost(Cat(place, "/", path));
  if (!text) return Error{Cat("file ", Quote(path), " of volume ", volume, " ", text.error().message)};
  if (!*text) {
    if (optional) return std::optional<std::string>();
    return Error{Cat("file ", Quote(path), " is not in the volume ", volume)};
  }
  const auto variables = ParseEnvFile(**text);
  if (!variables) {
    return Error{Cat("couldn't parse env file ", Quote(path), " of volume ", volume, ": ", variables.error().message)};
  }
  const auto at = variables->find(key);
  if (at != variables->end()) return std::optional<std::string>(at->second);
  if (optional) return std::optional<std::string>();
  return Error{Cat("environment variable key ", Quote(key), " not found in file ", Quote(path), " of volume ", volume)};
}

}  // namespace reprieve::kubelet
