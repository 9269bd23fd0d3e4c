#include "cli/human_size.h"

#include <gtest/gtest.h>

#include <limits>

namespace reprieve::cli {
namespace {

TEST(HumanSize, HasOneDigitAfterThePointAboveBytes) {
  EXPECT_EQ(HumanSize(0), "0 B");
  EXPECT_EQ(HumanSize(1023), "1023 B");
  EXPECT_EQ(HumanSize(1024), "1.0 KiB");
  EXPECT_EQ(HumanSize(1536), "1.5 KiB");
  EXPECT_EQ(HumanSize(std::int64_t{1} << 20), "1.0 MiB");
  EXPECT_EQ(HumanSize((std::int64_t{1} << 20) - 1), "1023.9 KiB");
  EXPECT_EQ(HumanSize(std::int64_t{1342177280}), "1.2 GiB");
  EXPECT_EQ(HumanSize(std::numeric_limits<std::int64_t>::max()), "7.9 EiB");
}

}  // namespace
}  // namespace reprieve::cli
