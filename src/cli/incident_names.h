// The names that incidents may use: nodes, and the Jobs, JobSets, pods and containers that manifests lead to.
//
// Pure; the manifests must outlive it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/load.h"
#include "world/incident.h"

namespace reprieve::cli {

// A name that nothing has.
struct IncidentFault {
  std::size_t at = 0;  // where it begins in the incident's text
  std::string message;
  std::string advice;
};

class IncidentNames {
 public:
  IncidentNames(std::vector<std::string> nodes, const Loaded& loaded);

  std::optional<IncidentFault> Check(const world::Incident& incident) const;

  // What pods of that name are made of; null pointer: there are none.
  const core::PodSpec* FindPod(std::string_view name) const;
  // Whether a Job, or a JobSet, may be called so.
  bool HasJob(std::string_view name) const;
  bool HasJobSet(std::string_view name) const;
  // Whether a replicated job is.
  bool HasGroup(std::string_view name) const;
  // The name that was meant, maybe; empty: none is near.
  std::string NearestPod(std::string_view name) const;
  std::string NearestOwner(std::string_view name) const;

 private:
  std::optional<IncidentFault> CheckNode(const world::Incident& incident) const;
  std::optional<IncidentFault> CheckPod(const world::Incident& incident) const;
  std::optional<IncidentFault> CheckOwner(const world::Incident& incident) const;
  const core::PodSpec* FindStem(std::string_view name) const;

  std::vector<std::string> nodes_;
  std::map<std::string, const batch::JobSpec*, std::less<>> jobs_;
  std::map<std::string, const core::PodSpec*, std::less<>> pods_;  // without a Job
  std::vector<std::string> jobsets_;
  std::vector<std::string> groups_;  // replicated jobs
  bool whole_;                       // nothing is missing: there were no errors
};

}  // namespace reprieve::cli
