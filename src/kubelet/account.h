// What this machine's /etc/passwd and /etc/group say of a user by number, as container runtimes read an image's.
//
// Users of a directory service are not asked for: a lookup could take seconds. Thread rules: any thread; it reads
// files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprieve::kubelet {

struct Account {
  std::uint32_t group = 0;
  std::string home;
  // Those that list the user as a member.
  std::vector<std::uint32_t> groups;
};

// Nothing: the user has no entry.
std::optional<Account> AccountOf(std::uint32_t user);

// Pure: from the texts of the two files.
std::optional<Account> AccountIn(std::uint32_t user, std::string_view passwd, std::string_view group);

}  // namespace reprieve::kubelet
