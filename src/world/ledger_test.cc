#include "world/ledger.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace reprieve::world {
namespace {

std::vector<Verdict> Round(std::int32_t from, std::int32_t count) {
  std::vector<Verdict> out(static_cast<std::size_t>(count));
  for (Verdict& verdict : out) verdict.pod = Cat("p", from++);
  return out;
}

TEST(Ledger, TellsEachVerdictInItsOrder) {
  Ledger ledger;
  std::string told;
  ledger.set_listener([&](const Verdict& verdict) { AppendTo(told, verdict.pod, " "); });
  ledger.Record(Round(0, 2));
  ledger.Record({});
  ledger.Record(Round(2, 1));
  EXPECT_EQ(told, "p0 p1 p2 ");
}

TEST(Ledger, KeepsAtLeastTheNewestAndLetsWholeRoundsGo) {
  Ledger ledger(/*limit=*/5);
  ledger.Record(Round(0, 3));
  ledger.Record(Round(3, 3));
  EXPECT_EQ(ledger.verdicts().size(), 6U);
  ledger.Record(Round(6, 3));
  const std::vector<const Verdict*> kept = ledger.verdicts();
  ASSERT_EQ(kept.size(), 6U);
  EXPECT_EQ(kept.front()->pod, "p3");
  EXPECT_EQ(kept.back()->pod, "p8");
}

TEST(Verdict, ARetryIsSaidInNumbers) {
  Verdict verdict;
  verdict.retry = Retry{1, 3, -1};
  verdict.wait = Seconds(20);
  EXPECT_EQ(ConsequenceOf(verdict), "retry 1 of 3 in 20s");
  verdict.retry = Retry{2, 4, 7};
  verdict.wait.reset();
  EXPECT_EQ(ConsequenceOf(verdict), "retry 2 of 4 of index 7");
  verdict.retry = Retry{};
  EXPECT_EQ(ConsequenceOf(verdict), "not counted, retry");
}

}  // namespace
}  // namespace reprieve::world
