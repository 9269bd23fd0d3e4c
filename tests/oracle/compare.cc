#include "oracle/compare.h"

#include <set>

#include "base/text.h"
#include "document/json.h"

namespace reprieve::oracle {
namespace {

using document::Value;

constexpr std::size_t kMaxDifferences = 200;

std::string Shown(const Value* value) {
  return value == nullptr ? "(absent)" : document::WriteJson(*value);
}

void Compare(const Value* expected, const Value* actual, const std::string& path, std::vector<Difference>& out) {
  if (out.size() >= kMaxDifferences) return;
  if (expected != nullptr && actual != nullptr) {
    if (expected->IsObject() && actual->IsObject()) {
      std::set<std::string> keys;
      for (const auto& member : expected->members()) keys.insert(member.key);
      for (const auto& member : actual->members()) keys.insert(member.key);
      for (const auto& key : keys) Compare(expected->Find(key), actual->Find(key), Cat(path, ".", key), out);
      return;
    }
    if (expected->IsArray() && actual->IsArray() && expected->size() == actual->size()) {
      for (std::size_t i = 0; i < expected->size(); ++i) {
        Compare(&(*expected)[i], &(*actual)[i], Cat(path, "[", i, "]"), out);
      }
      return;
    }
    if (*expected == *actual) return;
  }
  if (expected == actual) return;
  out.push_back({"", path, Shown(expected), Shown(actual)});
}

}  // namespace

std::vector<Difference> Differences(const Value& expected, const Value& actual, std::string path) {
  std::vector<Difference> out;
  Compare(&expected, &actual, path, out);
  return out;
}

std::vector<Difference> DifferencesAt(std::string_view step, const Value& expected, const Value& actual) {
  auto out = Differences(expected, actual);
  for (auto& difference : out) difference.step = step;
  return out;
}

}  // namespace reprieve::oracle
