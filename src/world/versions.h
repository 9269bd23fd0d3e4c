// Versions: one resource version for each kind of object that controllers write: the newest that they have seen, or
// that they have made. Each kind has a watch of its own, so a version of one kind says nothing about another.
#pragma once

#include <algorithm>

#include "model/meta.h"

namespace reprieve::world {

struct Versions {
  meta::ResourceVersion jobsets = 0;
  meta::ResourceVersion jobs = 0;
  meta::ResourceVersion pods = 0;
  meta::ResourceVersion services = 0;
  meta::ResourceVersion claims = 0;

  // The newer of both, kind by kind.
  void Raise(const Versions& other) {
    jobsets = std::max(jobsets, other.jobsets);
    jobs = std::max(jobs, other.jobs);
    pods = std::max(pods, other.pods);
    services = std::max(services, other.services);
    claims = std::max(claims, other.claims);
  }
  // Of all kinds: those of a cluster are from one counter.
  meta::ResourceVersion Newest() const { return std::max({jobsets, jobs, pods, services, claims}); }
  // Of some kind `other` is newer.
  bool Lacks(const Versions& other) const {
    return jobsets < other.jobsets || jobs < other.jobs || pods < other.pods || services < other.services ||
           claims < other.claims;
  }
};

}  // namespace reprieve::world
