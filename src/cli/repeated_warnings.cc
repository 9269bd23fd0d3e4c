#include "cli/repeated_warnings.h"

#include "base/text.h"
#include "controllers/jobset/placement.h"

namespace reprieve::cli {
namespace {

constexpr Seconds kLasts(10);

}  // namespace

bool RepeatedWarnings::Add(const world::Event& event, bool explained, std::vector<std::string>& ended) {
  const Key key{event.about, event.reason};
  Warning& warning = warnings_[key];
  if (warning.message != event.message) {
    if (warning.told && warning.count > 1) ended.push_back(Text(key, warning));
    warning = {event.message, event.at, 0, false};
  }
  ++warning.count;
  const bool transient = controllers::IsDeniedFollower(event.message);
  // From now on it lasts without an explanation.
  if (transient && explained) warning.first = event.at;
  if (warning.told || (transient && event.at - warning.first < kLasts)) return false;
  warning.told = true;
  return true;
}

std::vector<std::string> RepeatedWarnings::Rest() const {
  std::vector<std::string> out;
  for (const auto& [key, warning] : warnings_) {
    if (warning.told && warning.count > 1) out.push_back(Text(key, warning));
  }
  return out;
}

std::string RepeatedWarnings::Text(const Key& key, const Warning& warning) {
  return Cat(key.first.key.name, " ", key.second, " came ", warning.count, " times: ", warning.message);
}

}  // namespace reprieve::cli
