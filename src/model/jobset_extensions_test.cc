#include "model/jobset_extensions.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace reprieve::jobset {
namespace {

Extensions Read(const std::map<std::string, std::string>& annotations, std::string* errors = nullptr) {
  meta::Labels labels;
  for (const auto& [key, value] : annotations) labels.Set(key, value);
  std::vector<ExtensionError> found;
  Extensions out = ReadExtensions(labels, &found);
  for (const ExtensionError& error : found) {
    if (errors != nullptr) AppendTo(*errors, error.key, " ", error.message, "\n");
  }
  return out;
}

TEST(Extensions, NothingIsUpstreamsBehaviour) {
  const Extensions none = Read({{"example.com/restart-delay", "1s"}});
  EXPECT_FALSE(none.restart_delay || none.restarts_reset_after || none.terminating_limit || none.pending_limit);
  EXPECT_TRUE(none.rule_max_restarts.empty());
  EXPECT_EQ(none.DelayOf(5), Nanoseconds(0));
}

TEST(Extensions, TheDelayGrowsUpToItsCap) {
  const Extensions doubled = Read({{"reprieve.dev/restart-delay", "10s"}, {"reprieve.dev/restart-delay-cap", "1m"}});
  EXPECT_EQ(doubled.DelayOf(1), Seconds(10));
  EXPECT_EQ(doubled.DelayOf(2), Seconds(20));
  EXPECT_EQ(doubled.DelayOf(3), Seconds(40));
  EXPECT_EQ(doubled.DelayOf(4), Seconds(60));
  EXPECT_EQ(doubled.DelayOf(1'000'000'000'000), Seconds(60));
  const Extensions constant = Read({{"reprieve.dev/restart-delay", "3s"}, {"reprieve.dev/restart-delay-factor", "1"}});
  EXPECT_EQ(constant.DelayOf(1'000'000'000'000), Seconds(3));
}

TEST(Extensions, BudgetsOfRules) {
  const Extensions read = Read({{"reprieve.dev/rule-max-restarts", " network=3; a,b:c = 0 ;"}});
  EXPECT_EQ(read.rule_max_restarts, (std::map<std::string, std::int32_t>{{"network", 3}, {"a,b:c", 0}}));
  EXPECT_EQ(WriteCounts(read.rule_max_restarts), "a,b:c=0; network=3");
  for (const char* bad : {"network", "=3", "network=-1", "network=x", "a=1; a=2"}) EXPECT_FALSE(ReadCounts(bad)) << bad;
}

TEST(Extensions, WhatCannotBeReadIsNamedAndCountsAsAbsent) {
  std::string errors;
  const Extensions read = Read({{"reprieve.dev/restart-delay", "soon"},
                                {"reprieve.dev/restart-delay-factor", "0.5"},
                                {"reprieve.dev/restarts-reset-afer", "1h"},
                                {"reprieve.dev/rule-max-restarts", "x"}},
                               &errors);
  EXPECT_EQ(errors,
            "reprieve.dev/restart-delay is no duration, such as 10s, 5m or 1h30m\n"
            "reprieve.dev/restart-delay-factor is no factor from 1 to 1000, such as 2 or 1.5\n"
            "reprieve.dev/restarts-reset-afer is none of Reprieve's; did you mean reprieve.dev/restarts-reset-after?\n"
            "reprieve.dev/rule-max-restarts is no list RULE=COUNT; RULE=COUNT, such as network=3; data=1\n");
  EXPECT_FALSE(read.restart_delay);
  EXPECT_EQ(read.restart_delay_factor, 2);
}

}  // namespace
}  // namespace reprieve::jobset
