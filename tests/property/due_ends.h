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
  // `exact`: the controller sees everything at once, so that times are what they were too.
  explicit DueEnds(bool exact) : exact_(exact) {}

  void See(const batch::Job& job);
  // REQUIRES: a Job has been seen.
  void See(const core::Pod& pod);
  // Why `job`, which has just been given an end, should not have it; nothing if all is well.
  std::optional<std::string> Objection(const batch::Job& job) const;

 private:
  std::optional<std::string> Missing(std::string_view what, std::int64_t there, std::int64_t needed) const;

  const bool exact_;
  std::shared_ptr<const batch::JobSpec> spec_;
  // The least that was ever asked for.
  std::optional<std::int64_t> backoff_limit_, completions_;
  std::set<meta::Uid> succeeded_, failed_, counted_, fails_job_;  // pods
  std::set<std::string> succeeded_indexes_, failed_indexes_;
  std::map<meta::Uid, std::int64_t> restarts_;  // the most of each pod
};

}  // namespace reprieve::property
