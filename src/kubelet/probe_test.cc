#include "kubelet/probe.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace reprieve::kubelet {
namespace {

constexpr auto kGood = ProbeOutcome::kSuccess;
constexpr auto kBad = ProbeOutcome::kFailure;
constexpr auto kUnknown = ProbeOutcome::kUnknown;

// "delay 5 period 2 success 1 failure 3"; the rest has the server's defaults.
core::Probe Spec(std::string_view text) {
  core::Probe out;
  const auto words = Split(text, ' ');
  for (std::size_t i = 0; i + 1 < words.size(); i += 2) {
    const std::int32_t number = ParseInt32(words[i + 1]).value();
    if (words[i] == "delay") out.initial_delay_seconds = number;
    if (words[i] == "period") out.period_seconds = number;
    if (words[i] == "success") out.success_threshold = number;
    if (words[i] == "failure") out.failure_threshold = number;
  }
  return out;
}

// One run of a container. Its probes answer at once, each with its current result; time is in seconds.
class OneRun {
 public:
  explicit OneRun(const core::Container& container) : probes_(*ContainerProbes::Of(container, now_)) { Step(); }

  OneRun& Answers(ProbeKind kind, ProbeOutcome outcome) {
    answers_[static_cast<std::size_t>(kind)] = outcome;
    return *this;
  }
  OneRun& WaitUntil(int second) {
    const Time end = Time(Seconds(second));
    for (auto due = probes_.NextDue(stopping_); due && *due <= end; due = probes_.NextDue(stopping_)) {
      now_ = *due;
      Step();
    }
    now_ = end;
    return *this;
  }
  OneRun& Stops() {
    stopping_ = true;
    return *this;
  }
  // "0 startup, 10 startup, 10 liveness", since the last call.
  std::string Tried() { return std::exchange(tried_, {}); }
  // "started ready liveness-failed"
  std::string State() const {
    std::string out;
    if (probes_.started()) out += " started";
    if (probes_.ready()) out += " ready";
    if (probes_.failed()) AppendTo(out, " ", NameOf(*probes_.failed()), "-failed");
    return out.empty() ? out : out.substr(1);
  }

 private:
  void Step() {
    for (auto due = probes_.Begin(now_, stopping_); !due.empty(); due = probes_.Begin(now_, stopping_)) {
      for (const ProbeKind kind : due) {
        AppendTo(tried_, tried_.empty() ? "" : ", ",
                 std::chrono::duration_cast<Seconds>(now_.time_since_epoch()).count(), " ", NameOf(kind));
        probes_.Report(kind, answers_[static_cast<std::size_t>(kind)], now_);
      }
    }
  }

  Time now_{};
  ContainerProbes probes_;
  std::array<ProbeOutcome, 3> answers_ = {kBad, kBad, kBad};
  bool stopping_ = false;
  std::string tried_;
};

core::Container With(std::string_view startup, std::string_view liveness, std::string_view readiness) {
  core::Container out;
  if (startup != "none") out.startup_probe = Spec(startup);
  if (liveness != "none") out.liveness_probe = Spec(liveness);
  if (readiness != "none") out.readiness_probe = Spec(readiness);
  return out;
}

TEST(Probe, AContainerWithoutProbesCostsNothing) {
  EXPECT_EQ(ContainerProbes::Of(With("none", "none", "none"), Time{}), nullptr);
}

TEST(Probe, ReadinessIsFalseUntilTheFirstSuccessAndAfterThreeFailures) {
  OneRun run(With("none", "none", "period 2"));
  EXPECT_EQ(run.Tried(), "0 readiness");
  EXPECT_EQ(run.State(), "started");
  EXPECT_EQ(run.Answers(ProbeKind::kReadiness, kGood).WaitUntil(3).State(), "started ready");
  EXPECT_EQ(run.Answers(ProbeKind::kReadiness, kBad).WaitUntil(7).State(), "started ready");
  EXPECT_EQ(run.WaitUntil(8).State(), "started");
  EXPECT_EQ(run.Tried(), "2 readiness, 4 readiness, 6 readiness, 8 readiness");
}

TEST(Probe, SuccessesAndFailuresCountInARow) {
  OneRun run(With("none", "none", "period 1 success 2 failure 2"));
  EXPECT_EQ(run.Answers(ProbeKind::kReadiness, kGood).WaitUntil(1).State(), "started");
  EXPECT_EQ(run.WaitUntil(2).State(), "started ready");
  for (int second = 3; second < 10; second += 2) {
    EXPECT_EQ(run.Answers(ProbeKind::kReadiness, kBad).WaitUntil(second).State(), "started ready");
    EXPECT_EQ(run.Answers(ProbeKind::kReadiness, kGood).WaitUntil(second + 1).State(), "started ready");
  }
  EXPECT_EQ(run.Answers(ProbeKind::kReadiness, kBad).WaitUntil(12).State(), "started");
  EXPECT_EQ(run.Answers(ProbeKind::kReadiness, kGood).WaitUntil(13).State(), "started");
  EXPECT_EQ(run.WaitUntil(14).State(), "started ready");
}

TEST(Probe, LivenessIsAssumedGoodUntilItHasFailedOftenEnough) {
  OneRun run(With("none", "delay 3 period 5", "none"));
  EXPECT_EQ(run.State(), "started ready");
  EXPECT_EQ(run.WaitUntil(12).State(), "started ready");
  EXPECT_EQ(run.WaitUntil(13).State(), "started ready liveness-failed");
  EXPECT_EQ(run.Tried(), "3 liveness, 8 liveness, 13 liveness");
  EXPECT_EQ(run.WaitUntil(100).Tried(), "") << "on hold until the container runs again";
}

TEST(Probe, OtherProbesWaitForTheStartupProbe) {
  OneRun run(With("period 4 failure 10", "period 3", "delay 2 period 3"));
  run.Answers(ProbeKind::kLiveness, kGood).Answers(ProbeKind::kReadiness, kGood);
  EXPECT_EQ(run.WaitUntil(9).State(), "");
  EXPECT_EQ(run.Tried(), "0 startup, 4 startup, 8 startup");
  EXPECT_EQ(run.Answers(ProbeKind::kStartup, kGood).WaitUntil(16).State(), "started ready");
  EXPECT_EQ(run.Tried(), "12 startup, 12 liveness, 12 readiness, 15 liveness, 15 readiness");
}

TEST(Probe, TheDelayOfALaterProbeCountsFromTheStartOfTheContainer) {
  OneRun run(With("period 1", "delay 5 period 9", "none"));
  run.Answers(ProbeKind::kStartup, kGood).Answers(ProbeKind::kLiveness, kGood).WaitUntil(13);
  EXPECT_EQ(run.Tried(), "0 startup, 1 startup, 5 liveness");
}

TEST(Probe, AStartupProbeThatFailsTooOftenStopsTheContainer) {
  OneRun run(With("period 2 failure 2", "none", "none"));
  EXPECT_EQ(run.State(), "");
  EXPECT_EQ(run.WaitUntil(2).State(), "startup-failed");
  EXPECT_EQ(run.WaitUntil(60).Tried(), "0 startup, 2 startup");
}

TEST(Probe, AnAttemptThatCouldNotBeMadeIsIgnored) {
  OneRun run(With("none", "period 1 failure 2", "none"));
  run.Answers(ProbeKind::kLiveness, kUnknown).WaitUntil(5);
  EXPECT_EQ(run.State(), "started ready");
  run.Answers(ProbeKind::kLiveness, kBad).WaitUntil(6);
  EXPECT_EQ(run.State(), "started ready liveness-failed") << "the failure at 0 and the one at 6 are in a row";
}

TEST(Probe, WhileAContainerStopsOnlyItsReadinessIsProbed) {
  OneRun run(With("none", "period 1 failure 9", "period 1"));
  run.WaitUntil(1).Tried();
  EXPECT_EQ(run.Stops().WaitUntil(3).Tried(), "2 readiness, 3 readiness");
}

TEST(Probe, AttemptsDoNotOverlapAndTheNextFollowsALateOneImmediately) {
  Probe probe(Spec("period 2"), Time{});
  EXPECT_EQ(probe.due(), Time{});
  probe.Begin(Time{});
  EXPECT_EQ(probe.due(), std::nullopt);
  probe.Report(kGood, Time(Seconds(1)));
  EXPECT_EQ(probe.due(), Time(Seconds(2)));
  probe.Begin(Time(Seconds(2)));
  probe.Report(kGood, Time(Seconds(7)));
  EXPECT_EQ(probe.due(), Time(Seconds(7)));
}

}  // namespace
}  // namespace reprieve::kubelet
