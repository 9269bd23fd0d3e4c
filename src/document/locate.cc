#include "document/locate.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "base/text.h"

namespace reprieve::document {
namespace {

struct Step {
  std::string name;
  bool bracketed = false;
};

std::vector<Step> Steps(std::string_view path) {
  std::vector<Step> steps;
  while (!path.empty()) {
    if (path.front() == '.') {
      path.remove_prefix(1);
    } else if (path.front() == '[') {
      const std::size_t close = std::min(path.find(']'), path.size());
      steps.push_back({std::string(path.substr(1, close - 1)), true});
      path.remove_prefix(std::min(close + 1, path.size()));
    } else {
      const std::size_t end = std::min(path.find_first_of(".["), path.size());
      steps.push_back({std::string(path.substr(0, end)), false});
      path.remove_prefix(end);
    }
  }
  return steps;
}

// What the server calls otherwise than users write it.
struct Alias {
  std::string_view name;
  std::string_view inside;  // a member of the object at hand; empty: the object itself
  std::string_view written;
};
constexpr Alias kAliases[] = {
    {"labels", "metadata", "labels"},            // of a pod template
    {"annotations", "metadata", "annotations"},  // of a pod template
    {"storage", "requests", "storage"},          // of a claim's resources
    {"clusterIPs", "", "clusterIP"},
    {"LoadBalancerSourceRanges", "", "loadBalancerSourceRanges"},
    {"HostPID", "", "hostPID"},
    {"HostIPC", "", "hostIPC"},
};

const Value::Member* MemberOf(const Value& value, std::string_view name) {
  const auto& members = value.members();
  const auto found = std::find_if(members.rbegin(), members.rend(), [&](const auto& each) { return each.key == name; });
  return found == members.rend() ? nullptr : &*found;
}

// The member of that name, or what the server calls so; null pointer: there is none.
const Value::Member* MemberCalled(const Value& value, std::string_view name) {
  if (const Value::Member* member = MemberOf(value, name)) return member;
  const auto* alias =
      std::find_if(std::begin(kAliases), std::end(kAliases), [&](const Alias& each) { return each.name == name; });
  if (alias == std::end(kAliases)) return nullptr;
  return MemberOf(alias->inside.empty() ? value : value[alias->inside], alias->written);
}

bool IsPlace(Mark mark) {
  return mark.line != 0;
}

}  // namespace

Mark Locate(const Value& root, std::string_view field_path) {
  const Value* at = &root;
  Mark mark = root.mark();
  for (const Step& step : Steps(field_path)) {
    if (at->IsArray()) {
      const auto index = ParseInt64(step.name);
      if (!step.bracketed || !index || *index < 0 || static_cast<std::size_t>(*index) >= at->size()) return mark;
      at = &(*at)[static_cast<std::size_t>(*index)];
      if (IsPlace(at->mark())) mark = at->mark();
      continue;
    }
    const Value::Member* member = MemberCalled(*at, step.name);
    if (member == nullptr) return mark;
    at = &member->value;
    if (IsPlace(member->mark)) mark = member->mark;
  }
  // Of a text or a number the value itself is what is wrong, not its name.
  const bool scalar = !at->IsArray() && !at->IsObject() && !at->IsNull();
  return scalar && IsPlace(at->mark()) ? at->mark() : mark;
}

}  // namespace reprieve::document
