#include "cli/version_options.h"

#include "base/text.h"
#include "cli/verb_options.h"

namespace reprieve::cli {
namespace {

// Why it is no version; empty if it is one.
template <auto Parse>
std::string Check(const std::string& text) {
  const auto version = Parse(text);
  return version.ok() ? std::string() : version.error().message;
}

}  // namespace

void VersionOptions::Declare(VerbOptions& verb) {
  verb.Add("--kubernetes-version", kubernetes_,
           Cat("The Kubernetes that the manifests meet, 1.", model::KubernetesVersion::kOldestMinor, " to 1.",
               model::KubernetesVersion::kNewestMinor, " (default ", kubernetes_,
               "): fields that it drops are dropped with a warning, those that it refuses are errors"))
      .Value("VERSION")
      .Check(Check<model::ParseKubernetesVersion>);
  verb.Add("--jobset-version", jobset_,
           Cat("The JobSet that they meet, 0.", model::JobSetVersion::kOldestMinor, " to 0.",
               model::JobSetVersion::kNewestMinor, " (default ", jobset_, ")"))
      .Value("VERSION")
      .Check(Check<model::ParseJobSetVersion>);
}

model::KubernetesVersion VersionOptions::kubernetes() const {
  return *model::ParseKubernetesVersion(kubernetes_);
}

model::JobSetVersion VersionOptions::jobset() const {
  return *model::ParseJobSetVersion(jobset_);
}

}  // namespace reprieve::cli
