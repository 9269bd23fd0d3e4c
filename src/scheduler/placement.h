// Placement: which node each pod goes to. Nodes are virtual: shares of this machine.
//
// First come, first placed, on the least loaded node that the pod fits; a pod that fits nowhere now does not hold up
// those behind it. Pods with the same requests share a queue, and a queue whose first pod does not fit is not tried
// again until something becomes free: a decision costs the same with ten pods waiting as with a million, and, with many
// nodes, little more than with few (node_ranking.h). Once any pod has pod affinity or anti-affinity, queues also differ
// by labels, and each decision looks at the pods on nodes.
//
// Source: kube-scheduler's filters NodeName, TaintToleration, NodeAffinity, NodePorts, NodeResourcesFit and
// InterPodAffinity, its messages, and its score LeastAllocated; preferences are ignored. Pure decisions; one owner, no
// lock.
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

#include "scheduler/host_ports.h"
#include "scheduler/neighbours.h"
#include "scheduler/node_ranking.h"
#include "scheduler/resources.h"
#include "scheduler/taints.h"

namespace reprieve::scheduler {

struct Node {
  std::string name;
  Resources allocatable;
  std::map<std::string, std::string> labels;
  std::vector<Taint> taints;
  // The numbers of the machine's GPUs that belong to this node.
  std::vector<int> gpus;
};

// Chosen by the caller; later pods have greater ones.
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
  // A cordoned node takes no new pods; those on it stay.
  void SetSchedulable(const std::string& node, bool schedulable);
  // Null if there is none.
  const Node* FindNode(const std::string& name) const;

  // Queues a pod. REQUIRES: it lives until Remove or Forget.
  void Add(PodNumber number, const core::Pod& pod);
  // Adds a pod that is on that node already, whatever is free there. REQUIRES: it lives until Remove or Forget.
  std::vector<int> Take(PodNumber number, const core::Pod& pod, const Node& node);
  // The API object is gone: affinity no longer sees the pod, but it keeps its resources until Remove.
  void Forget(PodNumber pod);
  // Takes the pod off its queue, or releases its resources.
  void Remove(PodNumber pod);

  // Places the next pod that fits somewhere now.
  std::optional<Placed> PlaceNext();
  // Pods that were found to fit nowhere, each reported once.
  std::vector<Refused> TakeRefused() { return std::exchange(refused_, {}); }

  // Why this pod fits no node even if nothing else runs; nullopt if it fits one. Of pod affinity it only checks that
  // some node has the topology key.
  std::optional<std::string> NeverFits(const core::PodSpec& spec) const;

 private:
  // What a pod requests, and the queue of all pods with the same requests.
  struct PodRequest {
    Resources requests;
    std::string node_name;
    std::map<std::string, std::string> node_selector;
    std::vector<core::Toleration> tolerations;
    std::vector<HostPort> ports;
    std::shared_ptr<const Affinity> affinity;  // null: none
    // Set once any pod has pod affinity or anti-affinity.
    std::string namespace_;
    meta::Labels labels;
    std::set<PodNumber> waiting;
    std::vector<PodNumber> not_told;
    bool blocked = false;
    std::string message;
    std::size_t users = 0;  // pods that wait or run with it, and entries of by_spec_
    std::string key;
    std::unique_ptr<NodeRanking> ranking;  // null: none is kept
    std::uint64_t ranked_to = 0;           // the changes that it has seen
  };
  struct Load {
    Resources used;
    std::int64_t pods = 0;
    std::int64_t nonzero_cpu = 0;
    std::int64_t nonzero_memory = 0;
    std::set<int> free_gpus;
    std::vector<HostPort> ports;  // taken
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
  // Queues pods by their labels too from now on.
  void LookAtPods();
  void Settle(Holding& holding, std::size_t node);
  // Why a pod with this request can't go there; empty if it can.
  static std::vector<std::string> Obstacles(const PodRequest& request, const Node& node, const Load& load);
  // `neighbours`: null if no pod has pod affinity or anti-affinity.
  std::optional<std::size_t> BestNode(const PodRequest& request, const std::vector<Load>& loads,
                                      const Neighbours::View* neighbours, std::string& message) const;
  // The same for the loads as they are, from the request's ranking.
  std::optional<std::size_t> BestRanked(PodRequest& request, const Neighbours::View* neighbours);
  void Rank(PodRequest& request, std::size_t node) const;
  // False: it has none, and for the few pods that wait none is worth being made.
  bool KeepRanking(PodRequest& request);
  // Something about the node has changed that decides whether and how well a pod fits.
  void NoteChange(std::size_t node);
  double Score(const PodRequest& request, std::size_t node) const;
  std::vector<int> Occupy(const PodRequest& request, std::size_t node);
  void Block(PodRequest& request);
  void Unblock(std::set<PodRequest*>& requests);

  std::vector<Node> nodes_;
  std::vector<Load> loads_;
  std::map<std::string, std::unique_ptr<PodRequest>> requests_;
  // Recent specs: thousands of pods share one.
  std::unordered_map<std::shared_ptr<const core::PodSpec>, PodRequest*> by_spec_;
  std::unordered_map<PodNumber, Holding> pods_;
  std::map<PodNumber, PodRequest*> queues_;  // those that are not blocked, by their first pod
  std::set<PodRequest*> blocked_;
  std::set<PodRequest*> blocked_with_affinity_;  // those of blocked_ that must be near other pods
  bool pods_matter_ = false;
  Neighbours neighbours_;
  std::vector<Refused> refused_;
  // The nodes that have changed, in order; the first is change number `changes_from_`.
  std::vector<std::size_t> changes_;
  std::uint64_t changes_from_ = 0;
  std::vector<PodRequest*> ranked_;  // those that keep a ranking, the last used at the end
};

}  // namespace reprieve::scheduler
