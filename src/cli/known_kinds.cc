#include "cli/known_kinds.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "model/jobset.h"

namespace reprieve::cli {
namespace {

struct Known {
  std::string_view kind;
  std::string_view version;
};
constexpr Known kKnown[] = {
    {"Job", "batch/v1"}, {"CronJob", "batch/v1"}, {"JobSet", jobset::kApiVersion}, {"Pod", "v1"}, {"ConfigMap", "v1"},
    {"Secret", "v1"},    {"Service", "v1"},       {"PersistentVolumeClaim", "v1"},
};

}  // namespace

std::string ExpectedKinds() {
  std::string out;
  for (const Known& known : kKnown) {
    if (!out.empty()) out += &known == std::end(kKnown) - 1 ? " or " : ", ";
    AppendTo(out, known.version, " ", known.kind);
  }
  return out;
}

bool IsKnownKind(std::string_view kind) {
  return std::any_of(std::begin(kKnown), std::end(kKnown), [&](const Known& known) { return known.kind == kind; });
}

std::string NearestKind(const std::string& version, const std::string& kind) {
  std::vector<std::string_view> kinds;
  for (const Known& known : kKnown) {
    if (known.kind == kind) return Cat("The apiVersion of a ", kind, " is ", known.version, ".");
    if (known.version == version) kinds.push_back(known.kind);
  }
  if (kinds.empty()) return {};
  const auto same = std::find_if(kinds.begin(), kinds.end(), [&](std::string_view other) {
    return std::equal(other.begin(), other.end(), kind.begin(), kind.end(),
                      [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
  });
  const std::string_view near = same != kinds.end() ? *same : NearestWord(kind, kinds);
  return near.empty() ? std::string() : Cat("Did you mean ", near, "?");
}

const model::Message& MessageOf(const document::Value& object) {
  const std::string& kind = object["kind"].AsText();
  const auto* known =
      std::find_if(std::begin(kKnown), std::end(kKnown), [&](const Known& each) { return each.kind == kind; });
  REPRIEVE_CHECK(known != std::end(kKnown), kind);
  return model::GetMessage(Cat(known->version == "v1" ? "core/v1" : known->version, ".", kind));
}

}  // namespace reprieve::cli
