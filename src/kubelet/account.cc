#include "kubelet/account.h"

#include <algorithm>

#include "base/text.h"
#include "runtime/file.h"

namespace reprieve::kubelet {
namespace {

std::optional<std::uint32_t> Number(std::string_view text) {
  const auto number = ParseInt64(text);
  if (!number || *number < 0 || *number > UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

}  // namespace

std::optional<Account> AccountIn(std::uint32_t user, std::string_view passwd, std::string_view group) {
  std::optional<Account> out;
  std::string name;
  for (const std::string_view line : Split(passwd, '\n')) {
    const auto fields = Split(line, ':');
    if (fields.size() < 4 || Number(fields[2]) != user) continue;
    name = fields[0];
    out.emplace().group = Number(fields[3]).value_or(0);
    if (fields.size() > 5) out->home = fields[5];
    break;
  }
  if (!out) return out;
  for (const std::string_view line : Split(group, '\n')) {
    const auto fields = Split(line, ':');
    if (fields.size() < 4) continue;
    const auto members = Split(fields[3], ',');
    const auto number = Number(fields[2]);
    if (number && std::find(members.begin(), members.end(), name) != members.end()) out->groups.push_back(*number);
  }
  return out;
}

std::optional<Account> AccountOf(std::uint32_t user) {
  return AccountIn(user, runtime::ReadFile("/etc/passwd"), runtime::ReadFile("/etc/group"));
}

}  // namespace reprieve::kubelet
