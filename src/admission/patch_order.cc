#include "admission/patch_order.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "document/json.h"

namespace reprieve::admission {

using document::Value;

namespace {

std::string KeyOf(const Value& item, std::string_view merge_key) {
  return document::WriteJson(merge_key.empty() ? item : item[merge_key]);
}

// Where each key stands first.
class Ranks {
 public:
  Ranks(const Value& list, std::string_view merge_key) {
    for (std::size_t i = 0; i < list.size(); ++i) ranks_.try_emplace(KeyOf(list[i], merge_key), i);
  }

  std::optional<std::size_t> Find(const std::string& key) const {
    const auto found = ranks_.find(key);
    return found == ranks_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::map<std::string, std::size_t> ranks_;
};

struct Ranked {
  std::size_t rank = 0;             // in the order, or in the live list
  std::optional<std::size_t> live;  // absent: new in the patch
  Value item;
};

}  // namespace

bool IsSameItem(const Value& a, const Value& b, std::string_view merge_key) {
  return merge_key.empty() ? a == b : a[merge_key] == b[merge_key];
}

Value InPatchOrder(Value merged, const Value& order, const Value& live, std::string_view merge_key) {
  const Ranks in_order(order, merge_key);
  const Ranks in_live(live, merge_key);
  std::vector<Ranked> named;
  std::vector<Ranked> server_only;
  for (Value& item : merged.items()) {
    const std::string key = KeyOf(item, merge_key);
    const auto at = in_live.Find(key);
    if (const auto rank = in_order.Find(key)) {
      named.push_back({*rank, at, std::move(item)});
    } else {
      server_only.push_back({at.value_or(0), at, std::move(item)});
    }
  }
  const auto by_rank = [](const Ranked& a, const Ranked& b) { return a.rank < b.rank; };
  std::stable_sort(named.begin(), named.end(), by_rank);
  std::stable_sort(server_only.begin(), server_only.end(), by_rank);

  Value out = Value::MakeArray();
  auto next = server_only.begin();
  for (Ranked& each : named) {
    while (each.live && next != server_only.end() && next->rank < *each.live) out.Append(std::move((next++)->item));
    out.Append(std::move(each.item));
  }
  for (; next != server_only.end(); ++next) out.Append(std::move(next->item));
  return out;
}

}  // namespace reprieve::admission
