#include "model/feature_gates.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <vector>

#include "base/text.h"

namespace reprieve::model {
namespace {

struct Gate {
  std::string_view name;
  bool FeatureGates::*member;
};
constexpr Gate kGates[] = {
    {"ElasticJobSet", &FeatureGates::elastic_job_set},
    {"InPlaceRestart", &FeatureGates::in_place_restart},
    {"RestartJob", &FeatureGates::restart_job},
};
constexpr std::string_view kAllAlpha = "AllAlpha";
constexpr std::string_view kAllBeta = "AllBeta";      // there is none
constexpr std::string_view kLockedOn = "TLSOptions";  // GA

std::optional<bool> ReadBool(std::string_view text) {
  for (const std::string_view word : {"true", "True", "TRUE", "1", "t", "T"}) {
    if (text == word) return true;
  }
  for (const std::string_view word : {"false", "False", "FALSE", "0", "f", "F"}) {
    if (text == word) return false;
  }
  return std::nullopt;
}

bool IsKnown(std::string_view name) {
  return name == kAllAlpha || name == kAllBeta || name == kLockedOn ||
         std::any_of(std::begin(kGates), std::end(kGates), [&](const Gate& gate) { return gate.name == name; });
}

Error Unknown(std::string_view name) {
  std::vector<std::string_view> names = {kAllAlpha};
  std::string known;
  for (const Gate& gate : kGates) {
    names.push_back(gate.name);
    AppendTo(known, known.empty() ? "" : ", ", gate.name);
  }
  const std::string_view near = NearestWord(name, names);
  return Error{Cat("unrecognized feature gate: ", name, "; known are ", known, " and ", kAllAlpha,
                   near.empty() ? std::string() : Cat("; did you mean ", near, "?"))};
}

}  // namespace

Result<FeatureGates> ParseFeatureGates(std::string_view text) {
  FeatureGates out;
  std::vector<std::pair<bool FeatureGates::*, bool>> named;
  for (const std::string_view item : Split(text, ',')) {
    if (Trim(item).empty()) continue;
    const std::size_t equals = item.find('=');
    const std::string_view name = Trim(item.substr(0, equals));
    if (!IsKnown(name)) return Unknown(name);
    if (equals == std::string_view::npos) return Error{Cat("missing bool value for ", name, "; write ", name, "=true")};
    const auto on = ReadBool(Trim(item.substr(equals + 1)));
    if (!on)
      return Error{Cat("invalid value of ", name, ": ", Trim(item.substr(equals + 1)), "; expected true or false")};
    if (name == kAllBeta) continue;
    if (name == kLockedOn) {
      if (!*on) return Error{Cat("cannot set feature gate ", name, " to false, feature is locked to true")};
      continue;
    }
    if (name == kAllAlpha) {
      out = {*on, *on, *on};
      continue;
    }
    const Gate* found = nullptr;
    for (const Gate& gate : kGates) found = gate.name == name ? &gate : found;
    named.emplace_back(found->member, *on);
  }
  for (const auto& [member, on] : named) out.*member = on;
  return out;
}

bool IsGateOn(const FeatureGates& gates, std::string_view name) {
  return std::any_of(std::begin(kGates), std::end(kGates),
                     [&](const Gate& gate) { return gate.name == name && gates.*gate.member; });
}

}  // namespace reprieve::model
