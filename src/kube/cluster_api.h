// ClusterApi: the writes of controllers as requests to a Kubernetes API server, and what its answers mean.
//
// Each world::Request is one HTTP request, with the UID, and where it is based on one the version, as precondition:
// - finalizers and owners of pods and Jobs change by strategic merge patches of that one item;
// - statuses are replaced whole, by PUT to /status with the metadata that is stored;
// - creations and deletions are what they are.
// An answer that says nothing about whether the write took effect (none, 429, 5xx) is kUnavailable: the engine looks
// again. Nothing is sent once `may_write` says no, what has waited for its turn neither. `answered` is called after
// each answer that came later.
//
// Source: spec/apiserver.md. Thread rules: the loop's, which is the engine's.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "kube/cache.h"
#include "kube/missing_rights.h"
#include "kube/pod_body.h"
#include "kube/recorder.h"
#include "kube/rest.h"
#include "world/api.h"

namespace reprieve::kube {

// Where it looks up what a request only names. All must outlive the Api.
struct KnownObjects {
  const Cache<batch::Job>& jobs;
  const Cache<jobset::JobSet>& jobsets;
  const Cache<core::Pod>& pods;
};

class ClusterApi final : public world::Api {
 public:
  ClusterApi(Rest& rest, KnownObjects known, Recorder& recorder, std::function<bool()> may_write,
             std::function<void()> answered);

  ~ClusterApi() override { *alive_ = false; }

  void Submit(world::Request&& request, world::Completion&& done) override;
  void RecordEvent(const world::Event& event) override;

  // Looks at each answer; must outlive it.
  void set_rights(MissingRights* rights) { rights_ = rights; }

  // The Event that tells a verdict.
  void RecordVerdict(const world::Verdict& verdict);

  // Pods that were created for Jobs, and those that could not be, by the reason (spec/job.md 2.19).
  enum class Creation : std::uint8_t { kNew, kRecreateTerminatingOrFailed, kRecreateFailed };
  struct Created {
    std::uint64_t succeeded = 0, failed = 0;
  };
  const Created& created(Creation why) const { return created_[static_cast<std::size_t>(why)]; }

  // Requests without an answer yet.
  std::size_t in_flight() const { return in_flight_; }

 private:
  struct Build;

  void Record(const world::Event& event, bool decided);
  Creation WhyCreated(const core::Pod& pod) const;

  Rest& rest_;
  const KnownObjects known_;
  Recorder& recorder_;
  const std::function<bool()> may_write_;
  const std::function<void()> answered_;
  MissingRights* rights_ = nullptr;
  std::size_t in_flight_ = 0;
  std::array<Created, 3> created_{};
  PodBodies pods_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Pure; for tests.
[[nodiscard]] world::WriteResult ResultOf(const Outcome& outcome, std::string_view method);

}  // namespace reprieve::kube
