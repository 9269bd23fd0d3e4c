// What vectors on virtual time have in common: times, lives of pods, and the comparison with what was seen.
#pragma once

#include <string>

#include "document/value.h"
#include "sim/scripted_kubelet.h"
#include "sim/simulation.h"

namespace reprieve::vectors {

// Seconds, as vectors write them: 12, 0.5.
[[nodiscard]] Nanoseconds DurationOf(const document::Value& seconds);
// As DurationOf reads it, to a tenth of a second.
[[nodiscard]] std::string SecondsText(Nanoseconds duration);

// A pod that is bound and runs at once:
//   {ends: 5, code: 1, condition: DisruptionTarget}   it ends after so many seconds, with that code and condition
//   {runs: 3}          it runs only after so many seconds; {runs: never}
//   {node: n2}         where it is bound; {bound: 5}: when; {unbound: true}: never
//   {terminates: 60}   how long it goes on once it is deleted
[[nodiscard]] sim::PodScript ScriptOf(const document::Value& life, sim::Simulation& simulation);

// Everything that `expected` says, `actual` has; a null says that it is not there.
void ExpectWithin(const document::Value& expected, const document::Value& actual, const std::string& path);

}  // namespace reprieve::vectors
