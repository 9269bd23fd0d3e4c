// StatusValidator: refuses a Job status that the API server would refuse (spec/job.md 1.10).
//
// Remembers what it needs of a spec, so that a status costs what a status costs. One owner; no lock.
#pragma once

#include <memory>
#include <unordered_map>

#include "base/result.h"
#include "model/batch.h"

namespace reprieve::store {

class StatusValidator {
 public:
  // The error has the server's words.
  Status Check(const batch::Job& before, const batch::JobStatus& after);

 private:
  const document::Value& SpecOf(const batch::Job& job);

  // The part of each spec that status validation looks at.
  std::unordered_map<std::shared_ptr<const batch::JobSpec>, document::Value> specs_;
};

}  // namespace reprieve::store
