// What a run remembers of its Jobs, JobSets and pods, for whoever draws or sums them up.
//
// Plain values of the engine's thread.
#pragma once

#include <compare>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "cli/object_names.h"
#include "model/jobset.h"
#include "world/verdict.h"

namespace reprieve::cli {

// What keeps a container of a pod from running that has a place.
struct HeldUp {
  std::string container;
  std::string reason;  // CreateContainerConfigError
  std::string message;
  auto operator<=>(const HeldUp&) const = default;
  bool any() const { return !reason.empty(); }
};

// A pod that failed, and the container to blame.
struct FailedPod {
  std::string pod;
  SharedString container;
  std::int32_t attempt = 0;
  std::int32_t index = -1;  // the pod's completion index; -1: none
  SharedString message{};   // the container's termination message
};

// The pods of a Job, or of all Jobs of a JobSet.
struct Tally {
  std::int64_t pods = 0;
  std::int64_t restarts = 0;                    // of containers in place
  std::int64_t failed = 0;                      // pods that failed; those that were ended with their Job are not
  std::int64_t counted = 0;                     // failures that count against a limit
  std::int64_t ignored = 0;                     // and those that don't
  Nanoseconds wasted{0};                        // running time of pods that failed
  std::int64_t retried = 0;                     // failures after which there was another attempt
  std::optional<FailedPod> failed_pod;          // the last
  std::optional<FailedPod> cause;               // the one that ended it
  std::map<std::string, std::int64_t> waiting;  // pods without a place, by the reason
  std::set<std::string> told_waiting;           // reasons that were printed
  std::map<HeldUp, std::int64_t> held_up;       // pods with a place, by what keeps a container of theirs from running
  std::set<HeldUp> told_held_up;                // that were printed
  std::multiset<Time> retries;                  // when the next attempts are due
};

// A retry that was announced for a later time.
struct AnnouncedRetry {
  std::int32_t index = -1;  // the completion index; -1: any
  Time due;
};

// Of a pod without a Job too, as that of a Job whose only pod it is.
struct JobLife {
  meta::ObjectKey key;
  bool is_pod = false;
  meta::Uid jobset;  // that it belongs to; empty: none
  Time began;
  std::optional<Time> ended;
  batch::JobStatus status;
  std::optional<std::int32_t> completions;
  bool per_index = false;  // back-off and its limit are
  bool finished = false;
  bool deleted = false;
  std::int64_t live_pods = 0;              // that are in the store
  Tally tally;                             // of a Job without a JobSet
  std::optional<world::Verdict> ended_by;  // if a judgement ended it
  std::vector<AnnouncedRetry> announced;
  std::string last_success;  // the pod that succeeded last, since the last announcement
};

struct JobSetLife {
  meta::ObjectKey key;
  Time began;
  std::optional<Time> ended;
  std::shared_ptr<const jobset::JobSetSpec> spec;
  jobset::JobSetStatus status;
  bool finished = false;
  Tally tally;
  std::int64_t uncounted = 0;          // restarts by actions that do not count
  std::optional<world::Verdict> last;  // the last verdict about it
};

struct PodLife {
  meta::Uid job;
  meta::Uid owner;  // the JobSet, or the Job if it has none
  core::PodPhase phase = core::PodPhase::kPending;
  std::optional<Time> running_since;
  std::map<SharedString, std::int32_t> restarts;
  std::string waits;  // why it has no node yet
  HeldUp held_up;     // what keeps the first of its containers from running that waits
};

// Everything of one run.
struct RunLives {
  std::vector<meta::Uid> order;  // of JobSets, and of Jobs without one
  std::map<meta::Uid, JobLife> jobs;
  std::map<meta::Uid, JobSetLife> jobsets;
  std::map<meta::Uid, PodLife> pods;

  JobLife* FindJob(const meta::Uid& uid) { return Find(jobs, uid); }
  const JobLife* FindJob(const meta::Uid& uid) const { return Find(jobs, uid); }
  JobSetLife* FindJobSet(const meta::Uid& uid) { return Find(jobsets, uid); }
  const JobSetLife* FindJobSet(const meta::Uid& uid) const { return Find(jobsets, uid); }
  Tally& TallyOf(JobLife& job) { return job.jobset.empty() ? job.tally : jobsets.at(job.jobset).tally; }

 private:
  template <class M>
  static auto Find(M& map, const meta::Uid& uid) -> decltype(&map.begin()->second) {
    const auto at = map.find(uid);
    return at == map.end() ? nullptr : &at->second;
  }
};

// Job, or Pod.
inline std::string_view KindOf(const JobLife& job) {
  return job.is_pod ? "Pod" : "Job";
}

// The steps of the verdict, the first with the namespace if that is not default.
std::vector<std::string> ChainOf(const world::Verdict& verdict);
// When the attempt is due that the verdict announces.
std::optional<Time> RetryDue(const world::Verdict& verdict);

// Of a JobSet and of its single Jobs.
struct Restarts {
  std::int64_t used = 0;
  std::int64_t uncounted = 0;
  std::int64_t forgiven = 0;  // counted until the budgets were whole again
  std::int64_t limit = 0;
};
Restarts RestartsOf(const JobSetLife& jobset);
// restarts 1 of 3 used; empty where nothing can be restarted, or counted.
std::string RestartsUsed(const JobSetLife& jobset);

}  // namespace reprieve::cli
