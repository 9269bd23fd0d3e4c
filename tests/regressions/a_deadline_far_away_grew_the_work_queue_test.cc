// Each pass over a Job with a deadline noted it once more, and each event before it left that note behind until its
// time came: the queue grew with every pass, for as long as the deadline was away. Found while a test of memory
// was written.
#include <gtest/gtest.h>

#include "engine/work_queue.h"

namespace reprieve {
namespace {

TEST(TheWorkQueue, DoesNotKeepWhatDoesNotCountAnyMore) {
  engine::WorkQueue queue;
  const engine::WorkKey job{engine::WorkKind::kJob, SharedString("uid")};
  const engine::WorkKey other{engine::WorkKind::kJob, SharedString("other")};
  Time now(std::chrono::sys_days{std::chrono::year{2026} / 1 / 1});
  const Time deadline = now + std::chrono::hours(24 * 365);
  queue.Add(other, now + std::chrono::hours(24));
  for (int pass = 0; pass < 10'000; ++pass) {
    queue.Add(job, deadline);
    queue.Add(job, now);  // an event
    ASSERT_EQ(queue.Pop(now), job);
    now += Seconds(1);
  }
  EXPECT_LT(queue.kept(), 100U);
  queue.Add(job, deadline);
  EXPECT_EQ(queue.Pop(deadline), other);
  EXPECT_EQ(queue.Pop(deadline), job);
  EXPECT_EQ(queue.Pop(deadline), std::nullopt);
}

}  // namespace
}  // namespace reprieve
