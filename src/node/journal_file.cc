#include "node/journal_file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/text.h"
#include "document/json.h"

namespace reprieve::node {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".jsonl";
constexpr std::string_view kOlder = ".jsonl.1";
constexpr std::size_t kStampLength = 16;  // 20261122T120000Z
constexpr std::size_t kRandomLength = 8;
constexpr int kAttempts = 8;

std::string RandomText() {
  unsigned char bytes[kRandomLength / 2] = {};
  if (getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes)) {
    const auto pid = static_cast<std::uint32_t>(getpid());
    std::memcpy(bytes, &pid, sizeof bytes);
  }
  std::string out;
  for (const unsigned char byte : bytes) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

std::string Stamp(Time now) {
  std::string out;
  for (const char c : FormatRfc3339(now)) {
    if (c != '-' && c != ':') out += c;
  }
  return out;
}

struct flock WholeFile() {
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  return whole;
}

Error Failed(const std::string& path, int error) {
  return {Cat(path, ": ", std::strerror(error))};
}

bool IsLocked(const std::string& path) {
  const runtime::Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.ok()) return false;
  struct flock whole = WholeFile();
  return fcntl(fd.get(), F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

void RemoveOldest(const std::string& state_directory) {
  std::vector<JournalEntry> over = JournalsIn(state_directory);
  std::erase_if(over, [](const JournalEntry& journal) { return journal.live; });
  for (std::size_t i = 0; i + kMaxJournals <= over.size(); ++i) {
    unlink(over[i].path.c_str());
    unlink((over[i].path + ".1").c_str());
  }
}

Status AppendFile(const std::string& path, std::string& out) {
  const runtime::Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.ok()) return errno == ENOENT ? Ok() : Status(Failed(path, errno));
  char buffer[65536];
  while (true) {
    const ssize_t count = read(fd.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failed(path, errno);
    if (count == 0) return Ok();
    out.append(buffer, static_cast<std::size_t>(count));
  }
}

}  // namespace

Result<JournalFile> JournalFile::Make(const std::string& state_directory, Time now) {
  const std::string folder = state_directory + "/journal";
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed) return Error{Cat(folder, ": ", failed.message())};
  RemoveOldest(state_directory);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    JournalFile out(Cat(folder, "/", Stamp(now), "-", RandomText(), kSuffix));
    const int error = out.Open();
    if (error == 0) return out;
    if (error != EEXIST) return Failed(out.path_, error);
  }
  return Error{Cat(folder, ": no free name")};
}

int JournalFile::Open() {
  fd_ = runtime::Fd(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (!fd_.ok()) return errno;
  // Without locks here nobody can tell that the run lives: its journal is read all the same.
  struct flock whole = WholeFile();
  [[maybe_unused]] const int locked = fcntl(fd_.get(), F_OFD_SETLK, &whole);
  size_ = 0;
  return 0;
}

void JournalFile::Append(const document::Value& record) {
  if (broken_) return;
  buffer_ += document::WriteJson(record);
  buffer_ += '\n';
}

Status JournalFile::Flush() {
  if (broken_ || buffer_.empty()) return Ok();
  std::size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t count = write(fd_.get(), buffer_.data() + done, buffer_.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int error = count < 0 ? errno : EIO;
      broken_ = true;
      buffer_.clear();
      return Failed(path_, error);
    }
    done += static_cast<std::size_t>(count);
  }
  size_ += done;
  buffer_.clear();
  return Ok();
}

Status JournalFile::Rotate() {
  if (const Status flushed = Flush(); !flushed.ok() || broken_) return flushed;
  if (rename(path_.c_str(), (path_ + ".1").c_str()) != 0) {
    broken_ = true;
    return Failed(path_, errno);
  }
  const int error = Open();
  broken_ = error != 0;
  return error == 0 ? Ok() : Status(Failed(path_, error));
}

bool IsJournalName(std::string_view name) {
  const std::string_view suffix = name.ends_with(kOlder) ? kOlder : kSuffix;
  if (!name.ends_with(suffix)) return false;
  const std::string_view stem = name.substr(0, name.size() - suffix.size());
  if (stem.size() != kStampLength + 1 + kRandomLength || stem[8] != 'T' || stem[15] != 'Z' || stem[16] != '-')
    return false;
  return std::all_of(stem.begin(), stem.end(), [](char c) { return IsAlnum(c) || c == '-'; });
}

bool IsLiveJournal(const std::string& path) {
  return IsLocked(path.ends_with(kOlder) ? path.substr(0, path.size() - 2) : path);
}

std::vector<JournalEntry> JournalsIn(const std::string& state_directory) {
  std::vector<JournalEntry> out;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(state_directory + "/journal", ignored)) {
    const std::string name = entry.path().filename();
    if (!IsJournalName(name) || name.ends_with(kOlder)) continue;
    const std::string path = entry.path();
    out.push_back({name.substr(0, name.size() - kSuffix.size()), path, IsLocked(path)});
  }
  std::sort(out.begin(), out.end(), [](const JournalEntry& a, const JournalEntry& b) { return a.name < b.name; });
  return out;
}

Result<std::string> ReadJournal(const JournalEntry& journal) {
  std::string out;
  if (const Status read = AppendFile(journal.path + ".1", out); !read.ok()) return read.error();
  // A line that a crash tore is the last of its part.
  if (!out.empty() && out.back() != '\n') out += '\n';
  if (const Status read = AppendFile(journal.path, out); !read.ok()) return read.error();
  return out;
}

}  // namespace reprieve::node
