#include "runtime/own_cgroup.h"

#include <algorithm>

#include "base/saturate.h"
#include "base/text.h"
#include "runtime/file.h"

namespace reprieve::runtime {
namespace {

bool IsOctal(char c) {
  return c >= '0' && c <= '7';
}

// A blank in a path is written \040.
std::string Unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && IsOctal(text[i + 1]) && IsOctal(text[i + 2]) &&
        IsOctal(text[i + 3])) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

void Bound(std::optional<std::int64_t>& limit, std::optional<std::int64_t> by) {
  if (by && *by > 0) limit = std::min(limit.value_or(*by), *by);
}

std::optional<std::int64_t> NumberIn(const std::string& path) {
  return ParseInt64(Trim(ReadFile(path)));
}

std::optional<std::int64_t> MilliCpu(std::optional<std::int64_t> quota, std::optional<std::int64_t> period) {
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return std::max<std::int64_t>(MultiplySaturated(*quota, 1000) / *period, 1);
}

// From the own group up to what is mounted.
std::vector<std::string> OwnAndAbove(const CgroupMount& mount, std::string_view controller, std::string_view own) {
  std::vector<std::string> out;
  for (std::string at = OwnCgroup(mount, controller, own); at.size() > mount.path.size();) {
    out.push_back(at);
    at.resize(at.rfind('/'));
  }
  out.push_back(mount.path);
  return out;
}

void BoundByVersion2(const CgroupMount& mount, std::string_view own, OwnLimits& limits) {
  for (const std::string& group : OwnAndAbove(mount, "", own)) {
    Bound(limits.memory_bytes, NumberIn(group + "/memory.max"));
    const std::string text = ReadFile(group + "/cpu.max");
    const auto words = Split(Trim(text), ' ');
    if (words.size() == 2) Bound(limits.cpu_milli, MilliCpu(ParseInt64(words[0]), ParseInt64(words[1])));
  }
}

void BoundByVersion1(const CgroupMount& mount, std::string_view own, OwnLimits& limits) {
  if (mount.Has("memory")) {
    for (const std::string& group : OwnAndAbove(mount, "memory", own)) {
      Bound(limits.memory_bytes, NumberIn(group + "/memory.limit_in_bytes"));
      // Knows of groups above what is mounted, too.
      Bound(limits.memory_bytes, NumberAfter(ReadFile(group + "/memory.stat"), "hierarchical_memory_limit"));
    }
  }
  if (!mount.Has("cpu")) return;
  for (const std::string& group : OwnAndAbove(mount, "cpu", own)) {
    Bound(limits.cpu_milli, MilliCpu(NumberIn(group + "/cpu.cfs_quota_us"), NumberIn(group + "/cpu.cfs_period_us")));
  }
}

}  // namespace

bool CgroupMount::Has(std::string_view controller) const {
  return HasWord(controllers, controller, ',');
}

std::vector<CgroupMount> ParseCgroupMounts(std::string_view mountinfo) {
  std::vector<CgroupMount> out;
  for (const std::string_view line : Split(mountinfo, '\n')) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) continue;
    const auto place = Split(line.substr(0, dash), ' ');
    const auto kind = Split(line.substr(dash + 3), ' ');
    if (place.size() < 5 || kind.size() < 3 || !kind[0].starts_with("cgroup")) continue;
    const bool version_2 = kind[0] == "cgroup2";
    out.push_back({Unescaped(place[4]), Unescaped(place[3]), version_2 ? "" : std::string(kind[2]), version_2});
  }
  return out;
}

std::string OwnCgroup(const CgroupMount& mount, std::string_view controller, std::string_view own) {
  for (const std::string_view line : Split(own, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? !controllers.empty() : !HasWord(controllers, controller, ',')) continue;
    std::string_view path = line.substr(second + 1);
    // Outside of this cgroup namespace: "/../name".
    if (path.starts_with("/..")) return {};
    if (mount.root != "/") {
      if (!path.starts_with(mount.root)) return {};
      path.remove_prefix(mount.root.size());
      if (!path.empty() && path.front() != '/') return {};
    }
    return path == "/" || path.empty() ? mount.path : Cat(mount.path, path);
  }
  return {};
}

OwnLimits ReadOwnLimits() {
  return ReadOwnLimits(ReadFile("/proc/self/mountinfo"), ReadFile("/proc/self/cgroup"));
}

OwnLimits ReadOwnLimits(std::string_view mountinfo, std::string_view own) {
  OwnLimits limits;
  for (const CgroupMount& mount : ParseCgroupMounts(mountinfo)) {
    if (mount.version_2) {
      BoundByVersion2(mount, own, limits);
    } else {
      BoundByVersion1(mount, own, limits);
    }
  }
  return limits;
}

std::int64_t NumberAfter(std::string_view text, std::string_view key) {
  for (const std::string_view line : Split(text, '\n')) {
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
      return ParseInt64(line.substr(key.size() + 1)).value_or(0);
    }
  }
  return 0;
}

bool HasWord(std::string_view text, std::string_view word, char separator) {
  const auto words = Split(Trim(text), separator);
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace reprieve::runtime
