#include "kubelet/image_puller.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "runtime/architecture.h"

namespace reprieve::kubelet {
namespace {

using State = ImageAnswer::State;

// Answers when the test says so.
class FakeImages final : public runtime::ImageService {
 public:
  void Inspect(const runtime::ImageReference& image,
               std::function<void(Result<std::optional<runtime::ImageInfo>>)> done) override {
    inspected.push_back(image.Canonical());
    answers.push_back(std::move(done));
  }
  runtime::PullId Pull(runtime::ImagePull pull) override {
    pulls.push_back(std::move(pull));
    return runtime::PullId{pulls.size() - 1};
  }
  void Cancel(runtime::PullId pull) override { cancelled.push_back(static_cast<std::size_t>(pull)); }

  std::vector<std::string> inspected;
  std::vector<std::function<void(Result<std::optional<runtime::ImageInfo>>)>> answers;
  std::vector<runtime::ImagePull> pulls;
  std::vector<std::size_t> cancelled;
};

runtime::ImageInfo Some() {
  return {"sha256:1", runtime::MachineArchitecture(), 5000};
}

class ImagePullerTest : public ::testing::Test {
 protected:
  ImagePullerTest() {
    ImagePullerOptions options;
    options.max_pulls = 2;
    options.post = [this](ImageMessage message) { posted_.push_back(std::move(message)); };
    options.pod_event = [this](const ImagePodEvent& event) {
      events_ += Cat(event.warning ? "Warning " : "", event.reason, " ", event.message, "\n");
    };
    options.notice = [this](const std::string& text) { notices_.push_back(text); };
    puller_ = std::make_unique<ImagePuller>(images_, std::move(options));
  }

  static WantedImage Wanted(scheduler::PodNumber pod, std::string policy = "Always", std::string image = "app:v1") {
    WantedImage out;
    out.start = {pod, 0, 0};
    out.container = "main";
    out.image = std::move(image);
    out.policy = std::move(policy);
    return out;
  }
  ImageAnswer Ask(const WantedImage& wanted) { return puller_->Ensure(wanted, now_); }
  void Take() {
    for (ImageMessage& message : std::exchange(posted_, {})) puller_->Handle(message, now_);
  }
  void EndPull(std::size_t number, Result<runtime::ImageInfo> result) {
    images_.pulls.at(number).done(std::move(result));
    Take();
  }
  void AnswerLook(std::size_t number, Result<std::optional<runtime::ImageInfo>> found) {
    images_.answers.at(number)(std::move(found));
    Take();
  }
  std::string Events() { return std::exchange(events_, {}); }

  Time now_ = Time{} + Seconds(1'000'000);
  FakeImages images_;
  std::vector<ImageMessage> posted_;
  std::string events_;
  std::vector<std::string> notices_;
  std::unique_ptr<ImagePuller> puller_;
};

TEST_F(ImagePullerTest, APullIsSharedAndMadeOnceInARun) {
  EXPECT_EQ(Ask(Wanted(1)).state, State::kPending);
  EXPECT_EQ(Ask(Wanted(2)).state, State::kPending);
  ASSERT_EQ(images_.pulls.size(), 1U);
  now_ += std::chrono::milliseconds(1250);
  EndPull(0, Some());
  EXPECT_EQ(puller_->TakeSettled().size(), 2U);
  Events();
  const ImageAnswer answer = Ask(Wanted(1));
  EXPECT_EQ(answer.state, State::kReady);
  EXPECT_EQ(answer.name, "docker.io/library/app:v1");
  EXPECT_EQ(
      Events(),
      "Pulled Successfully pulled image \"app:v1\" in 1.25s (1.25s including waiting). Image size: 5000 bytes.\n");
  EXPECT_EQ(Ask(Wanted(3)).state, State::kReady);
  EXPECT_EQ(Events(), "Pulled Container image \"app:v1\" already present on machine and can be accessed by the pod\n");
  EXPECT_EQ(images_.pulls.size(), 1U);
  EXPECT_TRUE(images_.inspected.empty());
}

TEST_F(ImagePullerTest, WhatIsThereIsNotPulledIfNotPresentIsEnough) {
  EXPECT_EQ(Ask(Wanted(1, "IfNotPresent")).state, State::kPending);
  AnswerLook(0, std::optional(Some()));
  EXPECT_EQ(Ask(Wanted(1, "IfNotPresent")).state, State::kReady);
  EXPECT_TRUE(images_.pulls.empty());
}

TEST_F(ImagePullerTest, AFailedPullIsTriedAgainAfterTenSecondsThenTwiceAsLate) {
  Ask(Wanted(1));
  EndPull(0, Error{"manifest unknown"});
  EXPECT_EQ(puller_->TakeSettled().size(), 1U);
  ImageAnswer answer = Ask(Wanted(1));
  EXPECT_EQ(answer.reason, "ErrImagePull");
  EXPECT_EQ(answer.message, "manifest unknown");
  EXPECT_EQ(Events(),
            "Pulling Pulling image \"app:v1\"\n"
            "Warning Failed Failed to pull image \"app:v1\": manifest unknown\n"
            "Warning Failed Error: ErrImagePull\n");
  const Time failed_at = now_;
  now_ = answer.retry_at;
  answer = Ask(Wanted(1));
  EXPECT_EQ(answer.reason, "ImagePullBackOff");
  EXPECT_EQ(answer.message, "Back-off pulling image \"app:v1\": ErrImagePull: manifest unknown");
  EXPECT_EQ(answer.retry_at, failed_at + Seconds(10));
  EXPECT_EQ(Events(), "BackOff Back-off pulling image \"app:v1\"\nWarning Failed Error: ImagePullBackOff\n");
  std::vector<std::int64_t> waits;
  while (waits.size() < 7) {
    now_ = answer.retry_at;
    answer = Ask(Wanted(1));
    if (answer.state == State::kPending) {
      EndPull(images_.pulls.size() - 1, Error{"manifest unknown"});
      const Time at = now_;
      now_ = Ask(Wanted(1)).retry_at;
      answer = Ask(Wanted(1));
      waits.push_back(std::chrono::duration_cast<Seconds>(answer.retry_at - at).count());
    }
  }
  EXPECT_EQ(waits, (std::vector<std::int64_t>{20, 40, 80, 160, 300, 300, 300}));
}

TEST_F(ImagePullerTest, APodThatComesLaterDoesNotWaitForTheBackOffOfAnother) {
  Ask(Wanted(1));
  EndPull(0, Error{"unauthorized"});
  EXPECT_EQ(Ask(Wanted(2)).state, State::kPending);
  EXPECT_EQ(images_.pulls.size(), 2U);
}

TEST_F(ImagePullerTest, NeverMeansNever) {
  EXPECT_EQ(Ask(Wanted(1, "Never")).state, State::kPending);
  AnswerLook(0, std::optional<runtime::ImageInfo>());
  const ImageAnswer answer = Ask(Wanted(1, "Never"));
  EXPECT_EQ(answer.reason, "ErrImageNeverPull");
  EXPECT_EQ(answer.message, "Container image \"app:v1\" is not present with pull policy of Never");
  EXPECT_TRUE(images_.pulls.empty());
  // Somebody loads it meanwhile.
  now_ = answer.retry_at;
  EXPECT_EQ(Ask(Wanted(1, "Never")).state, State::kPending);
  AnswerLook(1, std::optional(Some()));
  EXPECT_EQ(Ask(Wanted(1, "Never")).state, State::kReady);
}

TEST_F(ImagePullerTest, ANameThatIsNoneIsSaidInTheKubeletsWords) {
  const ImageAnswer answer = Ask(Wanted(1, "Always", "MyApp"));
  EXPECT_EQ(answer.reason, "InvalidImageName");
  EXPECT_EQ(answer.message,
            "Failed to apply default image tag \"MyApp\": couldn't parse image name \"MyApp\": "
            "invalid reference format: repository name (library/MyApp) must be lowercase");
}

TEST_F(ImagePullerTest, AnEngineThatCannotSayIsAskedAgain) {
  Ask(Wanted(1, "IfNotPresent"));
  AnswerLook(0, Error{"connection refused"});
  const ImageAnswer answer = Ask(Wanted(1, "IfNotPresent"));
  EXPECT_EQ(answer.reason, "ImageInspectError");
  EXPECT_EQ(answer.message, "Failed to inspect image \"app:v1\": connection refused");
  now_ = answer.retry_at;
  EXPECT_EQ(Ask(Wanted(1, "IfNotPresent")).state, State::kPending);
  EXPECT_EQ(images_.inspected.size(), 2U);
}

TEST_F(ImagePullerTest, AnImageThatSomebodyBringsEndsTheBackOff) {
  Ask(Wanted(1, "IfNotPresent"));
  AnswerLook(0, std::optional<runtime::ImageInfo>());
  Ask(Wanted(1, "IfNotPresent"));
  EndPull(0, Error{"manifest unknown"});
  now_ = Ask(Wanted(1, "IfNotPresent")).retry_at;
  EXPECT_EQ(Ask(Wanted(1, "IfNotPresent")).state, State::kPending);
  AnswerLook(1, std::optional(Some()));
  EXPECT_EQ(Ask(Wanted(1, "IfNotPresent")).state, State::kReady);
}

TEST_F(ImagePullerTest, NoMoreAreUnderWayThanMayBe) {
  for (int i = 0; i < 4; ++i) Ask(Wanted(static_cast<scheduler::PodNumber>(i), "Always", Cat("app", i)));
  EXPECT_EQ(images_.pulls.size(), 2U);
  EndPull(0, Some());
  EXPECT_EQ(images_.pulls.size(), 3U);
  // The last has not begun when its pod ends: it never does.
  puller_->Forget(3, now_);
  EndPull(1, Some());
  EndPull(2, Some());
  EXPECT_EQ(images_.pulls.size(), 3U);
}

TEST_F(ImagePullerTest, APullThatNoPodWantsIsGivenUpAfterAWhile) {
  Ask(Wanted(1));
  Ask(Wanted(2));
  puller_->Forget(1, now_);
  EXPECT_FALSE(puller_->NextDue());
  puller_->Forget(2, now_);
  ASSERT_EQ(puller_->NextDue(), now_ + Seconds(10));
  puller_->HandleDue(now_ + Seconds(9));
  EXPECT_TRUE(images_.cancelled.empty());
  puller_->HandleDue(now_ + Seconds(10));
  EXPECT_EQ(images_.cancelled, std::vector<std::size_t>{0});
  EXPECT_FALSE(puller_->NextDue());
  // Its end was on its way; the next pull of the image is another.
  Ask(Wanted(3));
  EXPECT_EQ(images_.pulls.size(), 2U);
  EndPull(0, Error{"given up"});
  EXPECT_TRUE(puller_->TakeSettled().empty());
  EndPull(1, Some());
  EXPECT_EQ(Ask(Wanted(3)).state, State::kReady);
}

TEST_F(ImagePullerTest, APodThatTakesAnothersPlaceGoesOnWithItsPull) {
  Ask(Wanted(1));
  puller_->Forget(1, now_);
  now_ += Seconds(5);
  Ask(Wanted(2));
  EXPECT_FALSE(puller_->NextDue());
  EXPECT_EQ(images_.pulls.size(), 1U);
  EndPull(0, Some());
  EXPECT_EQ(Ask(Wanted(2)).state, State::kReady);
}

TEST_F(ImagePullerTest, GivingUpMakesPlaceForTheNext) {
  for (int i = 0; i < 3; ++i) Ask(Wanted(static_cast<scheduler::PodNumber>(i), "Always", Cat("app", i)));
  EXPECT_EQ(images_.pulls.size(), 2U);
  puller_->Forget(0, now_);
  puller_->HandleDue(now_ + Seconds(10));
  EXPECT_EQ(images_.pulls.size(), 3U);
}

TEST_F(ImagePullerTest, LoginsThatCannotBeReadFailThePull) {
  WantedImage wanted = Wanted(1);
  wanted.login_error = "imagePullSecret ns/s can't be read: it is no JSON object";
  const ImageAnswer answer = Ask(wanted);
  EXPECT_EQ(answer.reason, "ErrImagePull");
  EXPECT_EQ(answer.message, wanted.login_error);
  EXPECT_TRUE(images_.pulls.empty());
}

TEST_F(ImagePullerTest, PodsOfOtherLoginsPullForThemselves) {
  WantedImage other = Wanted(2);
  other.login_key = "ns/regcred";
  Ask(Wanted(1));
  Ask(other);
  EXPECT_EQ(images_.pulls.size(), 2U);
}

TEST_F(ImagePullerTest, AnImageOfAnotherProcessorIsSaidToBeOne) {
  Ask(Wanted(1));
  EndPull(0, runtime::ImageInfo{"sha256:1", "sparc9000", 5000});
  const ImageAnswer answer = Ask(Wanted(1));
  EXPECT_EQ(answer.reason, "CreateContainerError");
  EXPECT_EQ(answer.message.find("image \"app:v1\" is for sparc9000, and this machine is "), 0U) << answer.message;
}

TEST_F(ImagePullerTest, TheLongestWaitIsThatOfTheFirstPodThatStillWaits) {
  EXPECT_FALSE(puller_->LongestWait());
  const Time first = now_;
  Ask(Wanted(1));
  now_ += Seconds(5);
  Ask(Wanted(2, "Always", "other"));
  EndPull(0, Error{"unauthorized"});
  Ask(Wanted(1));
  ASSERT_TRUE(puller_->LongestWait());
  EXPECT_EQ(puller_->LongestWait()->since, first);
  EXPECT_EQ(puller_->LongestWait()->why, "ErrImagePull: unauthorized");
  puller_->Forget(1, now_);
  EXPECT_EQ(puller_->LongestWait()->image, "other");
  EXPECT_EQ(puller_->LongestWait()->why, "");
  EndPull(1, Some());
  Ask(Wanted(2, "Always", "other"));
  EXPECT_FALSE(puller_->LongestWait());
}

TEST_F(ImagePullerTest, WhatHasBeenRemovedIsPulledAgain) {
  Ask(Wanted(1));
  EndPull(0, Some());
  EXPECT_EQ(Ask(Wanted(1)).state, State::kReady);
  puller_->Mistrust("app:v1");
  EXPECT_EQ(Ask(Wanted(1)).state, State::kPending);
  EXPECT_EQ(images_.pulls.size(), 2U);
}

TEST_F(ImagePullerTest, ASourceOfLoginsThatCannotBeReadIsToldOnce) {
  Ask(Wanted(1));
  images_.pulls.at(0).notice("logins in /a do not count");
  images_.pulls.at(0).notice("logins in /a do not count");
  Take();
  EXPECT_EQ(notices_, (std::vector<std::string>{"logins in /a do not count"}));
}

}  // namespace
}  // namespace reprieve::kubelet
