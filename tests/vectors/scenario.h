// Shared by vectors on virtual time: times, what pods do, and the comparison with what was observed.
#pragma once

#include <string>

#include "document/value.h"
#include "sim/scripted_kubelet.h"
#include "sim/simulation.h"

namespace reprieve::vectors {

// Seconds, as vectors write them: 12, 0.5.
[[nodiscard]] Nanoseconds DurationOf(const document::Value& seconds);
// In the format of DurationOf, to a tenth of a second.
[[nodiscard]] std::string SecondsText(Nanoseconds duration);

// What a pod does; by default it is bound and runs at once:
//   {ends: 5, code: 1, condition: DisruptionTarget}   it ends after that many seconds, with that code and condition
//   {runs: 3}          it runs only after that many seconds; {runs: never}
//   {node: n2}         where it is bound; {bound: 5}: when; {unbound: true}: never
//   {terminates: 60}   how long it keeps running once it is deleted
[[nodiscard]] sim::PodScript ScriptOf(const document::Value& life, sim::Simulation& simulation);

// `actual` must contain everything in `expected`; a null means absent.
void ExpectWithin(const document::Value& expected, const document::Value& actual, const std::string& path);

}  // namespace reprieve::vectors
