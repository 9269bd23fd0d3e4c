#include "scheduler/placement.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "document/json.h"

namespace reprieve::scheduler {
namespace {

constexpr std::size_t kMaxSpecsRemembered = 1024;
// With fewer nodes a look at each is as quick.
constexpr std::size_t kManyNodes = 16;
constexpr std::size_t kMaxRankings = 16;
constexpr std::size_t kManyPods = 8;
// What a pod without requests counts for when nodes are compared; the scheduler's figures.
constexpr std::int64_t kUsualCpu = 100;
constexpr std::int64_t kUsualMemory = std::int64_t{200} << 20;

constexpr std::string_view kOtherNode = "node(s) didn't match Pod's node affinity/selector";

// Not accounted for here.
bool IsTracked(std::string_view resource) {
  return resource != "ephemeral-storage";
}

std::string KeyOf(const Resources& requests, const core::PodSpec& spec) {
  std::string key = spec.node_name;
  for (const auto& [name, amount] : requests) AppendTo(key, "\n", name, "=", amount);
  for (const auto& [name, value] : spec.node_selector) AppendTo(key, "\ns", name, "=", value);
  for (const core::Toleration& t : spec.tolerations) {
    AppendTo(key, "\nt", t.key, "\t", t.op, "\t", t.value, "\t", t.effect);
  }
  if (const document::Value& affinity = spec.rest["affinity"]; !affinity.IsNull()) {
    AppendTo(key, "\na", document::WriteJson(affinity));
  }
  return key;
}

}  // namespace

Placement::Placement(std::vector<Node> nodes) : nodes_(std::move(nodes)), loads_(nodes_.size()) {
  REPRIEVE_CHECK(!nodes_.empty(), "no node");
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    loads_[i].free_gpus.insert(nodes_[i].gpus.begin(), nodes_[i].gpus.end());
}

const Node* Placement::FindNode(const std::string& name) const {
  for (const Node& node : nodes_) {
    if (node.name == name) return &node;
  }
  return nullptr;
}

std::unique_ptr<Placement::PodRequest> Placement::RequestOf(const core::PodSpec& spec,
                                                            const meta::ObjectMeta& pod) const {
  auto request = std::make_unique<PodRequest>();
  request->requests = RequestsOf(spec);
  request->node_name = spec.node_name;
  request->node_selector = spec.node_selector;
  request->tolerations = spec.tolerations;
  request->ports = HostPortsOf(spec);
  request->key = KeyOf(request->requests, spec);
  for (const HostPort& port : request->ports) {
    AppendTo(request->key, "\np", port.address, "\t", port.protocol, "\t", port.port);
  }
  if (Affinity affinity = ReadAffinity(spec, pod.namespace_.str(), pod.labels); !affinity.empty()) {
    request->affinity = std::make_shared<const Affinity>(std::move(affinity));
  }
  if (!pods_matter_ && !(request->affinity && request->affinity->about_pods())) return request;
  request->namespace_ = pod.namespace_;
  request->labels = pod.labels;
  AppendTo(request->key, "\nn", pod.namespace_);
  for (const auto& [name, value] : pod.labels.All()) AppendTo(request->key, "\nl", name, "=", value);
  return request;
}

Placement::PodRequest& Placement::FindRequest(const core::Pod& pod) {
  if (const auto known = by_spec_.find(pod.spec); known != by_spec_.end()) return *known->second;
  std::unique_ptr<PodRequest> made = RequestOf(*pod.spec, pod.metadata);
  const bool about_pods = made->affinity && made->affinity->about_pods();
  if (about_pods && !pods_matter_) LookAtPods();
  std::unique_ptr<PodRequest>& request = requests_[made->key];
  if (!request) request = std::move(made);
  // Once labels matter, pods of one spec may differ in what they request.
  if (pods_matter_) return *request;
  if (by_spec_.size() >= kMaxSpecsRemembered) ForgetSpecs();
  by_spec_.emplace(pod.spec, request.get());
  ++request->users;
  return *request;
}

void Placement::ForgetSpecs() {
  for (const auto& [old, request] : std::exchange(by_spec_, {})) ForgetRequest(*request);
}

void Placement::ForgetRequest(PodRequest& request) {
  if (--request.users > 0) return;
  blocked_.erase(&request);
  blocked_with_affinity_.erase(&request);
  std::erase(ranked_, &request);
  const std::string key = request.key;
  requests_.erase(key);
}

void Placement::LookAtPods() {
  pods_matter_ = true;
  ForgetSpecs();
  std::set<PodNumber> not_told;
  for (const auto& [key, request] : requests_) not_told.insert(request->not_told.begin(), request->not_told.end());
  std::map<PodNumber, const core::Pod*> waiting;
  for (const auto& [number, holding] : pods_) {
    if (holding.pod == nullptr) continue;
    if (holding.node) {
      neighbours_.Add(*holding.pod, nodes_[*holding.node].labels, holding.request->affinity);
    } else {
      waiting.emplace(number, holding.pod);
    }
  }
  // Pods with the same requests may differ in labels: queues them again by both.
  for (const auto& [number, pod] : waiting) {
    Remove(number);
    Add(number, *pod);
    if (!not_told.contains(number)) std::erase(pods_.at(number).request->not_told, number);
  }
}

void Placement::Add(PodNumber number, const core::Pod& pod) {
  PodRequest& request = FindRequest(pod);
  ++request.users;
  pods_.emplace(number, Holding{&request, &pod, std::nullopt, {}});
  if (request.blocked) {
    refused_.push_back({number, request.message});
  } else {
    if (!request.waiting.empty()) queues_.erase(*request.waiting.begin());
    request.not_told.push_back(number);
  }
  request.waiting.insert(number);
  if (!request.blocked) queues_[*request.waiting.begin()] = &request;
}

std::vector<int> Placement::Take(PodNumber number, const core::Pod& pod, const Node& node) {
  PodRequest& request = FindRequest(pod);
  ++request.users;
  Holding& holding = pods_.insert_or_assign(number, Holding{&request, &pod, std::nullopt, {}}).first->second;
  Settle(holding, static_cast<std::size_t>(&node - nodes_.data()));
  return holding.gpus;
}

void Placement::Settle(Holding& holding, std::size_t node) {
  holding.node = node;
  holding.gpus = Occupy(*holding.request, node);
  if (!pods_matter_ || holding.pod == nullptr) return;
  neighbours_.Add(*holding.pod, nodes_[node].labels, holding.request->affinity);
  Unblock(blocked_with_affinity_);
}

void Placement::Forget(PodNumber pod) {
  const auto at = pods_.find(pod);
  if (at == pods_.end() || at->second.pod == nullptr) return;
  neighbours_.Remove(*at->second.pod);
  at->second.pod = nullptr;
  if (pods_matter_ && at->second.node) Unblock(blocked_);
}

void Placement::Remove(PodNumber pod) {
  const auto at = pods_.find(pod);
  if (at == pods_.end()) return;
  PodRequest& request = *at->second.request;
  if (at->second.node) {
    Load& load = loads_[*at->second.node];
    for (const auto& [name, amount] : request.requests) load.used[name] -= amount;
    --load.pods;
    for (const HostPort& port : request.ports) {
      load.ports.erase(std::find(load.ports.begin(), load.ports.end(), port));
    }
    load.nonzero_cpu -= std::max(AmountOf(request.requests, kCpu), kUsualCpu);
    load.nonzero_memory -= std::max(AmountOf(request.requests, kMemory), kUsualMemory);
    load.free_gpus.insert(at->second.gpus.begin(), at->second.gpus.end());
    NoteChange(*at->second.node);
    if (pods_matter_ && at->second.pod != nullptr) neighbours_.Remove(*at->second.pod);
    Unblock(blocked_);
  } else {
    const bool first = *request.waiting.begin() == pod;
    if (first && !request.blocked) queues_.erase(pod);
    request.waiting.erase(pod);
    if (first && !request.blocked && !request.waiting.empty()) queues_[*request.waiting.begin()] = &request;
  }
  pods_.erase(at);
  ForgetRequest(request);
}

void Placement::Unblock(std::set<PodRequest*>& requests) {
  for (PodRequest* blocked : std::exchange(requests, {})) {
    blocked->blocked = false;
    blocked_.erase(blocked);
    blocked_with_affinity_.erase(blocked);
    if (!blocked->waiting.empty()) queues_[*blocked->waiting.begin()] = blocked;
  }
}

void Placement::SetSchedulable(const std::string& node, bool schedulable) {
  const Node* found = FindNode(node);
  REPRIEVE_CHECK(found != nullptr, "no such node");
  const auto number = static_cast<std::size_t>(found - nodes_.data());
  loads_[number].cordoned = !schedulable;
  NoteChange(number);
  if (schedulable) Unblock(blocked_);
}

std::optional<Placement::Placed> Placement::PlaceNext() {
  while (!queues_.empty()) {
    const auto [pod, request] = *queues_.begin();
    queues_.erase(queues_.begin());
    std::optional<Neighbours::View> neighbours;
    if (pods_matter_) neighbours = neighbours_.For(request->affinity.get(), request->namespace_, request->labels);
    const Neighbours::View* beside = neighbours ? &*neighbours : nullptr;
    auto node = nodes_.size() < kManyNodes ? std::nullopt : BestRanked(*request, beside);
    // Where there is none, a look at each node says why.
    if (!node) node = BestNode(*request, loads_, beside, request->message);
    if (!node) {
      Block(*request);
      continue;
    }
    request->waiting.erase(pod);
    if (request->waiting.empty()) {
      request->not_told.clear();
    } else {
      queues_[*request->waiting.begin()] = request;
    }
    Holding& holding = pods_.at(pod);
    Settle(holding, *node);
    return Placed{pod, &nodes_[*node], holding.gpus};
  }
  return std::nullopt;
}

std::optional<std::string> Placement::NeverFits(const core::PodSpec& spec) const {
  std::vector<Load> empty(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    empty[i].free_gpus.insert(nodes_[i].gpus.begin(), nodes_[i].gpus.end());
  }
  const std::unique_ptr<PodRequest> request = RequestOf(spec, {});
  const Neighbours::View neighbours = Neighbours::View::Friendly(request->affinity.get());
  std::string message;
  if (BestNode(*request, empty, &neighbours, message)) return std::nullopt;
  return message;
}

std::vector<std::string> Placement::Obstacles(const PodRequest& request, const Node& node, const Load& load) {
  if (!request.node_name.empty() && request.node_name != node.name) {
    return {"node(s) didn't match the requested node name"};
  }
  if (load.cordoned) return {"node(s) were unschedulable"};
  if (const Taint* taint = UntoleratedTaint(node.taints, request.tolerations)) {
    return {Cat("node(s) had untolerated taint {", taint->key, ": ", taint->value, "}")};
  }
  for (const auto& [key, value] : request.node_selector) {
    const auto label = node.labels.find(key);
    if (label == node.labels.end() || label->second != value) return {std::string(kOtherNode)};
  }
  if (request.affinity && !request.affinity->WantsNode(node.name, node.labels)) return {std::string(kOtherNode)};
  std::vector<std::string> out;
  const auto taken = [&load](const HostPort& port) {
    return std::any_of(load.ports.begin(), load.ports.end(),
                       [&](const HostPort& other) { return Conflict(port, other); });
  };
  if (std::any_of(request.ports.begin(), request.ports.end(), taken)) {
    out.emplace_back("node(s) didn't have free ports for the requested pod ports");
  }
  if (load.pods >= AmountOf(node.allocatable, kPods)) out.emplace_back("Too many pods");
  for (const auto& [name, amount] : request.requests) {
    if (amount == 0 || !IsTracked(name)) continue;
    if (amount > AmountOf(node.allocatable, name) - AmountOf(load.used, name))
      out.push_back(Cat("Insufficient ", name));
  }
  return out;
}

std::optional<std::size_t> Placement::BestNode(const PodRequest& request, const std::vector<Load>& loads,
                                               const Neighbours::View* neighbours, std::string& message) const {
  std::optional<std::size_t> best;
  double best_score = 0;
  std::map<std::string, std::size_t> obstacles;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    std::vector<std::string> here = Obstacles(request, nodes_[i], loads[i]);
    if (here.empty() && neighbours != nullptr) {
      if (const auto obstacle = neighbours->Obstacle(nodes_[i].labels)) here.emplace_back(*obstacle);
    }
    for (const std::string& obstacle : here) ++obstacles[obstacle];
    if (!here.empty()) continue;
    const double score = Score(request, i);
    if (!best || score > best_score || (score == best_score && loads[i].pods < loads[*best].pods)) {
      best = i;
      best_score = score;
    }
  }
  if (best) return best;
  std::vector<std::string> reasons;
  reasons.reserve(obstacles.size());
  for (const auto& [obstacle, count] : obstacles) reasons.push_back(Cat(count, " ", obstacle));
  std::sort(reasons.begin(), reasons.end());
  message = Cat("0/", nodes_.size(), " nodes are available: ", Join(reasons, ", "), ".");
  return std::nullopt;
}

std::optional<std::size_t> Placement::BestRanked(PodRequest& request, const Neighbours::View* neighbours) {
  if (!KeepRanking(request)) return std::nullopt;
  for (const NodeRanking::Entry& entry : request.ranking->sorted()) {
    if (neighbours == nullptr || !neighbours->Obstacle(nodes_[entry.node].labels)) return entry.node;
  }
  return std::nullopt;
}

void Placement::Rank(PodRequest& request, std::size_t node) const {
  if (!Obstacles(request, nodes_[node], loads_[node]).empty()) return request.ranking->Set(node, std::nullopt);
  request.ranking->Set(node, NodeRanking::Entry{Score(request, node), loads_[node].pods, node});
}

bool Placement::KeepRanking(PodRequest& request) {
  const std::uint64_t now = changes_from_ + changes_.size();
  const bool knows_how_it_was = request.ranking && request.ranked_to >= changes_from_;
  if (knows_how_it_was) {
    for (std::uint64_t i = request.ranked_to; i < now; ++i) Rank(request, changes_[i - changes_from_]);
  } else {
    if (request.waiting.size() < kManyPods) return false;
    request.ranking = std::make_unique<NodeRanking>(nodes_.size());
    for (std::size_t node = 0; node < nodes_.size(); ++node) Rank(request, node);
  }
  request.ranked_to = now;
  if (!ranked_.empty() && ranked_.back() == &request) return true;
  std::erase(ranked_, &request);
  ranked_.push_back(&request);
  if (ranked_.size() > kMaxRankings) {
    ranked_.front()->ranking.reset();
    ranked_.erase(ranked_.begin());
  }
  return true;
}

void Placement::NoteChange(std::size_t node) {
  if (ranked_.empty()) return;
  // A ranking that has missed so many changes is built again.
  if (changes_.size() >= 4 * nodes_.size()) {
    changes_from_ += changes_.size();
    changes_.clear();
  }
  changes_.push_back(node);
}

// How much would be left of cpu and memory, 0 to 1.
double Placement::Score(const PodRequest& request, std::size_t node) const {
  const Load& load = loads_[node];
  const auto left = [&](std::string_view name, std::int64_t used, std::int64_t usual) {
    const auto whole = static_cast<double>(std::max<std::int64_t>(AmountOf(nodes_[node].allocatable, name), 1));
    return std::max(0.0, 1 - static_cast<double>(used + std::max(AmountOf(request.requests, name), usual)) / whole);
  };
  return (left(kCpu, load.nonzero_cpu, kUsualCpu) + left(kMemory, load.nonzero_memory, kUsualMemory)) / 2;
}

std::vector<int> Placement::Occupy(const PodRequest& request, std::size_t node) {
  Load& load = loads_[node];
  for (const auto& [name, amount] : request.requests) load.used[name] += amount;
  ++load.pods;
  load.ports.insert(load.ports.end(), request.ports.begin(), request.ports.end());
  load.nonzero_cpu += std::max(AmountOf(request.requests, kCpu), kUsualCpu);
  load.nonzero_memory += std::max(AmountOf(request.requests, kMemory), kUsualMemory);
  std::vector<int> gpus;
  for (std::int64_t wanted = AmountOf(request.requests, kGpu); wanted > 0 && !load.free_gpus.empty(); --wanted) {
    gpus.push_back(*load.free_gpus.begin());
    load.free_gpus.erase(load.free_gpus.begin());
  }
  NoteChange(node);
  return gpus;
}

void Placement::Block(PodRequest& request) {
  request.blocked = true;
  blocked_.insert(&request);
  if (request.affinity && !request.affinity->near.empty()) blocked_with_affinity_.insert(&request);
  for (const PodNumber pod : std::exchange(request.not_told, {})) {
    if (request.waiting.contains(pod)) refused_.push_back({pod, request.message});
  }
}

}  // namespace reprieve::scheduler
