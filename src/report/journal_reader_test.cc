#include "report/journal_reader.h"

#include <gtest/gtest.h>

#include "report/explanation.h"

namespace reprieve::report {
namespace {

constexpr const char* kRun = R"({"type":"run","time":"2026-11-22T12:00:00.000Z","format":1,"version":"0.1"})";
constexpr const char* kPart =
    R"({"type":"run","time":"2026-11-22T12:00:02.000Z","format":1,"version":"0.1","continues":true})";
constexpr const char* kJob =
    R"({"type":"object","time":"2026-11-22T12:00:00.000Z","object":{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"train","namespace":"default","uid":"u"},"spec":{"backoffLimit":3,"template":{"spec":{"restartPolicy":"Never"}}},"status":{"startTime":"2026-11-22T12:00:00Z","active":1}}})";

Objects Read(const std::vector<const char*>& lines) {
  std::string text;
  for (const char* line : lines) text += std::string(line) + "\n";
  Result<Objects> read = ReadJournalText(text);
  EXPECT_TRUE(read.ok());
  return std::move(read).value();
}

TEST(JournalReader, APartThatContinuesOneThatIsThereHasLostNothing) {
  EXPECT_FALSE(Read({kRun, kJob, kPart, kJob}).recorded->continues);
  EXPECT_TRUE(Read({kPart, kJob}).recorded->continues);
}

TEST(JournalReader, WhatARunThatIsOverWasAboutToDoDoesNotFollow) {
  Objects objects = Read({kRun, kJob});
  const Time now = *ParseRfc3339("2026-11-22T12:01:00Z");
  objects.recorded->live = true;
  Explanation living = Explain(objects, now, NowSource::kClock);
  EXPECT_EQ(living.subjects.at(0).summary, "is running, for 1m");
  EXPECT_FALSE(living.subjects.at(0).next.empty());
  EXPECT_TRUE(living.notes.empty());
  EXPECT_TRUE(Explain(objects, now, NowSource::kFlag).notes.empty());
  objects.recorded->live = false;
  Explanation dead = Explain(objects, now, NowSource::kObjects);
  EXPECT_EQ(dead.subjects.at(0).summary, "was running, for 1m");
  EXPECT_TRUE(dead.subjects.at(0).next.empty());
  EXPECT_EQ(dead.notes.size(), 1U);
}

}  // namespace
}  // namespace reprieve::report
