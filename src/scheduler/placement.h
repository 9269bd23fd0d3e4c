// Placement: which node each pod goes to. Nodes are virtual: shares of this one machine.
//
// First come, first placed, on the least loaded node that the pod fits; a pod that fits nowhere now does not hold up
// those behind it. Pods that ask for the same wait in one line, and a line whose first pod does not fit is not looked
// at again until something has become free: a decision costs the same with ten pods waiting as with a million. Once a
// pod has come with terms about other pods, labels count as well, and each decision looks at the pods on nodes. Source:
// kube-scheduler's filters NodeName, TaintToleration, NodeAffinity, NodeResourcesFit and InterPodAffinity, its
// messages, and its score LeastAllocated; what pods only prefer is not looked at. Pure decisions; one owner, no lock.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "scheduler/neighbours.h"
#include "scheduler/resources.h"

namespace reprieve::scheduler {

struct Taint {
  std::string key;
  std::string value;
  std::string effect;  // NoSchedule, NoExecute; any other does not keep a pod away
};

struct Node {
  std::string name;
  Resources allocatable;
  std::map<std::string, std::string> labels;
  std::vector<Taint> taints;
  // The machine's GPUs that are this node's, by number.
  std::vector<int> gpus;
};

// Chosen by the caller; a pod that came later has a greater one.
using PodNumber = std::uint64_t;

class Placement {
 public:
  struct Placed {
    PodNumber pod = 0;
    const Node* node = nullptr;
    std::vector<int> gpus;  // given to this pod alone
  };
  struct Refused {
    PodNumber pod = 0;
    std::string message;  // 0/2 nodes are available: 2 Insufficient cpu.
  };

  // REQUIRES: at least one node.
  explicit Placement(std::vector<Node> nodes);

  const std::vector<Node>& nodes() const { return nodes_; }
  // A node that is cordoned takes no pod; those that are on it stay.
  void SetSchedulable(const std::string& node, bool schedulable);
  // Null pointer if there is none.
  const Node* FindNode(const std::string& name) const;

  // Waits from now on. The object is there until Remove or Forget.
  void Add(PodNumber number, const core::Pod& pod);
  // Is on that node already, whatever is free there. The object is there until Remove or Forget.
  std::vector<int> Take(PodNumber number, const core::Pod& pod, const Node& node);
  // Its object is gone: it is no other pod's neighbour any more. What it has it keeps until Remove.
  void Forget(PodNumber pod);
  // Waits no more, or gives back what it had.
  void Remove(PodNumber pod);

  // The next pod that has a place now.
  std::optional<Placed> PlaceNext();
  // Pods that were found to fit nowhere, each once.
  std::vector<Refused> TakeRefused() { return std::exchange(refused_, {}); }

  // Why this pod fits no node even if nothing else runs; nothing if it fits one. Of terms about other pods only whether
  // any node has their topology key.
  std::optional<std::string> NeverFits(const core::PodSpec& spec) const;

 private:
  // What one pod asks for, and the line of those who ask for the same.
  struct PodRequest {
    Resources requests;
    std::string node_name;
    std::map<std::string, std::string> node_selector;
    std::vector<core::Toleration> tolerations;
    std::shared_ptr<const Affinity> affinity;  // null: none
    // Where they count: of pods with terms about others, and of all once there is one such.
    std::string namespace_;
    meta::Labels labels;
    std::set<PodNumber> waiting;
    std::vector<PodNumber> not_told;
    bool blocked = false;
    std::string message;
    std::size_t users = 0;  // pods that wait or run with it, and specs that remember it
    std::string key;
  };
  struct Load {
    Resources used;
    std::int64_t pods = 0;
    std::int64_t nonzero_cpu = 0;
    std::int64_t nonzero_memory = 0;
    std::set<int> free_gpus;
    bool cordoned = false;
  };
  struct Holding {
    PodRequest* request = nullptr;
    const core::Pod* pod = nullptr;   // null: gone
    std::optional<std::size_t> node;  // absent: waits
    std::vector<int> gpus;
  };

  std::unique_ptr<PodRequest> RequestOf(const core::PodSpec& spec, const meta::ObjectMeta& pod) const;
  PodRequest& FindRequest(const core::Pod& pod);
  void ForgetRequest(PodRequest& request);
  void ForgetSpecs();
  // From now on labels count.
  void LookAtPods();
  void Settle(Holding& holding, std::size_t node);
  // Why it cannot go there; empty if it can.
  static std::vector<std::string> Obstacles(const PodRequest& request, const Node& node, const Load& load);
  // `neighbours`: null where nobody has terms about other pods.
  std::optional<std::size_t> BestNode(const PodRequest& request, const std::vector<Load>& loads,
                                      const Neighbours::View* neighbours, std::string& message) const;
  double Score(const PodRequest& request, std::size_t node) const;
  std::vector<int> Occupy(const PodRequest& request, std::size_t node);
  void Block(PodRequest& request);
  void Unblock(std::set<PodRequest*>& requests);

  std::vector<Node> nodes_;
  std::vector<Load> loads_;
  std::map<std::string, std::unique_ptr<PodRequest>> requests_;
  // The specs that came last: thousands of pods share one.
  std::unordered_map<std::shared_ptr<const core::PodSpec>, PodRequest*> by_spec_;
  std::unordered_map<PodNumber, Holding> pods_;
  std::map<PodNumber, PodRequest*> lines_;  // those worth a look, by their first pod
  std::set<PodRequest*> blocked_;
  std::set<PodRequest*> lonely_;  // of those blocked: they want to be near others
  bool pods_matter_ = false;
  Neighbours neighbours_;
  std::vector<Refused> refused_;
};

}  // namespace reprieve::scheduler
