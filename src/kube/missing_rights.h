// MissingRights: tells of writes that the server's rules of access forbid, each right once in ten minutes, so that what
// a role lacks can be read in the log. Other refusals (a quota, a policy for pods) are their object's events.
//
// Thread rules: the loop's.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "base/text.h"
#include "kube/rest.h"

namespace reprieve::kube {

class MissingRights {
 public:
  MissingRights(const world::Clock& clock, std::function<void(const std::string&)> tell)
      : clock_(clock), tell_(std::move(tell)) {}

  void Look(const Outcome& outcome) {
    if (outcome.status != 403) return;
    // jobs.batch "a" is forbidden: User "u" cannot create resource "jobs" in API group "batch" in the namespace "n"
    const std::size_t right = outcome.message.find(" cannot ");
    if (right == std::string::npos) return;
    const Time now = clock_.Now();
    if (told_.size() >= kMaxTold) told_.clear();
    const auto [at, fresh] = told_.try_emplace(outcome.message.substr(right), now);
    if (!fresh && now - at->second < kAgain) return;
    at->second = now;
    tell_(Cat(outcome.message, "; `reprieve manifests rbac` prints the roles that are needed"));
  }

 private:
  static constexpr Nanoseconds kAgain = Seconds(600);
  static constexpr std::size_t kMaxTold = 1000;  // namespaces times rights

  const world::Clock& clock_;
  const std::function<void(const std::string&)> tell_;
  std::map<std::string, Time> told_;
};

}  // namespace reprieve::kube
