#include "kubelet/pod_names.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/text.h"

namespace reprieve::kubelet {
namespace {

constexpr std::string_view kUsualLines =
    "# Written by Reprieve: the names of pods.\n"
    "127.0.0.1\tlocalhost\n"
    "::1\tlocalhost ip6-localhost ip6-loopback\n";

Status WriteAt(int fd, std::size_t offset, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Error{Cat("file ", path, " cannot be written: ", strerrordesc_np(errno))};
    offset += static_cast<std::size_t>(n);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return Ok();
}

std::string NamespaceOf(const std::string& key) {
  return key.substr(0, key.find('\n'));
}

// The lines that hold: all but those that begin with `#`.
std::string WithoutComments(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n') + 1);
    if (line.front() != '#') out += line;
    text.remove_prefix(line.size());
  }
  return out;
}

}  // namespace

Result<PodNames::File*> PodNames::FileOf(const std::string& key) {
  std::unique_ptr<File>& file = files_[key];
  if (file) return file.get();
  std::error_code failed;
  std::filesystem::create_directories(directory_, failed);
  if (failed) return Error{Cat("directory ", directory_, " cannot be made: ", failed.message())};
  auto made = std::make_unique<File>();
  const std::string name_space = NamespaceOf(key);
  made->path = name_space == key ? PathOf(key) : Cat(PathOf(name_space), ".", files_.size());
  if (reader_ == Reader::kEtcHosts) {
    made->fd = runtime::Fd(open(made->path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!made->fd.ok() || fchmod(made->fd.get(), 0644) != 0) {
      return Error{Cat("file ", made->path, " cannot be made: ", strerrordesc_np(errno))};
    }
  }
  const std::string aliases = name_space == key ? std::string() : key.substr(name_space.size() + 1);
  if (auto written = Append(*made, Cat(kUsualLines, aliases)); !written) return written.error();
  file = std::move(made);
  // The services of other namespaces have been there before this file.
  for (auto& [name, entry] : entries_) {
    if (!entry.written) continue;
    if (auto lines = WriteLines(name, entry); !lines) return lines.error();
  }
  return file.get();
}

Result<std::string> PodNames::HostsFile(const std::string& name_space, const std::string& aliases) {
  auto file = FileOf(aliases.empty() ? name_space : Cat(name_space, "\n", aliases));
  if (!file) return file.error();
  if (auto shown = Show(); !shown) return shown.error();
  return (*file)->path;
}

std::string PodNames::PathOf(const std::string& name_space) const {
  return Cat(directory_, "/", name_space, ".hosts");
}

PodNames::Entry& PodNames::EntryOf(const Name& name) {
  Entry& entry = entries_[name];
  if (entry.address.empty()) entry.address = NewAddress();
  return entry;
}

std::string PodNames::NewAddress() {
  if (blocks_.empty() || given_ == runtime::AddressBlock::kAddresses) {
    auto block = claim_();
    blocks_.push_back(block ? std::move(*block) : runtime::AddressBlock::Unclaimed());
    given_ = 0;
  }
  return blocks_.back().Address(given_++);
}

const std::string& PodNames::AddressOf(const Name& name) {
  return EntryOf(name).address;
}

const std::string& PodNames::AddressOf(const Name& name, const std::string& address) {
  Entry& entry = entries_[name];
  if (entry.address.empty()) entry.address = address;
  return entry.address;
}

std::string PodNames::TakeAddress() {
  if (free_.empty()) return NewAddress();
  std::string out = std::move(free_.back());
  free_.pop_back();
  return out;
}

Result<PodNames::Line> PodNames::Append(File& file, const std::string& line) const {
  const Line at = file.text.size();
  if (reader_ == Reader::kEtcHosts) {
    if (auto written = WriteAt(file.fd.get(), at, line, file.path); !written) return written.error();
  }
  file.text += line;
  return at;
}

// A line that holds begins with a blank, which separates nothing: one byte says whether it holds.
Status PodNames::Switch(File& file, Line line, bool on) const {
  const char mark = on ? ' ' : '#';
  if (file.text[line] == mark) return Ok();
  file.text[line] = mark;
  file.changed = true;
  if (reader_ == Reader::kLibrary) return Ok();
  return WriteAt(file.fd.get(), line, std::string_view(&mark, 1), file.path);
}

// A new file in place of the old one: no reader ever sees half of it.
Status PodNames::Replace(File& file) {
  const std::string draft = file.path + ".new";
  const runtime::Fd fd(open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd.ok() || fchmod(fd.get(), 0644) != 0) {
    return Error{Cat("file ", draft, " cannot be made: ", strerrordesc_np(errno))};
  }
  if (auto written = WriteAt(fd.get(), 0, WithoutComments(file.text), draft); !written) return written;
  if (rename(draft.c_str(), file.path.c_str()) != 0) {
    return Error{Cat("file ", file.path, " cannot be replaced: ", strerrordesc_np(errno))};
  }
  file.changed = false;
  return Ok();
}

Status PodNames::Show() {
  if (reader_ == Reader::kEtcHosts) return Ok();
  for (const auto& [name_space, file] : files_) {
    if (!file || !file->changed) continue;
    if (auto replaced = Replace(*file); !replaced) return replaced;
  }
  return Ok();
}

Status PodNames::WriteLines(const Name& name, Entry& entry) {
  auto own = FileOf(name.namespace_);
  if (!own) return own.error();
  entry.written = true;
  for (auto& [key, file] : files_) {
    if (!file || NamespaceOf(key) != name.namespace_ || entry.own.contains(key)) continue;
    auto line = Append(*file, Cat("#", entry.address, "\t", name.hostname, "\n"));
    if (!line) return line.error();
    entry.own.emplace(key, *line);
    if (entry.owner == 0 || entry.published) continue;
    if (auto on = Switch(*file, *line, true); !on) return on;
  }
  const std::string base = Cat(name.hostname, ".", name.subdomain);
  const std::string in_namespace = Cat(base, ".", name.namespace_);
  for (auto& [key, file] : files_) {
    if (!file || entry.service.contains(key)) continue;
    auto line = Append(
        *file, Cat("#", entry.address, "\t", in_namespace, ".svc.cluster.local ", in_namespace, ".svc ", in_namespace,
                   NamespaceOf(key) == name.namespace_ ? Cat(" ", base, " ", name.hostname) : "", "\n"));
    if (!line) return line.error();
    entry.service.emplace(key, *line);
    if (!entry.published) continue;
    if (auto on = Switch(*file, *line, true); !on) return on;
  }
  return Ok();
}

Status PodNames::Set(const Name& name, std::uint64_t number, bool published) {
  Entry& entry = EntryOf(name);
  if (entry.owner == number && entry.published == published) return Ok();
  if (auto lines = WriteLines(name, entry); !lines) return lines;
  entry.owner = number;
  entry.published = published;
  for (const auto& [key, line] : entry.own) {
    if (auto switched = Switch(*files_.at(key), line, number != 0 && !published); !switched) return switched;
  }
  for (const auto& [key, line] : entry.service) {
    if (auto switched = Switch(*files_.at(key), line, published); !switched) return switched;
  }
  return Ok();
}

Status PodNames::Remove(const Name& name, std::uint64_t number) {
  const auto at = entries_.find(name);
  if (at == entries_.end() || at->second.owner != number) return Ok();
  return Set(name, 0, false);
}

}  // namespace reprieve::kubelet
