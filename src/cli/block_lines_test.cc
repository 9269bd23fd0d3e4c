#include "cli/block_lines.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "cli/screen_text.h"

namespace reprieve::cli {
namespace {

const Time kNow = Time(std::chrono::hours(1));

JobLife Job(const std::string& name) {
  JobLife job;
  job.key = {"default", name};
  job.began = kNow - Seconds(72);
  job.completions = 4;
  job.status.active = 3;
  return job;
}

JobLife Failed(const std::string& name) {
  JobLife job = Job(name);
  job.finished = true;
  job.ended = kNow;
  job.tally.failed = 1;
  batch::JobCondition& end = job.status.conditions.emplace_back();
  end.type = "Failed";
  end.status = "True";
  return job;
}

JobLife Retrying(const std::string& name) {
  JobLife job = Job(name);
  job.tally.failed = 1;
  job.tally.retried = 1;
  job.tally.retries.insert(kNow + Seconds(8));
  return job;
}

JobLife Waiting(const std::string& name) {
  JobLife job = Job(name);
  job.tally.waiting["0/1 nodes are available: 1 Insufficient cpu."] = 2;
  return job;
}

TEST(JobLine, SaysWhyContainersWait) {
  JobLife job = Job("a");
  job.tally.held_up[{"main", "CreateContainerConfigError", "missing value for NOPE"}] = 2;
  EXPECT_EQ(
      JobLine(job, kNow, 120),
      "Job a  ░░░░░░░░░░  0/4 succeeded · 3 active · 2 waiting: CreateContainerConfigError, missing value for NOPE · "
      "1m12s");
  EXPECT_EQ(JobLine(job, kNow, 60), "Job a  0/4 · 2 waiting: CreateContainerConfigError");
}

TEST(JobLine, CallsAPodAPod) {
  JobLife pod = Failed("a");
  pod.is_pod = true;
  EXPECT_TRUE(JobLine(pod, kNow, 80).starts_with("Pod a"));
  EXPECT_NE(JobLine(pod, kNow, 80).find("Pod failed"), std::string::npos);
}

RunLives Lives(const std::vector<JobLife>& jobs) {
  RunLives lives;
  for (const JobLife& job : jobs) {
    lives.order.push_back(job.key.name);
    lives.jobs[job.key.name] = job;
  }
  return lives;
}

TEST(JobLine, HasABarWhereItFits) {
  EXPECT_EQ(JobLine(Job("a"), kNow, 80), "Job a  ░░░░░░░░░░  0/4 succeeded · 3 active · 1m12s");
  EXPECT_EQ(JobLine(Job("a"), kNow, 45), "Job a  0/4 succeeded · 3 active · 1m12s");
}

TEST(JobLine, CountsAFailedPodEvenIfTheStatusDoesNot) {
  EXPECT_EQ(JobLine(Retrying("a"), kNow, 120),
            "Job a  ░░░░░░░░░░  0/4 succeeded · 1 failed · 3 active · 1 retry · next retry in 8s · 1m12s");
}

TEST(JobLine, WhatMattersLeastIsLeftOutFirst) {
  const JobLife job = Retrying("a-job-with-a-long-name");
  EXPECT_EQ(JobLine(job, kNow, 80), "Job a-job-with-a-long-name  0/4 succeeded · 1 failed · next retry in 8s");
  EXPECT_EQ(JobLine(job, kNow, 60), "Job a-job-with-a-long-name  0/4 · 1 failed · retry in 8s");
  for (std::size_t columns = 40; columns < 130; ++columns) {
    const std::string line = JobLine(job, kNow, columns);
    EXPECT_LT(ColumnsOf(line), columns) << line;
    EXPECT_NE(line.find("1 failed"), std::string::npos) << line;
    EXPECT_NE(line.find("retry in 8s"), std::string::npos) << line;
  }
}

TEST(BlockLines, WhatFitsIsInTheOrderOfTheFiles) {
  const std::vector<std::string> lines = BlockLines(Lives({Job("a"), Failed("b"), Job("c")}), kNow, 80, 3);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(lines[0].starts_with("Job a")) << lines[0];
  EXPECT_TRUE(lines[1].starts_with("Job b")) << lines[1];
}

TEST(BlockLines, WhereNotAllFitFailedComesFirstAndTheRestIsCounted) {
  const std::vector<std::string> lines =
      BlockLines(Lives({Job("a"), Job("b"), Waiting("c"), Job("d"), Retrying("e"), Failed("f")}), kNow, 80, 4);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_TRUE(lines[0].starts_with("Job f")) << lines[0];
  EXPECT_TRUE(lines[1].starts_with("Job e")) << lines[1];
  EXPECT_TRUE(lines[2].starts_with("Job c")) << lines[2];
  EXPECT_EQ(lines[3], "… 3 more: 3 running");
}

TEST(BlockLines, NeverMoreThanTheyMay) {
  std::vector<JobLife> jobs;
  jobs.reserve(30);
  for (int i = 0; i < 30; ++i) jobs.push_back(i % 3 == 0 ? Failed(Cat("f", i)) : Job(Cat("j", i)));
  for (std::size_t rows = 1; rows < 40; ++rows) EXPECT_LE(BlockLines(Lives(jobs), kNow, 40, rows).size(), rows);
  EXPECT_EQ(BlockLines(Lives(jobs), kNow, 40, 30).size(), 30U);
}

}  // namespace
}  // namespace reprieve::cli
