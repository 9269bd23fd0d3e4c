// Nodes for a run of given objects: large enough for all of their pods, with the labels that the pods ask for.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "controllers/jobset/placement.h"
#include "sim/case_run.h"

namespace reprieve::sim {
namespace {

constexpr std::string_view kHostname = "kubernetes.io/hostname";
// Of each resource a node has this much: any number of pods, and still a number that a score can tell from full.
constexpr std::int64_t kPlenty = std::int64_t{1} << 50;
constexpr std::int64_t kPlentyOfCpu = 1'000'000'000;  // millicores

class Wishes {
 public:
  void Add(const core::PodSpec& spec) {
    for (const auto& [resource, amount] : scheduler::RequestsOf(spec)) resources_.insert(resource);
    for (const auto& [label, value] : spec.node_selector) Note(label, value);
  }
  void AddTopology(const SharedString* key) {
    if (key != nullptr) topologies_.insert(key->str());
  }

  scheduler::Node Make(std::size_t number) const {
    scheduler::Node node;
    node.name = Cat("n", number + 1);
    for (const std::string& resource : resources_) node.allocatable[resource] = kPlenty;
    node.allocatable[std::string(scheduler::kCpu)] = kPlentyOfCpu;
    node.allocatable[std::string(scheduler::kMemory)] = kPlenty;
    node.allocatable[std::string(scheduler::kPods)] = kPlenty;
    node.labels = {{std::string(kHostname), node.name}, {"kubernetes.io/os", "linux"}, {"kubernetes.io/arch", "amd64"}};
    // Where pods ask for several values of a label, the nodes have them in turn.
    for (const auto& [label, values] : labels_) node.labels.emplace(label, values[number % values.size()]);
    // Each node is a domain of its own.
    for (const std::string& key : topologies_) node.labels.emplace(key, node.name);
    return node;
  }

 private:
  void Note(const std::string& label, const std::string& value) {
    std::vector<std::string>& values = labels_[label];
    if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
  }

  std::set<std::string> resources_;
  std::map<std::string, std::vector<std::string>> labels_;
  std::set<std::string> topologies_;
};

}  // namespace

std::vector<scheduler::Node> NodesThatFit(const CaseObjects& objects, std::size_t count,
                                          const std::vector<std::map<std::string, std::string>>& labels) {
  Wishes wishes;
  for (const batch::Job* job : objects.jobs) wishes.Add(*job->spec->pod_template.spec);
  for (const jobset::JobSet* jobset : objects.jobsets) {
    for (const jobset::ReplicatedJob& group : jobset->spec->replicated_jobs) {
      wishes.Add(*group.job_template.spec->pod_template.spec);
      wishes.AddTopology(
          controllers::PlacementOf(jobset->metadata.annotations, group.job_template.metadata.annotations).topology);
    }
  }
  std::vector<scheduler::Node> out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    scheduler::Node& node = out.emplace_back(wishes.Make(i));
    if (i >= labels.size()) continue;
    for (const auto& [label, value] : labels[i]) node.labels[label] = value;
  }
  return out;
}

}  // namespace reprieve::sim
