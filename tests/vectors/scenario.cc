#include "vectors/scenario.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/text.h"
#include "document/json.h"

namespace reprieve::vectors {

using document::Value;

Nanoseconds DurationOf(const Value& seconds) {
  return std::chrono::duration_cast<Nanoseconds>(
      std::chrono::duration<double>(std::strtod(seconds.AsText().c_str(), nullptr)));
}

std::string SecondsText(Nanoseconds duration) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.9g", std::round(std::chrono::duration<double>(duration).count() * 10) / 10);
  return buffer;
}

sim::PodScript ScriptOf(const Value& life, sim::Simulation& simulation) {
  sim::PodScript script;
  if (const Value* terminates = life.Find("terminates")) script.deletion.emplace().takes = DurationOf(*terminates);
  if (life["unbound"].AsBool()) return script;
  script.bound = DurationOf(life["bound"]);
  if (const Value* node = life.Find("node")) script.node = node->AsText();
  if (life["runs"].AsText() != "never") script.running = std::max(*script.bound, DurationOf(life["runs"]));
  if (life.Find("ends") == nullptr) return script;
  script.ended = DurationOf(life["ends"]);
  script.end = [&simulation, code = static_cast<std::int32_t>(life["code"].AsInt()),
                condition = life["condition"].AsText()](const core::Pod& pod, core::PodStatus& status) {
    sim::EndContainers(pod, code, simulation.Now(), status);
    if (condition.empty()) return;
    core::PodCondition added;
    added.type = condition;
    added.status = "True";
    status.SetCondition(std::move(added));
  };
  return script;
}

void ExpectWithin(const Value& expected, const Value& actual, const std::string& path) {
  if (expected.IsObject()) {
    for (const auto& member : expected.members()) {
      ExpectWithin(member.value, actual[member.key], Cat(path, ".", member.key));
    }
    return;
  }
  if (actual == expected) return;  // whatever the order of members
  ADD_FAILURE() << path << " is " << document::WriteJson(actual) << ", not " << document::WriteJson(expected);
}

}  // namespace reprieve::vectors
