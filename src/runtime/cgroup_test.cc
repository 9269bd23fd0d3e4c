#include "runtime/cgroup.h"

#include <gtest/gtest.h>

#include <string>

#include "base/text.h"

namespace reprieve::runtime {
namespace {

TEST(EngineName, IsOfALiveEngineAsLongAsThisProcessLives) {
  EXPECT_FALSE(IsNameOfADeadEngine(EngineName()));
  // The same process number, another start: that engine is gone.
  const std::string name = EngineName();
  EXPECT_TRUE(IsNameOfADeadEngine(Cat(name.substr(0, name.rfind('-')), "-1")));
}

TEST(EngineName, OfAnotherPidNamespaceSaysNothingAboutItsEngine) {
  EXPECT_FALSE(IsNameOfADeadEngine("reprieve-1-999999-1"));
  EXPECT_FALSE(IsNameOfADeadEngine("reprieve"));
  EXPECT_FALSE(IsNameOfADeadEngine("somebody-elses"));
}

TEST(Cgroups, ThatAreNotThereSayWhyAndMakeNothing) {
  const Cgroups none = Cgroups::None("not asked for");
  EXPECT_EQ(none.Describe(),
            "memory limits by a look at the processes five times a second, cpu limits not at all (not asked for)");
  const auto group = none.Create("c1", {.memory_bytes = 1 << 20, .cpu_milli = {}, .pids = {}});
  ASSERT_TRUE(group.ok());
}

}  // namespace
}  // namespace reprieve::runtime
