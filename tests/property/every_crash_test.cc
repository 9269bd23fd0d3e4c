// The controller crashes at each of its writes in turn, before it and after it, or its write lands when another one
// leads already: the Job's end is always the same.
#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "admission/admission.h"
#include "base/text.h"
#include "document/json.h"
#include "engine/engine.h"
#include "sim/agenda.h"
#include "sim/faulty_api.h"
#include "sim/scripted_kubelet.h"
#include "sim/virtual_clock.h"

namespace reprieve {
namespace {

// Pods of one Job end five seconds after their creation, the n-th with the n-th code (the last serves all further
// ones).
class CrashingWorld final : public world::Watcher {
 public:
  CrashingWorld(std::string spec, std::vector<std::int32_t> codes, sim::FaultRates faults)
      : codes_(std::move(codes)), api_(store_, agenda_, clock_, random_, faults) {
    store_.AddWatcher(this);
    Start();
    const auto manifest = document::ParseJson(Cat(
        R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j"},"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"main","image":"i"}]}},)",
        spec, "}}"));
    const meta::Uid uid = store_.NewUid();
    const admission::Answer answer = admission::CreateJob(*manifest, {"ns", "Strict", uid, "", clock_.Now()});
    EXPECT_TRUE(answer.ok()) << answer.message;
    batch::Job job;
    FromValue(answer.object, job);
    store_.AddJob(std::move(job));
  }
  ~CrashingWorld() override { store_.RemoveWatcher(this); }

  // What is left once nothing is due: the counters, the conditions, the finalizers.
  std::string Run() {
    for (;;) {
      while (agenda_.DoOne(clock_.Now())) ReplaceCrashedController();
      if (engine_->RunOne()) {
        ReplaceCrashedController();
        continue;
      }
      const auto a = agenda_.NextDue();
      const auto b = engine_->NextDue();
      if (!a && !b) break;
      clock_.AdvanceTo(std::max(clock_.Now(), a && b ? std::min(*a, *b) : a ? *a : *b));
    }
    const batch::Job* job = store_.FindJob({"ns", "j"});
    std::string out = Cat("succeeded ", job->status.succeeded, " failed ", job->status.failed, " completed ",
                          job->status.completed_indexes, " failed ", job->status.failed_indexes.value_or("-"));
    for (const auto& condition : job->status.conditions) AppendTo(out, " ", condition.type, "/", condition.reason);
    for (const core::Pod* pod : store_.Pods()) {
      if (pod->metadata.HasFinalizer(batch::kTrackingFinalizer))
        AppendTo(out, " ", pod->metadata.name, " keeps its finalizer");
    }
    return out;
  }
  std::uint64_t writes() const { return api_.writes(); }
  std::uint64_t strays() const { return api_.strays(); }

  void JobChanged(const batch::Job&) override {}
  void JobDeleted(const batch::Job&) override {}
  void PodDeleted(const core::Pod&) override {}
  void PodChanged(const core::Pod& pod) override {
    if (!known_.insert(pod.metadata.uid).second) {
      if (!pod.metadata.deleting() || pod.IsTerminal() || !ending_.insert(pod.metadata.uid).second) return;
      agenda_.At(clock_.Now() + Seconds(2), [this, reference = world::ReferenceTo(pod)] {
        End(reference, 143);
        store_.RemovePod(reference);
      });
      return;
    }
    const std::int32_t code = codes_[std::min(created_++, codes_.size() - 1)];
    agenda_.At(clock_.Now(), [this, reference = world::ReferenceTo(pod)] { store_.BindPod(reference, "n1"); });
    agenda_.At(clock_.Now() + Seconds(5), [this, reference = world::ReferenceTo(pod), code] { End(reference, code); });
  }

 private:
  void Start() {
    engine_.emplace(api_, clock_, ledger_, engine::EngineOptions{});
    store_.List(*engine_);
    store_.AddWatcher(&*engine_);
    engine_->ListsComplete(store_.version());
  }
  void ReplaceCrashedController() {
    if (!api_.crashed()) return;
    store_.RemoveWatcher(&*engine_);
    api_.Revive();
    Start();
  }
  void End(const world::PodReference& reference, std::int32_t code) {
    store_.UpdatePodStatus(reference, [&](const core::Pod& pod, core::PodStatus& status) {
      if (!pod.IsTerminal()) sim::EndContainers(pod, code, clock_.Now(), status);
    });
  }

  const std::vector<std::int32_t> codes_;
  sim::VirtualClock clock_{Time(std::chrono::sys_days{std::chrono::year{2026} / 1 / 1})};
  store::Store store_{clock_, 1};
  Random random_{1};
  sim::Agenda agenda_;
  sim::FaultyApi api_;
  world::Ledger ledger_;
  std::optional<engine::Engine> engine_;
  std::set<meta::Uid> known_, ending_;
  std::size_t created_ = 0;
};

void ExpectTheSameEndWhereverItCrashes(const std::string& spec, const std::vector<std::int32_t>& codes) {
  CrashingWorld calm(spec, codes, {});
  const std::string end = calm.Run();
  ASSERT_GE(calm.writes(), 5U);
  for (std::uint64_t at = 1; at <= calm.writes(); ++at) {
    for (const bool after : {false, true}) {
      sim::FaultRates faults;
      faults.crash_at = at;
      faults.crash_after = after;
      EXPECT_EQ(CrashingWorld(spec, codes, faults).Run(), end)
          << "crashed " << (after ? "after" : "before") << " write " << at;
    }
    for (const int milliseconds : {1, 900, 4000, 60'000}) {
      sim::FaultRates faults;
      faults.crash_at = at;
      faults.crash_after = true;
      faults.crash_landing = std::chrono::milliseconds(milliseconds);
      CrashingWorld world(spec, codes, faults);
      const std::string other = world.Run();
      // A pod that is made without anybody knowing may be one more, and end as any other.
      if (world.strays() == 0) {
        EXPECT_EQ(other, end) << "write " << at << " landed " << milliseconds << " ms later";
      }
    }
  }
}

TEST(EveryCrash, OfANonIndexedJobThatSucceedsAfterFailures) {
  ExpectTheSameEndWhereverItCrashes(R"("completions":3,"parallelism":2)", {1, 0, 0, 1, 0});
}
TEST(EveryCrash, OfANonIndexedJobThatExceedsItsLimit) {
  ExpectTheSameEndWhereverItCrashes(R"("backoffLimit":2)", {1});
}
TEST(EveryCrash, OfAnIndexedJob) {
  ExpectTheSameEndWhereverItCrashes(R"("completionMode":"Indexed","completions":4,"parallelism":4)", {0});
}
TEST(EveryCrash, OfAnIndexedJobWithALimitPerIndex) {
  ExpectTheSameEndWhereverItCrashes(
      R"("completionMode":"Indexed","completions":1,"parallelism":1,"backoffLimitPerIndex":1)", {1});
}
TEST(EveryCrash, OfAJobThatAPolicyFails) {
  ExpectTheSameEndWhereverItCrashes(
      R"("podFailurePolicy":{"rules":[{"action":"FailJob","onExitCodes":{"operator":"In","values":[42]}}]})", {42});
}

}  // namespace
}  // namespace reprieve
