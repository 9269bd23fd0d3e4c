// Runs the vectors about JobSets: a JobSet, what its pods do, what happens to it, and what follows when.
#include "base/text.h"
#include "document/json.h"
#include "vectors/jobset_scenario.h"
#include "vectors/scenario.h"
#include "vectors/vectors.h"

namespace reprieve {
namespace {

using document::Value;
using vectors::JobSetScenario;

void RunScenario(const Value& input, const Value& expect) {
  JobSetScenario scenario(input);
  scenario.Run();
  vectors::ExpectWithin(expect, scenario.Seen(), "seen");
}

// The controller crashes before and after each of its writes: the final state equals that of a run without crashes.
void RunWithCrashes(const Value& input, const Value& expect) {
  JobSetScenario calm(input, sim::FaultRates{});
  calm.Run();
  vectors::ExpectWithin(expect, calm.Seen(), "seen");
  const std::string end = document::WriteJson(calm.Present());
  ASSERT_GE(calm.writes(), 3U);
  for (std::uint64_t at = 1; at <= calm.writes(); ++at) {
    for (const bool after : {false, true}) {
      sim::FaultRates faults;
      faults.crash_at = at;
      faults.crash_after = after;
      JobSetScenario crashing(input, faults);
      crashing.Run();
      EXPECT_EQ(document::WriteJson(crashing.Present()), end)
          << "crashed " << (after ? "after" : "before") << " write " << at << " of " << calm.writes();
    }
  }
}

constexpr vectors::VectorFile kFiles[] = {
    {"jobset_failure", RunScenario},    {"jobset_restart_times", RunScenario}, {"jobset_in_place", RunScenario},
    {"jobset_ttl", RunScenario},        {"jobset_placement", RunScenario},     {"jobset_names", RunScenario},
    {"jobset_suspend", RunScenario},    {"jobset_startup", RunScenario},       {"jobset_success", RunScenario},
    {"jobset_extensions", RunScenario}, {"jobset_crashes", RunWithCrashes},
};

}  // namespace
}  // namespace reprieve

int main(int argc, char** argv) {
  return reprieve::vectors::RunAll(argc, argv, reprieve::kFiles);
}
