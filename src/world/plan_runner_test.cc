#include "world/plan_runner.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/text.h"

namespace reprieve::world {
namespace {

class StandingClock final : public Clock {
 public:
  Time Now() const override { return Time(Seconds(1000)); }
};

// Keeps what it is asked for until the test answers.
class PatientApi final : public Api {
 public:
  void Submit(Request&& request, Completion&& done) override {
    asked_.push_back(NameOf(request));
    if (answers_at_once) return done({WriteCode::kOk, {}, ++version_, "pod-x"});
    waiting_.push_back(std::move(done));
  }
  void RecordEvent(const Event& event) override { events_.push_back(Cat(event.reason, ": ", event.message)); }

  // What it was asked for since the last call.
  std::string Asked() { return Join(std::exchange(asked_, {}), " "); }
  std::string Events() { return Join(std::exchange(events_, {}), "; "); }
  std::size_t waiting() const { return waiting_.size(); }
  // Of those that wait, the first is number 0.
  void Answer(std::size_t number, WriteResult result = {}) {
    if (result.ok() && result.version == 0) result.version = ++version_;
    const Completion done = std::move(waiting_.at(number));
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(number));
    done(result);
  }
  void AnswerAll() {
    while (!waiting_.empty()) Answer(waiting_.size() - 1);
  }

  bool answers_at_once = false;

 private:
  static std::string NameOf(const Request& request) {
    struct Name {
      std::string operator()(const CreatePod&) const { return "create"; }
      std::string operator()(const DeletePod& r) const { return Cat("delete:", r.pod.name, r.at_once ? "!" : ""); }
      std::string operator()(const RemovePodFinalizer& r) const { return Cat("release:", r.pod.name); }
      std::string operator()(const MarkDisrupted& r) const { return Cat("mark:", r.pod.name, r.fail ? "!" : ""); }
      std::string operator()(const UpdateJobStatus& r) const { return Cat("status:", r.version); }
      std::string operator()(const CreateJob& r) const { return Cat("job:", r.job->metadata.name); }
      std::string operator()(const UpdateJob& r) const { return Cat("update:", r.job->metadata.resource_version); }
      std::string operator()(const CreateClaim&) const { return "claim"; }
    };
    return std::visit(
        [](const auto& each) -> std::string {
          if constexpr (requires { Name()(each); }) return Name()(each);
          return "other";
        },
        request);
  }

  meta::ResourceVersion version_ = 100;
  std::vector<std::string> asked_, events_;
  std::vector<Completion> waiting_;
};

class PlansInFlight : public testing::Test {
 protected:
  PlansInFlight() {
    plan_.subject = {Kind::kJob, {"ns", "j"}};
    plan_.resource_version = 7;
  }

  static PodReference Pod(const char* name) { return {"ns", name, meta::Uid("u"), kNoSlot}; }
  static CreatePod Create() { return {std::make_unique<core::Pod>()}; }
  template <class... W>
  void AddStage(W... writes) {
    world::Stage& stage = plan_.AddStage();
    (stage.writes.emplace_back(std::move(writes)), ...);
  }
  void AddCreations(int count) {
    world::Stage& stage = plan_.AddStage();
    for (int i = 0; i < count; ++i) stage.writes.emplace_back(Create());
  }
  void Run() {
    runner_.Run(plan_, [this](const PlanReport& report) {
      EXPECT_FALSE(report_.has_value()) << "reported twice";
      report_ = report;
    });
  }

  StandingClock clock_;
  PatientApi api_;
  PlanRunner runner_{api_, clock_, /*max_requests=*/10};
  Plan plan_;
  std::optional<PlanReport> report_;
};

TEST_F(PlansInFlight, AreOverAtOnceWhereTheApiAnswersAtOnce) {
  api_.answers_at_once = true;
  AddStage(RemovePodFinalizer{Pod("a"), "f"});
  AddCreations(5);
  Run();
  ASSERT_TRUE(report_);
  EXPECT_TRUE(report_->complete());
  EXPECT_EQ(report_->stages_done, 2U);
  EXPECT_EQ(api_.Asked(), "release:a create create create create create");
  EXPECT_EQ(runner_.in_flight(), 0U);
}

TEST_F(PlansInFlight, HandOverAStageAtOnceAndTheNextOnceAllOfItIsAnswered) {
  AddStage(RemovePodFinalizer{Pod("a"), "f"}, RemovePodFinalizer{Pod("b"), "f"});
  AddStage(WriteJobStatus{std::make_unique<batch::JobStatus>()});
  Run();
  EXPECT_EQ(api_.Asked(), "release:a release:b");
  api_.Answer(1);
  EXPECT_EQ(api_.Asked(), "");
  api_.Answer(0);
  EXPECT_EQ(api_.Asked(), "status:7");
  EXPECT_EQ(runner_.in_flight(), 1U);
  api_.Answer(0);
  EXPECT_TRUE(report_ && report_->complete());
}

TEST_F(PlansInFlight, CreatePodsInBatchesThatDouble) {
  AddCreations(6);
  Run();
  EXPECT_EQ(api_.Asked(), "create");
  api_.Answer(0);
  EXPECT_EQ(api_.Asked(), "create create");
  api_.Answer(0);
  EXPECT_EQ(api_.Asked(), "") << "the batch is not answered yet";
  api_.Answer(0);
  EXPECT_EQ(api_.Asked(), "create create create");
}

TEST_F(PlansInFlight, CreateNothingMoreAfterAFailureAndSayWhyOnceForEach) {
  AddCreations(8);
  AddStage(WriteJobStatus{std::make_unique<batch::JobStatus>()});
  Run();
  api_.Answer(0, {WriteCode::kOk, {}, 1, "j-1"});
  api_.Answer(0, {WriteCode::kForbidden, "exceeded quota", 0});
  api_.Answer(0, {WriteCode::kOk, {}, 2, "j-2"});
  EXPECT_EQ(api_.Asked(), "create create create");
  EXPECT_EQ(api_.Events(),
            "SuccessfulCreate: Created pod: j-1; FailedCreate: Error creating: exceeded quota; "
            "SuccessfulCreate: Created pod: j-2");
  ASSERT_TRUE(report_);
  EXPECT_TRUE(report_->creation_failed);
  EXPECT_EQ(report_->failure, WriteCode::kForbidden);
  EXPECT_EQ(report_->stages_done, 0U);
  EXPECT_EQ(report_->written.pods, 2) << "what the others made is known";
}

TEST_F(PlansInFlight, TryAllWritesOfAStageAndLeaveOutTheNextIfOneFailed) {
  AddStage(RemovePodFinalizer{Pod("a"), "f"}, RemovePodFinalizer{Pod("b"), "f"});
  AddStage(WriteJobStatus{std::make_unique<batch::JobStatus>()});
  Run();
  api_.Answer(0, {WriteCode::kUnavailable, "no answer", 0});
  EXPECT_FALSE(report_) << "the other is not answered yet";
  api_.Answer(0);
  ASSERT_TRUE(report_);
  EXPECT_EQ(report_->failure, WriteCode::kUnavailable);
  EXPECT_EQ(api_.Asked(), "release:a release:b");
}

TEST_F(PlansInFlight, BuildASecondStatusOnTheVersionThatTheFirstMade) {
  AddStage(WriteJobStatus{std::make_unique<batch::JobStatus>()});
  AddStage(WriteJobStatus{std::make_unique<batch::JobStatus>()});
  Run();
  api_.Answer(0, {WriteCode::kOk, {}, 31});
  EXPECT_EQ(api_.Asked(), "status:7 status:31");
}

TEST_F(PlansInFlight, RemoveAPodInTwoStepsThatNoOtherWriteWaitsFor) {
  AddStage(RemovePod{Pod("a"), "f"}, RemovePod{Pod("b"), "f"});
  Run();
  EXPECT_EQ(api_.Asked(), "release:a release:b");
  api_.Answer(1);
  EXPECT_EQ(api_.Asked(), "delete:b");
  api_.Answer(0, {WriteCode::kNotFound, "", 0});
  EXPECT_EQ(api_.Asked(), "") << "it is gone";
  api_.Answer(0);
  EXPECT_TRUE(report_ && report_->complete());
  EXPECT_EQ(api_.Events(), "SuccessfulDelete: Deleted pod: b");
}

TEST_F(PlansInFlight, LoseAPodByMarkingItFailedBeforeItIsDeleted) {
  AddStage(LosePod{Pod("a"), "Lost", "why"}, DisruptPod{Pod("b"), "Moved", "why"});
  Run();
  EXPECT_EQ(api_.Asked(), "mark:a! mark:b");
  api_.AnswerAll();
  EXPECT_EQ(api_.Asked(), "delete:b delete:a!");
}

TEST_F(PlansInFlight, ClearAStartTimeBeforeTheJobIsUpdatedOnThatVersion) {
  auto job = std::make_shared<batch::Job>();
  job->metadata.resource_version = 20;
  AddStage(ReviseJob{job, /*clear_start_time=*/true});
  Run();
  EXPECT_EQ(api_.Asked(), "status:20");
  api_.Answer(0, {WriteCode::kOk, {}, 21});
  EXPECT_EQ(api_.Asked(), "update:21");
  api_.Answer(0);
  EXPECT_TRUE(report_ && report_->complete());
}

TEST_F(PlansInFlight, TellAllFailedChildJobsOfAStageInOneEvent) {
  auto first = std::make_shared<batch::Job>();
  first->metadata.name = "a";
  auto second = std::make_shared<batch::Job>();
  second->metadata.name = "b";
  AddStage(CreateJob{first}, CreateJob{second});
  Run();
  EXPECT_EQ(api_.Asked(), "job:a job:b");
  api_.Answer(0, {WriteCode::kAlreadyExists, "taken", 0});
  api_.Answer(0, {WriteCode::kInvalid, "no", 0});
  EXPECT_EQ(api_.Events(),
            "JobCreationFailed: job \"a\" creation failed with error: taken\njob \"b\" creation failed with error: no");
  EXPECT_EQ(report_->failure, WriteCode::kAlreadyExists);
}

TEST_F(PlansInFlight, TakeAClaimThatIsThereAsGood) {
  AddStage(CreateClaim{std::make_unique<core::PersistentVolumeClaim>()});
  Run();
  api_.Answer(0, {WriteCode::kAlreadyExists, "", 0});
  EXPECT_TRUE(report_ && report_->complete());
}

TEST_F(PlansInFlight, StayWithinTheLimitOnRequestsAllPlansTogether) {
  world::Stage& stage = plan_.AddStage();
  for (int i = 0; i < 15; ++i) stage.writes.emplace_back(RemovePodFinalizer{Pod("a"), "f"});
  Plan other;
  other.AddStage().writes.emplace_back(RemovePodFinalizer{Pod("z"), "f"});
  Run();
  bool other_done = false;
  runner_.Run(other, [&](const PlanReport&) { other_done = true; });
  EXPECT_EQ(api_.waiting(), 10U);
  api_.Asked();
  for (int i = 0; i < 5; ++i) api_.Answer(0);
  EXPECT_EQ(api_.waiting(), 10U);
  api_.Answer(0);
  EXPECT_EQ(api_.Asked(), "release:a release:z release:a release:a release:a release:a") << "each in its turn";
  api_.AnswerAll();
  EXPECT_TRUE(report_ && report_->complete());
  EXPECT_TRUE(other_done);
  EXPECT_EQ(runner_.in_flight(), 0U);
}

TEST_F(PlansInFlight, MayBeFollowedByTheNextFromTheReport) {
  AddStage(RemovePodFinalizer{Pod("a"), "f"});
  Plan next;
  next.AddStage().writes.emplace_back(RemovePodFinalizer{Pod("b"), "f"});
  bool all_done = false;
  runner_.Run(plan_, [&](const PlanReport&) { runner_.Run(next, [&](const PlanReport&) { all_done = true; }); });
  api_.Answer(0);
  EXPECT_EQ(api_.Asked(), "release:a release:b");
  api_.Answer(0);
  EXPECT_TRUE(all_done);
}

}  // namespace
}  // namespace reprieve::world
