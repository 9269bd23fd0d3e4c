#include "base/sha1.h"

#include <gtest/gtest.h>

namespace reprieve {
namespace {

// FIPS 180-4, appendix A.
TEST(Sha1, HasTheStandardsValues) {
  EXPECT_EQ(Sha1Hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(Sha1Hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

}  // namespace
}  // namespace reprieve
