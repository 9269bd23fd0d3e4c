#include "kube/restart_times.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace reprieve::kube {
namespace {

class RestartTimesTest : public ::testing::Test {
 protected:
  static jobset::JobSet Set(std::int32_t restarts, bool suspended = false) {
    jobset::JobSet out;
    out.metadata.namespace_ = "default";
    out.metadata.name = "train";
    auto spec = std::make_shared<jobset::JobSetSpec>();
    spec->replicated_jobs.resize(1);
    spec->replicated_jobs[0].replicas = 2;
    spec->suspend = suspended;
    out.spec = std::move(spec);
    out.status.restarts = restarts;
    return out;
  }
  static batch::Job Child(int index, int attempt, std::int32_t active) {
    batch::Job out;
    out.metadata.namespace_ = "default";
    out.metadata.uid = meta::Uid(Cat("u-", index, "-", attempt));
    out.metadata.labels.Set(jobset::kRestartAttempt, Cat(attempt));
    meta::OwnerReference owner;
    owner.kind = "JobSet";
    owner.name = "train";
    owner.controller = true;
    out.metadata.SetOwners({owner});
    auto spec = std::make_shared<batch::JobSpec>();
    spec->parallelism = 3;
    spec->completions = 3;
    out.spec = std::move(spec);
    out.status.active = active;
    return out;
  }
  // Of the Job that ended an attempt.
  void Restart(int attempt, const jobset::JobSet& jobset) {
    world::Verdict verdict;
    verdict.restart = world::Restart{true, false};
    batch::Job failed = Child(0, attempt, 0);
    batch::JobCondition condition;
    condition.type = "Failed";
    condition.status = "True";
    condition.last_transition_time = Time(Seconds(100));
    failed.status.conditions = {condition};
    times_.Judged(verdict, jobset, failed);
  }

  std::vector<Nanoseconds> took_;
  RestartTimes times_{[this](const meta::ObjectKey&, Nanoseconds took) { took_.push_back(took); }};
};

TEST_F(RestartTimesTest, EndsWithTheLastPodOfTheNewAttempt) {
  Restart(0, Set(0));
  times_.JobChanged(Child(0, 0, 3), Time(Seconds(101)));
  times_.JobChanged(Child(1, 0, 3), Time(Seconds(101)));  // of the attempt before
  times_.JobSetChanged(Set(1));
  times_.JobChanged(Child(0, 1, 3), Time(Seconds(102)));
  times_.JobChanged(Child(1, 1, 2), Time(Seconds(103)));
  EXPECT_TRUE(took_.empty());
  times_.JobChanged(Child(1, 1, 3), Time(Seconds(104)));
  EXPECT_EQ(took_, std::vector<Nanoseconds>{Seconds(4)});
  EXPECT_EQ(times_.pending(), 0U);
}

TEST_F(RestartTimesTest, TheNextRestartAndASuspensionEndItUnmeasured) {
  Restart(0, Set(0));
  times_.JobSetChanged(Set(2));
  EXPECT_EQ(times_.pending(), 0U);
  Restart(2, Set(2));
  times_.JobSetChanged(Set(3, true));
  EXPECT_EQ(times_.pending(), 0U);
  EXPECT_TRUE(took_.empty());
}

}  // namespace
}  // namespace reprieve::kube
