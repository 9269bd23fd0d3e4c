// DueEnds: whether the end that a Job was given was due, by what its pods truly did.
//
// It knows at least as much in favour of each end as any controller can have seen, however late: an end that not even
// that justifies is one too many. The reasons are those of spec/job.md 2.7.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "model/batch.h"

namespace reprieve::property {

class DueEnds {
 public:
  // `writes_take_time`: a status tells of a time before it was written. `leeway`: what the controller's clock may be
  // off.
  DueEnds(bool writes_take_time, Nanoseconds leeway) : writes_take_time_(writes_take_time), leeway_(leeway) {}

  // As it is since `now`.
  void See(const batch::Job& job, Time now);
  // REQUIRES: a Job has been seen.
  void See(const core::Pod& pod);
  // Why `job`, which has been given an end at `now`, should not have it; nothing if all is well.
  std::optional<std::string> Objection(const batch::Job& job, Time now) const;

  // Pods that have ever been so.
  std::int64_t succeeded() const { return static_cast<std::int64_t>(succeeded_.size()); }
  // Or may have been, for who saw them late.
  std::int64_t failed() const { return static_cast<std::int64_t>(perhaps_failed_.size()); }
  bool HasSucceeded(const std::string& index) const { return succeeded_indexes_.contains(index); }

 private:
  std::optional<std::string> Missing(std::string_view what, std::int64_t there, std::int64_t needed) const;

  const bool writes_take_time_;
  const Nanoseconds leeway_;
  std::shared_ptr<const batch::JobSpec> spec_;
  // Its startTime, which has whole seconds, and when that was, as well as can be known.
  std::optional<Time> start_time_;
  Time started_{};
  // The least that was ever asked for.
  std::optional<std::int64_t> backoff_limit_, completions_;
  std::set<meta::Uid> succeeded_, failed_, counted_, fails_job_;  // pods
  std::set<meta::Uid> perhaps_failed_;                            // those that were deleted, though they succeeded, too
  std::set<std::string> succeeded_indexes_, failed_indexes_;
  std::map<meta::Uid, std::int64_t> restarts_;  // the most of each pod
};

}  // namespace reprieve::property
