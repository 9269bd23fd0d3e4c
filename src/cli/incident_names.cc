#include "cli/incident_names.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace reprieve::cli {
namespace {

constexpr std::size_t kMostCandidates = 2000;

std::int32_t PodsOf(const batch::JobSpec& spec) {
  return spec.completions.value_or(1);
}

std::string DidYouMean(std::string_view near) {
  return near.empty() ? std::string() : Cat("Did you mean ", near, "?");
}

}  // namespace

IncidentNames::IncidentNames(std::vector<std::string> nodes, const Loaded& loaded)
    : nodes_(std::move(nodes)), whole_(loaded.errors.empty()) {
  for (const LoadedJob& job : loaded.jobs) jobs_.emplace(job.job.metadata.name.str(), job.job.spec.get());
  for (const LoadedPod& pod : loaded.pods) pods_.emplace(pod.pod.metadata.name.str(), pod.pod.spec.get());
  for (const LoadedJobSet& jobset : loaded.jobsets) {
    const SharedString& own = jobset.jobset.metadata.name;
    jobsets_.push_back(own.str());
    for (const jobset::ReplicatedJob& group : jobset.jobset.spec->replicated_jobs) {
      groups_.push_back(group.name);
      for (std::int32_t i = 0; i < group.replicas; ++i) {
        jobs_.emplace(Cat(own, "-", group.name, "-", i), group.job_template.spec.get());
        jobs_.emplace(Cat(group.name, "-", i), group.job_template.spec.get());
      }
    }
  }
}

std::optional<IncidentFault> IncidentNames::Check(const world::Incident& incident) const {
  if (!incident.node.empty()) return CheckNode(incident);
  // With errors in the manifests nobody knows which objects there will be.
  if (!whole_) return std::nullopt;
  if (!incident.pod.empty()) return CheckPod(incident);
  if (!incident.owner.empty()) return CheckOwner(incident);
  return std::nullopt;
}

std::optional<IncidentFault> IncidentNames::CheckNode(const world::Incident& incident) const {
  if (std::find(nodes_.begin(), nodes_.end(), incident.node) != nodes_.end()) return std::nullopt;
  return IncidentFault{
      incident.name_at,
      nodes_.size() == 1
          ? Cat("there is no node ", incident.node, "; the only one is ", nodes_.front())
          : Cat("there is no node ", incident.node, "; nodes are ", nodes_.front(), " to ", nodes_.back()),
      "Give --nodes a number to have more."};
}

std::optional<IncidentFault> IncidentNames::CheckPod(const world::Incident& incident) const {
  const core::PodSpec* spec = FindPod(incident.pod);
  if (spec == nullptr) {
    return IncidentFault{incident.name_at, Cat("no pod of these manifests is called ", incident.pod),
                         DidYouMean(NearestPod(incident.pod))};
  }
  if (incident.container.empty()) return std::nullopt;
  std::vector<std::string_view> names;
  for (const auto* containers : {&spec->init_containers, &spec->containers}) {
    for (const core::Container& container : *containers) names.push_back(container.name);
  }
  if (std::find(names.begin(), names.end(), incident.container) != names.end()) return std::nullopt;
  return IncidentFault{incident.text.find(incident.container, incident.text.find("container") + 9),
                       Cat("pod ", incident.pod, " has no container ", incident.container, "; it has ",
                           Join(std::vector<std::string>(names.begin(), names.end()), ", ")),
                       DidYouMean(NearestWord(incident.container, names))};
}

std::optional<IncidentFault> IncidentNames::CheckOwner(const world::Incident& incident) const {
  const bool job = incident.owner_kind == world::Kind::kJob;
  if (job ? HasJob(incident.owner) : HasJobSet(incident.owner)) return std::nullopt;
  return IncidentFault{incident.name_at,
                       Cat("no ", NameOf(incident.owner_kind), " of these manifests is called ", incident.owner),
                       DidYouMean(NearestOwner(incident.owner))};
}

bool IncidentNames::HasJob(std::string_view name) const {
  return jobs_.contains(name);
}

bool IncidentNames::HasJobSet(std::string_view name) const {
  return std::find(jobsets_.begin(), jobsets_.end(), name) != jobsets_.end();
}

bool IncidentNames::HasGroup(std::string_view name) const {
  return std::find(groups_.begin(), groups_.end(), name) != groups_.end();
}

const core::PodSpec* IncidentNames::FindPod(std::string_view name) const {
  if (const auto pod = pods_.find(name); pod != pods_.end()) return pod->second;
  if (const core::PodSpec* found = FindStem(name)) return found;
  // With what the server appends: train-0-x2x4z.
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos || name.size() - dash != 6) return nullptr;
  return FindStem(name.substr(0, dash));
}

const core::PodSpec* IncidentNames::FindStem(std::string_view name) const {
  const auto whole = jobs_.find(name);
  if (whole != jobs_.end() && !whole->second->indexed()) return whole->second->pod_template.spec.get();
  const std::size_t dash = name.rfind('-');
  if (dash == std::string_view::npos) return nullptr;
  const auto job = jobs_.find(name.substr(0, dash));
  const auto index = ParseInt32(name.substr(dash + 1));
  const bool there =
      job != jobs_.end() && job->second->indexed() && index && *index >= 0 && *index < PodsOf(*job->second);
  return there ? job->second->pod_template.spec.get() : nullptr;
}

std::string IncidentNames::NearestPod(std::string_view name) const {
  std::vector<std::string> some;
  for (const auto& [pod, spec] : pods_) some.push_back(pod);
  for (const auto& [job, spec] : jobs_) {
    if (some.size() >= kMostCandidates) break;
    if (!spec->indexed()) some.push_back(job);
    for (std::int32_t i = 0; spec->indexed() && i < PodsOf(*spec) && some.size() < kMostCandidates; ++i) {
      some.push_back(Cat(job, "-", i));
    }
  }
  return std::string(NearestWord(name, {some.begin(), some.end()}));
}

std::string IncidentNames::NearestOwner(std::string_view name) const {
  std::vector<std::string_view> names(jobsets_.begin(), jobsets_.end());
  for (const auto& [job, spec] : jobs_) names.push_back(job);
  return std::string(NearestWord(name, names));
}

}  // namespace reprieve::cli
