#include "cli/image_lines.h"

#include <gtest/gtest.h>

#include <string>

#include "cli/screen_text.h"

namespace reprieve::cli {
namespace {

using Kind = kubelet::ImageEvent::Kind;

constexpr std::int64_t kMiB = std::int64_t{1} << 20;
const Time kBegan = Time{} + Seconds(1000);
const std::string kApp = "registry.example.com/team/app:v1";

ImagePulls Pulling(const std::string& image = kApp) {
  ImagePulls out;
  out.Note({.kind = Kind::kPulling, .image = image}, kBegan);
  return out;
}
void Come(ImagePulls& pulls, std::int64_t done, std::int64_t total) {
  pulls.Note({.kind = Kind::kComes, .image = kApp, .progress = {done * kMiB, total * kMiB}}, kBegan);
}

TEST(ImageLines, BytesAndTimeLeft) {
  ImagePulls pulls = Pulling();
  EXPECT_EQ(pulls.Lines(kBegan + Seconds(2), 100, 3).at(0), "Image registry.example.com/team/app:v1  pulling · 2s");
  Come(pulls, 30, 120);
  EXPECT_EQ(pulls.Lines(kBegan + Seconds(10), 100, 3).at(0),
            "Image registry.example.com/team/app:v1  ██░░░░░░░░  30.0 MiB of 120.0 MiB · 30s left");
  Come(pulls, 120, 120);
  EXPECT_EQ(pulls.Lines(kBegan + Seconds(40), 100, 3).at(0),
            "Image registry.example.com/team/app:v1  ██████████  120.0 MiB · unpacking · 40s");
}

TEST(ImageLines, ANarrowTerminalLosesTheBarAndThenTheBeginningOfTheName) {
  ImagePulls pulls = Pulling();
  Come(pulls, 30, 120);
  EXPECT_EQ(pulls.Lines(kBegan + Seconds(10), 78, 3).at(0),
            "Image registry.example.com/team/app:v1  30.0 MiB of 120.0 MiB · 30s left");
  const std::string narrow = pulls.Lines(kBegan + Seconds(10), 50, 3).at(0);
  EXPECT_EQ(narrow, "Image …m/app:v1  30.0 MiB of 120.0 MiB · 30s left");
  EXPECT_LT(ColumnsOf(narrow), 50U);
}

TEST(ImageLines, WhatDoesNotFitIsCounted) {
  ImagePulls pulls;
  for (const char* image : {"a", "b", "c", "d"}) pulls.Note({.kind = Kind::kPulling, .image = image}, kBegan);
  const auto lines = pulls.Lines(kBegan, 80, 2);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1], "… 3 more images are being pulled");
  EXPECT_EQ(pulls.Lines(kBegan, 80, 4).size(), 4U);
}

TEST(ImageLines, AnEndIsALineAndNoLongerInTheBlock) {
  ImagePulls pulls = Pulling();
  const kubelet::ImageEvent end{.kind = Kind::kPulled, .image = kApp, .size_bytes = 290 * kMiB, .took = Seconds(12)};
  pulls.Note(end, kBegan);
  EXPECT_TRUE(pulls.empty());
  EXPECT_EQ(ImageLine(end), "Image registry.example.com/team/app:v1 is pulled: 290.0 MiB in 12s");
}

}  // namespace
}  // namespace reprieve::cli
