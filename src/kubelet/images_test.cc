#include "kubelet/images.h"

#include <gtest/gtest.h>

namespace reprieve::kubelet {
namespace {

using Words = std::vector<std::string>;

core::Container Of(const std::string& image, Words command = {}, Words args = {}) {
  core::Container out;
  out.name = "main";
  out.image = image;
  out.command = std::move(command);
  out.args = std::move(args);
  return out;
}

TEST(SplitWords, SplitsAsAShellDoesAndExpandsNothing) {
  const struct {
    std::string_view text;
    Words expected;
  } cases[] = {
      {"", {}},
      {"  a  b\tc\n", {"a", "b", "c"}},
      {"sh -c 'echo \"$X\"; exit 3'", {"sh", "-c", "echo \"$X\"; exit 3"}},
      {"a \"b c\"d '' \"\"", {"a", "b cd", "", ""}},
      {R"(a\ b \"q\" "x\"y\n\\")", {"a b", "\"q\"", "x\"y\\n\\"}},
      {R"('\')", {"\\"}},
  };
  for (const auto& c : cases) {
    const auto words = SplitWords(c.text);
    ASSERT_TRUE(words.ok()) << c.text;
    EXPECT_EQ(*words, c.expected) << c.text;
  }
  for (const std::string_view bad : {"'open", "\"open", "end\\"}) EXPECT_FALSE(SplitWords(bad).ok()) << bad;
}

TEST(ImageMap, ACommandReplacesTheEntrypointAndArgsFollowIt) {
  ImageMap images;
  ASSERT_TRUE(images.Add("trainer=python3 'my train.py'").ok());
  EXPECT_EQ(images.CommandOf(Of("trainer", {"sh", "-c"}, {"exit 1"})), (Words{"sh", "-c", "exit 1"}));
  EXPECT_EQ(images.CommandOf(Of("trainer", {}, {"--lr", "1"})), (Words{"python3", "my train.py", "--lr", "1"}));
}

TEST(ImageMap, AnExactNameWinsOverAPatternAndANameWithoutATagMeansEveryTag) {
  ImageMap images;
  ASSERT_TRUE(images.Add("*=any").ok());
  ASSERT_TRUE(images.Add("reg.io:5000/team/app=app").ok());
  ASSERT_TRUE(images.Add("busybox:1.36=old").ok());
  EXPECT_EQ(*images.Find("reg.io:5000/team/app:v2"), Words{"app"});
  EXPECT_EQ(*images.Find("reg.io:5000/team/app@sha256:00"), Words{"app"});
  EXPECT_EQ(*images.Find("busybox:1.36"), Words{"old"});
  EXPECT_EQ(*images.Find("busybox:1.37"), Words{"any"});
}

TEST(ImageMap, AnUnknownImageIsRefusedWithAdvice) {
  const ImageMap images;
  EXPECT_FALSE(images.WhyNotRunnable(Of("x", {"true"})));
  EXPECT_EQ(images.WhyNotRunnable(Of("pytorch:2.1")),
            "container main has no command, and nothing says what its image \"pytorch:2.1\" runs on this machine; give "
            "the container a command, or pass --image 'pytorch=COMMAND'");
}

TEST(ImageMap, AnAssignmentWithoutNameOrCommandIsAnError) {
  ImageMap images;
  for (const std::string_view bad : {"x", "=x", "x=", "x= ", "x='y"}) EXPECT_FALSE(images.Add(bad).ok()) << bad;
}

}  // namespace
}  // namespace reprieve::kubelet
