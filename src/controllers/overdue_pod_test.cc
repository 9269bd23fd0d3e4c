#include "controllers/overdue_pod.h"

#include <gtest/gtest.h>

#include "model/jobset.h"

namespace reprieve::controllers {
namespace {

constexpr Time kStart{std::chrono::seconds(1'000'000)};

core::Pod PendingPod() {
  core::Pod pod;
  pod.metadata.name = "js-w-0-0-x2x4z";
  pod.metadata.namespace_ = "default";
  pod.metadata.creation_timestamp = kStart;
  pod.metadata.labels.Set(jobset::kJobSetName, "js");
  pod.status.phase = core::PodPhase::kPending;
  return pod;
}

jobset::Extensions Limits() {
  jobset::Extensions out;
  out.pending_limit = Seconds(60);
  out.terminating_limit = Seconds(40);
  return out;
}

TEST(OverduePod, PendingCountsFromTheCreation) {
  EXPECT_EQ(OverdueAt(PendingPod(), Limits(), kStart), kStart + Seconds(60));
  EXPECT_EQ(OverdueAt(PendingPod(), jobset::Extensions(), kStart), std::nullopt);
}

TEST(OverduePod, TerminatingCountsFromTheDeletionAndNotFromTheEndOfItsGrace) {
  core::Pod pod = PendingPod();
  pod.status.phase = core::PodPhase::kRunning;
  EXPECT_EQ(OverdueAt(pod, Limits(), kStart + Seconds(100)), std::nullopt);
  pod.metadata.EditDeletion().timestamp = kStart + Seconds(130);
  pod.metadata.EditDeletion().grace_period_seconds = 30;
  EXPECT_EQ(OverdueAt(pod, Limits(), kStart + Seconds(100)), kStart + Seconds(140));
}

TEST(OverduePod, ATimeInWholeSecondsIsNeverTakenAsEarlierThanItCanHaveBeen) {
  constexpr Nanoseconds kFraction = std::chrono::milliseconds(700);
  EXPECT_EQ(OverdueAt(PendingPod(), Limits(), kStart + kFraction), kStart + kFraction + Seconds(60));
  EXPECT_EQ(OverdueAt(PendingPod(), Limits(), Time::max()), kStart + Seconds(61));
}

TEST(OverduePod, WhatHasEndedIsNeverLost) {
  core::Pod pod = PendingPod();
  pod.status.phase = core::PodPhase::kFailed;
  EXPECT_EQ(OverdueAt(pod, Limits(), kStart + Seconds(100)), std::nullopt);
}

TEST(OverduePod, ItIsLostWithAVerdict) {
  world::Plan plan = LoseOverduePod(PendingPod(), Limits(), kStart + Seconds(60));
  ASSERT_EQ(plan.stages.size(), 1U);
  const auto& write = std::get<world::LosePod>(plan.stages.front().writes.front());
  EXPECT_EQ(write.reason, "LostPod");
  EXPECT_EQ(write.message, "Pod has been Pending for 1m");
  ASSERT_EQ(plan.verdicts.size(), 1U);
  EXPECT_EQ(world::Describe(plan.verdicts.front()),
            "js-w-0-0-x2x4z has been Pending for 1m → counts as lost (reprieve.dev/pending-limit)");
}

}  // namespace
}  // namespace reprieve::controllers
