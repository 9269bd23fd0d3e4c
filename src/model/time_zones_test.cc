#include "model/time_zones.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "model/schema_lines.h"

namespace reprieve::model {
namespace {

TEST(TimeZones, NamesAreIanas) {
  for (const std::string_view name : {"", "UTC", "Local", "Africa/Abidjan", "Europe/Berlin", "Zulu", "Etc/GMT+12"}) {
    EXPECT_EQ(TimeZoneFault(name, {}), std::nullopt) << name;
  }
  EXPECT_EQ(TimeZoneFault("Europe/Berlim", {}), "unknown time zone Europe/Berlim");
  EXPECT_EQ(TimeZoneFault("europe/berlin", {}), "unknown time zone europe/berlin");
  EXPECT_EQ(TimeZoneFault("# The", {}), "unknown time zone # The");
}

TEST(TimeZones, AMachineMayKnowMore) {
  const HasTimeZone has_more = [](std::string_view name) { return name == "Mars/Phobos"; };
  EXPECT_EQ(TimeZoneFault("Mars/Phobos", has_more), std::nullopt);
  EXPECT_EQ(TimeZoneFault("Mars/Deimos", has_more), "unknown time zone Mars/Deimos");
}

TEST(TimeZones, PathsOutOfTheFolderAreNoNames) {
  const HasTimeZone everything = [](std::string_view) { return true; };
  for (const std::string_view name : {"../UTC", "/UTC", "\\UTC", "Etc/../UTC"}) {
    EXPECT_EQ(TimeZoneFault(name, everything), "time: invalid location name") << name;
  }
}

TEST(TimeZones, TheTableIsSorted) {
  std::vector<std::string_view> names;
  for (const std::string_view line : TimeZoneLines()) {
    if (!line.starts_with('#')) names.push_back(line);
  }
  EXPECT_GT(names.size(), 500U);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
}

}  // namespace
}  // namespace reprieve::model
