// Rehearsal: a PodWorker on virtual time, for tests.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "kubelet/pod_worker.h"
#include "model/testing.h"

namespace reprieve::kubelet::testing {

using namespace reprieve::testing;

// A pod whose containers start immediately and end when the test says so.
class Rehearsal {
 public:
  explicit Rehearsal(core::PodSpec spec, bool start_at_once = true)
      : start_at_once_(start_at_once), spec_(Shared(std::move(spec))), worker_({"ns", "pod", "uid"}, spec_, now_) {
    Step();
  }

  // The actions since the last call, in order: "start a", "stop a 30".
  std::string Done() { return std::exchange(done_, {}); }
  Rehearsal& Exit(const std::string& container, std::int32_t code, std::string_view reason = "") {
    const std::string word = !reason.empty() ? std::string(reason) : code == 0 ? "Completed" : "Error";
    worker_.Exited(Number(container), {code, word, "", now_, now_}, now_);
    return Step();
  }
  Rehearsal& Started(const std::string& container) {
    worker_.Started(Number(container), now_);
    return Step();
  }
  Rehearsal& CannotStart(const std::string& container) {
    worker_.CannotStart(Number(container), "CreateContainerConfigError", "configmap \"c\" not found", now_);
    return Step();
  }
  Rehearsal& Delete(int grace) {
    worker_.Delete(Seconds(grace), now_);
    return Step();
  }
  // Answers the newest attempt of a probe, called "main liveness".
  Rehearsal& Answer(const std::string& probe, ProbeOutcome outcome) {
    worker_.Probed(attempts_.at(probe), outcome, "said so", now_);
    return Step();
  }
  // Ends a hook, called "main postStart"; `failure`: empty, or why it failed.
  Rehearsal& Hooked(const std::string& hook, const std::string& failure = "") {
    worker_.Hooked(hooks_.at(hook), failure, now_);
    return Step();
  }
  // Why a probe or a hook stopped a container.
  std::string Why() { return std::exchange(why_, {}); }
  // Lets time pass in the steps that the worker asks for.
  Rehearsal& Wait(int seconds) {
    const Time end = now_ + Seconds(seconds);
    while (wake_ && *wake_ <= end) {
      now_ = *wake_;
      Step();
    }
    now_ = end;
    return *this;
  }
  bool waits() const { return wake_.has_value(); }
  bool finished() const { return worker_.finished(); }
  PodWorker& worker() { return worker_; }

  core::PodStatus& Status() {
    worker_.WriteStatus(now_, status_);
    return status_;
  }
  core::PodPhase Phase() { return Status().phase; }
  const core::ContainerStatus& StatusOf(const std::string& container) {
    Status();
    const std::size_t number = Number(container);
    return IsInit(*spec_, number) ? status_.init_container_statuses[number]
                                  : status_.container_statuses[number - spec_->init_containers.size()];
  }
  // "True", "False PodCompleted", ...
  std::string Condition(std::string_view type) {
    const core::PodCondition* condition = Status().FindCondition(type);
    if (condition == nullptr) return "absent";
    return condition->reason.empty() ? condition->status.str() : Cat(condition->status, " ", condition->reason);
  }

 private:
  std::size_t Number(const std::string& name) const {
    for (std::size_t i = 0; i < ContainerCount(*spec_); ++i) {
      if (ContainerAt(*spec_, i).name == name) return i;
    }
    ADD_FAILURE() << "no container " << name;
    return 0;
  }
  Rehearsal& Step() {
    for (bool again = true; again;) {
      again = false;
      const PodActions actions = worker_.Next(now_);
      wake_ = actions.wake;
      for (const auto& start : actions.start) {
        Note(Cat("start ", ContainerAt(*spec_, start.container).name));
        if (!start_at_once_) continue;
        worker_.Started(start.container, now_);
        again = true;
      }
      for (const auto& probe : actions.probe) {
        const std::string name = Cat(ContainerAt(*spec_, probe.container).name, " ", NameOf(probe.probe));
        Note(Cat("probe ", name));
        attempts_[name] = probe;
      }
      for (const auto& hook : actions.hook) {
        const std::string name = Cat(ContainerAt(*spec_, hook.container).name, " ", NameOf(hook.kind));
        Note(Cat("hook ", name));
        hooks_[name] = hook;
      }
      for (const auto& stop : actions.stop) {
        Note(Cat("stop ", ContainerAt(*spec_, stop.container).name, " ",
                 std::chrono::duration_cast<Seconds>(stop.grace).count()));
        if (!stop.why.empty()) why_ = stop.why;
      }
    }
    Status();
    return *this;
  }
  void Note(const std::string& what) { AppendTo(done_, done_.empty() ? "" : ", ", what); }

  bool start_at_once_;
  Time now_ = Time(Seconds(1'700'000'000));
  std::shared_ptr<const core::PodSpec> spec_;
  PodWorker worker_;
  std::optional<Time> wake_;
  core::PodStatus status_;
  std::string done_;
  std::string why_;
  std::map<std::string, PodActions::Try> attempts_;
  std::map<std::string, PodActions::Hook> hooks_;
};

}  // namespace reprieve::kubelet::testing
