// Shadow: what the controllers here would have decided, compared with what those of the cluster did decide.
//
// Before a status that decides something reaches the caches (kube/sequencer.h), the controllers here are asked what
// they would write, knowing what the others could know. And whatever they would decide must follow within a while.
// Compared are: of a JobSet the counters of restarts, and its end with its reason; of a Job its end with its reason.
// Nothing is written. kube-controller-manager's Jobs and all JobSets are looked at.
//
// Thread rules: the loop's, which is the engine's.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>

#include "document/value.h"
#include "engine/engine.h"
#include "kube/cache.h"

namespace reprieve::kube {

// What a status says that a policy has decided.
struct StatusDecision {
  std::int64_t restarts = 0;          // of a JobSet
  std::int64_t counted_restarts = 0;  // against maxRestarts
  std::int64_t job_restarts = 0;      // of single Jobs
  std::string end;                    // Failed or Complete(d) with the reason; empty: it goes on
  bool operator==(const StatusDecision&) const = default;
};
StatusDecision DecisionOf(const jobset::JobSetStatus& status);
StatusDecision DecisionOf(const batch::JobStatus& status);
// For people: "restart 2 (1 counted)", "Failed: ReachedMaxRestarts", "nothing".
std::string Describe(const StatusDecision& now, const StatusDecision& before);

enum class ShadowResult : std::uint8_t {
  kSame,
  kDifferent,
  kOnlyTheirs,  // they decided, and nothing would have been decided here
  kOnlyOurs,    // decided here, and not by them within a while
};
std::string_view NameOf(ShadowResult result);

// One comparison.
struct ShadowReport {
  ShadowResult result = ShadowResult::kSame;
  world::Subject subject;
  std::string ours, theirs;               // as Describe has it
  std::optional<world::Verdict> verdict;  // ours
};

class Shadow {
 public:
  // How long the others may take for what is decided here.
  static constexpr Nanoseconds kPatience = Seconds(30);
  using Report = std::function<void(const ShadowReport&)>;

  Shadow(engine::Engine& engine, const Cache<batch::Job>& jobs, const Cache<jobset::JobSet>& jobsets,
         const world::Clock& clock, Report report)
      : engine_(engine), jobs_(jobs), jobsets_(jobsets), clock_(clock), report_(std::move(report)) {}

  // The object is about to reach the cache, which still has the one before it.
  void BeforeJob(const document::Value& next);
  void BeforeJobSet(const document::Value& next);
  // Looks at what is due; returns when to be called again, if nothing changes before.
  std::optional<Time> Run();

  // By kind (world::Kind) and result.
  std::uint64_t count(world::Kind kind, ShadowResult result) const {
    return counts_[static_cast<std::size_t>(kind)][static_cast<std::size_t>(result)];
  }

 private:
  // What is decided here.
  struct Ours {
    StatusDecision decision;
    std::optional<world::Verdict> verdict;
    std::optional<Time> look_again;
  };
  struct Expected {
    engine::WorkKey key;
    Time since;
    Ours ours;
    bool reported = false;
  };

  Ours OursOf(const batch::Job& job);
  Ours OursOf(const jobset::JobSet& jobset);
  template <class T>
  void Before(const Cache<T>& cache, const document::Value& next, world::Kind kind);
  template <class T>
  void Look(const T* known, const engine::WorkKey& key);
  void Tell(ShadowReport report);
  std::optional<Time> ReportOverdue();

  engine::Engine& engine_;
  const Cache<batch::Job>& jobs_;
  const Cache<jobset::JobSet>& jobsets_;
  const world::Clock& clock_;
  const Report report_;
  std::unordered_map<meta::Uid, Expected> expected_;
  std::array<std::array<std::uint64_t, 4>, 2> counts_{};
};

}  // namespace reprieve::kube
