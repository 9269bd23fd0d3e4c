// FaultyApi: an Api in front of a store whose writes go wrong by seed, or after which the controller is gone.
//
// One owner, the simulation's thread.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "store/store.h"
#include "world/api.h"

namespace reprieve::sim {

struct FaultRates {
  // One write in so many; 0: never.
  std::uint64_t unavailable = 0;  // no answer; of writes that may be repeated, half have taken effect
  std::uint64_t conflict = 0;     // somebody else writes the Job first
  std::uint64_t crash = 0;        // the controller is gone, before the write or after it
  std::uint64_t forbidden = 0;    // of creations: a quota refuses it, which passes
  // Exactly at the n-th write, counted from 1; 0: nowhere.
  std::uint64_t crash_at = 0;
  bool crash_after = false;  // that write has taken effect
};

class FaultyApi final : public world::Api {
 public:
  FaultyApi(store::Store& store, Random& random, FaultRates rates) : store_(store), random_(random), rates_(rates) {}

  // The controller has crashed: every further write of it is refused. A new one begins with Revive.
  bool crashed() const { return crashed_; }
  void Revive() { crashed_ = false; }
  // How many writes were asked for.
  std::uint64_t writes() const { return writes_; }
  // Statuses that validation has refused, in the server's words.
  const std::vector<std::string>& refused() const { return refused_; }

  world::WriteResult CreatePod(std::unique_ptr<core::Pod> pod, SharedString& created_name) override;
  world::WriteResult DeletePod(const world::PodReference& pod) override;
  world::WriteResult RemovePodFinalizer(const world::PodReference& pod, std::string_view finalizer) override;
  world::WriteResult AdoptPod(const world::PodReference& pod, const meta::OwnerReference& owner,
                              std::string_view finalizer) override;
  world::WriteResult ReleasePod(const world::PodReference& pod, const meta::Uid& owner_uid,
                                std::string_view finalizer) override;
  world::WriteResult UpdateJobStatus(const meta::ObjectKey& job, const meta::Uid& uid, meta::ResourceVersion version,
                                     batch::JobStatus status) override;
  world::WriteResult DeleteJob(const meta::ObjectKey& job, const meta::Uid& uid,
                               world::Propagation propagation) override;
  world::WriteResult RemoveJobFinalizer(const meta::ObjectKey& job, const meta::Uid& uid,
                                        std::string_view finalizer) override;
  world::WriteResult CreateJob(std::unique_ptr<batch::Job> job) override;
  world::WriteResult UpdateJob(const batch::Job& job) override;
  world::WriteResult ResizeJob(const meta::ObjectKey& job, std::optional<std::int32_t> parallelism,
                               std::optional<std::int32_t> completions) override;
  world::WriteResult UpdateJobSetStatus(const meta::ObjectKey& jobset, const meta::Uid& uid,
                                        meta::ResourceVersion version, jobset::JobSetStatus status) override;
  world::WriteResult DeleteJobSet(const meta::ObjectKey& jobset, const meta::Uid& uid,
                                  world::Propagation propagation) override;
  world::WriteResult RemoveJobSetFinalizer(const meta::ObjectKey& jobset, const meta::Uid& uid,
                                           std::string_view finalizer) override;
  world::WriteResult CreateService(core::Service service) override;
  world::WriteResult DeleteService(const meta::ObjectKey& service, const meta::Uid& uid) override;
  world::WriteResult CreateClaim(core::PersistentVolumeClaim claim) override;
  world::WriteResult DeleteClaim(const meta::ObjectKey& claim, const meta::Uid& uid) override;
  world::WriteResult LosePod(const world::PodReference& pod, std::string_view reason,
                             std::string_view message) override;
  world::WriteResult MarkDisrupted(const world::PodReference& pod, std::string_view reason,
                                   std::string_view message) override;
  void RecordEvent(const world::Event& event) override;

 private:
  // Does `write`, or fails it by chance. `repeatable`: the same write may follow one whose outcome is unknown.
  // A quota refuses the next creation.
  bool Forbids() { return !crashed_ && rates_.forbidden > 0 && random_.OneIn(rates_.forbidden); }
  template <class W>
  world::WriteResult Do(bool repeatable, W write);

  store::Store& store_;
  Random& random_;
  const FaultRates rates_;
  bool crashed_ = false;
  std::uint64_t writes_ = 0;
  std::vector<std::string> refused_;
};

}  // namespace reprieve::sim
