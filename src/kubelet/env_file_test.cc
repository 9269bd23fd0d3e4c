#include "kubelet/env_file.h"

#include <gtest/gtest.h>

namespace reprieve::kubelet {
namespace {

using Variables = std::map<std::string, std::string>;

TEST(EnvFile, ValuesStandBetweenSingleQuotes) {
  EXPECT_EQ(ParseEnvFile("# colours\n\nA='blue'\n  B='two\nlines' # and a comment\nC=''\n").value(),
            (Variables{{"A", "blue"}, {"B", "two\nlines"}, {"C", ""}}));
  EXPECT_EQ(ParseEnvFile("").value(), Variables());
}

TEST(EnvFile, AnythingElseIsAnErrorOfItsLine) {
  EXPECT_EQ(ParseEnvFile("A='1'\nB=2\n").error().message, "line 2: the value is not between single quotes");
  EXPECT_EQ(ParseEnvFile("A").error().message, "line 1: there is no =");
  EXPECT_EQ(ParseEnvFile("A='1\n2'\nB='x").error().message, "line 3: the closing quote is missing");
  EXPECT_EQ(ParseEnvFile("A='1'2").error().message, "line 1: there is something behind the closing quote");
  EXPECT_EQ(ParseEnvFile("A B='1'").error().message, "line 1: the name has a space in it");
}

}  // namespace
}  // namespace reprieve::kubelet
