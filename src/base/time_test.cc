#include "base/time.h"

#include <gtest/gtest.h>

namespace reprieve {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

TEST(Duration, WhatIsPrintedIsReadBack) {
  for (const Nanoseconds duration :
       {Nanoseconds(milliseconds(0)), Nanoseconds(milliseconds(320)), Nanoseconds(milliseconds(9400)),
        Nanoseconds(Seconds(12)), Nanoseconds(Seconds(72)), Nanoseconds(minutes(125)), Nanoseconds(hours(76))}) {
    EXPECT_EQ(ParseDuration(HumanDuration(duration)), duration) << HumanDuration(duration);
  }
}

TEST(Duration, FractionsAndDays) {
  EXPECT_EQ(ParseDuration("1.5h"), minutes(90));
  EXPECT_EQ(ParseDuration("0.4s"), milliseconds(400));
  EXPECT_EQ(ParseDuration("2.5ms"), Nanoseconds(2'500'000));
  EXPECT_EQ(ParseDuration("1m0.25s"), milliseconds(60'250));
  EXPECT_EQ(ParseDuration("3d4h"), hours(76));
  EXPECT_EQ(ParseDuration("36500d"), hours(36500 * 24));
  EXPECT_EQ(ParseDuration("999999999d"), hours(36500 * 24));
}

TEST(Duration, WhatIsNone) {
  for (const char* text :
       {"", "4", "s", ".4s", "9.s", "-1s", "1e3s", "5 s", "1s ", "1w", "9999999999s", "0.1234567891s"}) {
    EXPECT_FALSE(ParseDuration(text)) << text;
  }
}

TEST(Rfc3339, WithMilliseconds) {
  EXPECT_EQ(FormatRfc3339Milli(Time(milliseconds(1'001))), "1970-01-01T00:00:01.001Z");
  EXPECT_EQ(FormatRfc3339Milli(Time(Seconds(1))), "1970-01-01T00:00:01.000Z");
}

}  // namespace
}  // namespace reprieve
