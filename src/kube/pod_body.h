// PodBodies: pods as the JSON of requests that create them. The pods of a Job share their spec, which is a body's
// larger part: it is written as text once.
//
// One owner, the loop's thread.
#pragma once

#include <memory>
#include <string>

#include "model/core.h"

namespace reprieve::kube {

class PodBodies {
 public:
  // Without a status.
  std::string Of(const core::Pod& pod);

 private:
  void Know(const std::shared_ptr<const core::PodSpec>& spec);

  // Of the latest pod. Its text is without braces and without what a pod may have for itself.
  std::shared_ptr<const core::PodSpec> spec_;
  std::string text_, hostname_, node_name_;
};

}  // namespace reprieve::kube
