// --kubernetes-version and --jobset-version, the same for every verb that has them.
#pragma once

#include <string>

#include "model/jobset_version.h"
#include "model/kubernetes_version.h"

namespace reprieve::cli {

class VerbOptions;

class VersionOptions {
 public:
  // Declares both, with their checks, on `verb`; they get their values when the command line is parsed.
  void Declare(VerbOptions& verb);

  // The newest unless another was named.
  model::KubernetesVersion kubernetes() const;
  model::JobSetVersion jobset() const;

 private:
  std::string kubernetes_ = model::KubernetesVersion().ToString();
  std::string jobset_ = model::JobSetVersion().ToString();
};

}  // namespace reprieve::cli
