#include "model/cron_schedule.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace reprieve::model {
namespace {

using std::chrono::seconds;

std::uint64_t Bits(std::initializer_list<int> values) {
  std::uint64_t out = 0;
  for (const int value : values) out |= std::uint64_t{1} << value;
  return out;
}

CronSchedule Schedule(std::string_view text) {
  const auto schedule = ParseCronSchedule(text);
  EXPECT_TRUE(schedule.ok()) << text;
  return schedule.ok() ? *schedule : CronSchedule();
}

std::string Fault(std::string_view text) {
  const auto schedule = ParseCronSchedule(text);
  return schedule.ok() ? "" : schedule.error().message;
}

TEST(CronSchedule, FieldsAreListsOfRangesWithSteps) {
  const CronSchedule schedule = Schedule("*/20 8-10,22 1/10 * 1-5/2");
  EXPECT_EQ(schedule.minute.values, Bits({0, 20, 40}));
  EXPECT_EQ(schedule.hour.values, Bits({8, 9, 10, 22}));
  EXPECT_EQ(schedule.day_of_month.values, Bits({1, 11, 21, 31}));
  EXPECT_EQ(schedule.month.values, Bits({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
  EXPECT_EQ(schedule.day_of_week.values, Bits({1, 3, 5}));
}

TEST(CronSchedule, AStepTakesTheStarItsMeaning) {
  EXPECT_TRUE(Schedule("* * * * *").day_of_month.any);
  EXPECT_TRUE(Schedule("* * ? * *").day_of_month.any);
  EXPECT_TRUE(Schedule("* * */1 * *").day_of_month.any);
  EXPECT_FALSE(Schedule("* * */2 * *").day_of_month.any);
  EXPECT_FALSE(Schedule("* * 1-31 * *").day_of_month.any);
}

TEST(CronSchedule, MonthsAndDaysHaveNames) {
  const CronSchedule schedule = Schedule("0 0 * jan,Dec SUN-tue");
  EXPECT_EQ(schedule.month.values, Bits({1, 12}));
  EXPECT_EQ(schedule.day_of_week.values, Bits({0, 1, 2}));
}

TEST(CronSchedule, DescriptorsStandForFields) {
  const CronSchedule weekly = Schedule("@weekly");
  EXPECT_EQ(weekly.day_of_week.values, Bits({0}));
  EXPECT_FALSE(weekly.day_of_week.any);
  EXPECT_TRUE(weekly.day_of_month.any);
  EXPECT_EQ(Schedule("@hourly").minute.values, Bits({0}));
}

TEST(CronSchedule, AnIntervalHasWholeSecondsAndAtLeastOne) {
  EXPECT_EQ(Schedule("@every 1h30m").every, seconds(5400));
  EXPECT_EQ(Schedule("@every 2.9s").every, seconds(2));
  EXPECT_EQ(Schedule("@every 1ms").every, seconds(1));
  EXPECT_EQ(Schedule("@every 1.1m").every, seconds(66));
  EXPECT_EQ(Schedule("@every 0.7h").every, seconds(2520));
  EXPECT_EQ(Schedule("@every 0.99999999999999999999999999h").every, seconds(3600));
  EXPECT_EQ(Schedule("@every -2562047h47m16.854775808s").every, seconds(1));
  EXPECT_EQ(Fault("@every 2562047h47m16.854775808s"),
            "failed to parse duration @every 2562047h47m16.854775808s: time: invalid duration "
            "\"2562047h47m16.854775808s\"");
  EXPECT_EQ(Schedule("@every -1h").every, seconds(1));
  EXPECT_FALSE(Schedule("@daily").every);
}

TEST(CronSchedule, APrefixNamesATimeZone) {
  EXPECT_EQ(Schedule("CRON_TZ=Europe/Berlin 0 6 * * *").time_zone, "Europe/Berlin");
  EXPECT_EQ(Schedule("TZ=UTC  @daily ").time_zone, "UTC");
  EXPECT_FALSE(Schedule("0 6 * * *").time_zone);
  EXPECT_EQ(Fault("TZ=Mars/Phobos * * * * *"), "provided bad location Mars/Phobos: unknown time zone Mars/Phobos");
  EXPECT_TRUE(ParseCronSchedule("TZ=Mars/Phobos * * * * *", [](std::string_view) { return true; }).ok());
}

TEST(CronSchedule, SpaceIsUnicodes) {
  EXPECT_EQ(Schedule("0\t6\u00a0*\u3000* *").hour.values, Bits({6}));
}

TEST(CronSchedule, HugeNumbersAreRefused) {
  EXPECT_EQ(Fault("64 * * * *"), "end of range (64) above maximum (59): 64");
  EXPECT_EQ(Schedule("*/9223372036854775807 * * * *").minute.values, Bits({0}));
  EXPECT_EQ(Fault("*/9223372036854775808 * * * *"),
            "failed to parse int from 9223372036854775808: strconv.Atoi: parsing \"9223372036854775808\": value out of "
            "range");
}

}  // namespace
}  // namespace reprieve::model
