#include "cli/network_choice.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "base/text.h"

namespace reprieve::cli {
namespace {

class PortCount {
 public:
  // `pods`: how many of them run at once.
  void Add(const core::PodSpec& spec, std::int64_t pods) {
    if (pods <= 0 || spec.rest["hostNetwork"].AsBool()) return;
    std::set<std::string> ports;
    for (const auto* containers : {&spec.init_containers, &spec.containers}) {
      for (const core::Container& container : *containers) {
        for (const core::ContainerPort& port : container.ports) ports.insert(NameOf(port));
      }
    }
    for (const std::string& port : ports) pods_[port] += pods;
  }

  std::optional<std::string> Most() const {
    const auto most = std::max_element(pods_.begin(), pods_.end(),
                                       [](const auto& one, const auto& other) { return one.second < other.second; });
    if (most == pods_.end() || most->second < 2) return std::nullopt;
    return most->first;
  }

 private:
  static std::string NameOf(const core::ContainerPort& port) {
    const bool tcp = port.protocol.empty() || port.protocol == "TCP";
    return tcp ? Cat(port.container_port) : Cat(port.container_port, "/", port.protocol);
  }

  std::map<std::string, std::int64_t> pods_;
};

// The port that most pods with names declare, if two or more do; with its protocol unless TCP.
std::optional<std::string> PortOfSeveralPods(const Loaded& loaded) {
  PortCount count;
  for (const LoadedJob& loaded_job : loaded.jobs) {
    const batch::JobSpec& spec = *loaded_job.job.spec;
    const core::PodSpec& pod = *spec.pod_template.spec;
    if (spec.indexed() && !pod.subdomain.empty()) count.Add(pod, spec.parallelism.value_or(1));
  }
  for (const LoadedJobSet& loaded_jobset : loaded.jobsets) {
    const jobset::JobSetSpec& spec = *loaded_jobset.jobset.spec;
    if (!spec.has_hostnames()) continue;
    for (const jobset::ReplicatedJob& group : spec.replicated_jobs) {
      const batch::JobSpec& job = *group.job_template.spec;
      if (job.indexed()) count.Add(*job.pod_template.spec, std::int64_t{group.replicas} * job.parallelism.value_or(1));
    }
  }
  return count.Most();
}

}  // namespace

NetworkChoice ChooseNetwork(const std::string& option, const Loaded& loaded) {
  if (option == "host") return {};
  if (option == "pod") return {node::Networks::kOwn, {}};
  const auto port = PortOfSeveralPods(loaded);
  if (!port) return {};
  return {node::Networks::kOwnForNames, Cat("several pods of these manifests declare containerPort ", *port)};
}

}  // namespace reprieve::cli
