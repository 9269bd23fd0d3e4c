#include "scheduler/placement.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/random.h"
#include "base/text.h"
#include "document/yaml.h"
#include "model/testing.h"

namespace reprieve::scheduler {
namespace {

using testing::AContainer;
using testing::ASidecar;
using testing::ASpec;
using testing::Shared;

constexpr auto kNever = core::RestartPolicy::kNever;
using Quantities = std::map<std::string, std::string>;

core::Container Asking(Quantities requests, core::Container container = AContainer("main")) {
  container.resources.requests = std::move(requests);
  return container;
}

std::shared_ptr<const core::PodSpec> PodAsking(Quantities requests) {
  return Shared(ASpec(kNever, {Asking(std::move(requests))}));
}

using LabelMap = std::map<std::string, std::string>;

// Never freed: placements keep pointers to pods.
const core::Pod& APod(std::shared_ptr<const core::PodSpec> spec, const LabelMap& labels = {},
                      const std::string& name_space = "default") {
  static std::deque<core::Pod> pods;
  core::Pod& pod = pods.emplace_back();
  pod.metadata.namespace_ = name_space;
  for (const auto& [key, value] : labels) pod.metadata.labels.Set(key, value);
  pod.spec = std::move(spec);
  return pod;
}

// `affinity` as in a manifest.
std::shared_ptr<const core::PodSpec> PodWith(const std::string& affinity) {
  core::PodSpec spec = ASpec(kNever, {AContainer("main")});
  if (!affinity.empty()) spec.rest.At("affinity") = document::ParseYaml(affinity)->front();
  return Shared(std::move(spec));
}

std::vector<Node> Nodes(int count, const Resources& each) {
  std::vector<Node> out;
  for (int i = 1; i <= count; ++i) {
    Node& node = out.emplace_back();
    node.name = Cat("n", i);
    node.allocatable = each;
    node.allocatable.try_emplace("pods", 100);
    node.allocatable.try_emplace("memory", std::int64_t{8} << 30);
    for (std::int64_t gpu = 0; gpu < AmountOf(each, kGpu); ++gpu) node.gpus.push_back(static_cast<int>(10 * i + gpu));
    node.labels["kubernetes.io/hostname"] = node.name;
  }
  return out;
}

std::string PlacedOn(Placement& placement) {
  const auto placed = placement.PlaceNext();
  return placed ? Cat(placed->pod, "@", placed->node->name) : "none";
}

TEST(Placement, TheLeastLoadedNodeIsFirst) {
  Placement placement(Nodes(2, {{"cpu", 4000}}));
  for (PodNumber pod = 1; pod <= 4; ++pod) placement.Add(pod, APod(PodAsking({{"cpu", "1"}})));
  EXPECT_EQ(PlacedOn(placement), "1@n1");
  EXPECT_EQ(PlacedOn(placement), "2@n2");
  EXPECT_EQ(PlacedOn(placement), "3@n1");
  EXPECT_EQ(PlacedOn(placement), "4@n2");
  EXPECT_EQ(PlacedOn(placement), "none");
}

TEST(Placement, TheFirstComesFirstAndAPodThatDoesNotFitHoldsUpNobody) {
  Placement placement(Nodes(1, {{"cpu", 2000}}));
  placement.Add(1, APod(PodAsking({{"cpu", "1"}})));
  placement.Add(2, APod(PodAsking({{"cpu", "2"}})));
  placement.Add(3, APod(PodAsking({{"cpu", "1"}})));
  EXPECT_EQ(PlacedOn(placement), "1@n1");
  EXPECT_EQ(PlacedOn(placement), "3@n1");
  EXPECT_EQ(PlacedOn(placement), "none");
  auto refused = placement.TakeRefused();
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].pod, 2U);
  EXPECT_EQ(refused[0].message, "0/1 nodes are available: 1 Insufficient cpu.");
  placement.Remove(1);
  EXPECT_EQ(PlacedOn(placement), "none");
  placement.Remove(3);
  EXPECT_EQ(PlacedOn(placement), "2@n1");
  EXPECT_TRUE(placement.TakeRefused().empty());
}

TEST(Placement, EveryPodOfABlockedQueueIsReportedOnce) {
  Placement placement(Nodes(1, {{"cpu", 1000}}));
  const auto spec = PodAsking({{"cpu", "1"}});
  for (PodNumber pod = 1; pod <= 4; ++pod) placement.Add(pod, APod(spec));
  EXPECT_EQ(PlacedOn(placement), "1@n1");
  EXPECT_EQ(PlacedOn(placement), "none");
  EXPECT_EQ(placement.TakeRefused().size(), 3U);
  placement.Add(5, APod(spec));
  EXPECT_EQ(PlacedOn(placement), "none");
  EXPECT_EQ(placement.TakeRefused().size(), 1U);
  placement.Remove(2);  // leaves the queue
  placement.Remove(1);
  EXPECT_EQ(PlacedOn(placement), "3@n1");
}

TEST(Placement, TheMessageCountsNodesByReason) {
  auto nodes = Nodes(4, {{"cpu", 1000}, {"nvidia.com/gpu", 1}});
  nodes[2].taints.push_back({"maintenance", "yes", "NoSchedule"});
  nodes[3].taints.push_back({"old", "", "NoExecute"});
  Placement placement(nodes);
  placement.Add(1, APod(PodAsking({{"nvidia.com/gpu", "2"}, {"cpu", "3"}})));
  EXPECT_EQ(PlacedOn(placement), "none");
  EXPECT_EQ(
      placement.TakeRefused()[0].message,
      "0/4 nodes are available: 1 node(s) had untolerated taint {maintenance: yes}, 1 node(s) had untolerated taint "
      "{old: }, 2 Insufficient cpu, 2 Insufficient nvidia.com/gpu.");
}

TEST(Placement, TolerationsSelectorsAndNodeNamesDecideWhere) {
  auto nodes = Nodes(3, {{"cpu", 4000}});
  nodes[0].taints.push_back({"gpu", "only", "NoSchedule"});
  nodes[1].taints.push_back({"soft", "", "PreferNoSchedule"});
  nodes[2].labels["disk"] = "fast";
  Placement placement(nodes);
  auto spec = ASpec(kNever, {AContainer("main")});
  spec.node_selector = {{"disk", "fast"}};
  placement.Add(1, APod(Shared(spec)));
  EXPECT_EQ(PlacedOn(placement), "1@n3");
  spec.node_selector = {{"kubernetes.io/hostname", "n1"}};
  EXPECT_EQ(placement.NeverFits(spec),
            "0/3 nodes are available: 1 node(s) had untolerated taint {gpu: only}, 2 node(s) didn't match Pod's node "
            "affinity/selector.");
  core::Toleration toleration;
  toleration.key = "gpu";
  toleration.value = "only";
  spec.tolerations = {toleration};
  placement.Add(2, APod(Shared(spec)));
  EXPECT_EQ(PlacedOn(placement), "2@n1");
  spec = ASpec(kNever, {AContainer("main")});
  spec.node_name = "n2";
  placement.Add(3, APod(Shared(spec)));
  EXPECT_EQ(PlacedOn(placement), "3@n2");
}

TEST(Placement, EachGpuIsGivenToOnePodAndComesBack) {
  Placement placement(Nodes(1, {{"cpu", 4000}, {"nvidia.com/gpu", 3}}));
  const auto two = PodAsking({{"nvidia.com/gpu", "2"}});
  const auto one = PodAsking({{"nvidia.com/gpu", "1"}});
  placement.Add(1, APod(two));
  placement.Add(2, APod(one));
  placement.Add(3, APod(two));
  EXPECT_EQ(placement.PlaceNext()->gpus, (std::vector<int>{10, 11}));
  EXPECT_EQ(placement.PlaceNext()->gpus, (std::vector<int>{12}));
  EXPECT_FALSE(placement.PlaceNext());
  placement.Remove(1);
  EXPECT_EQ(placement.PlaceNext()->gpus, (std::vector<int>{10, 11}));
}

TEST(Placement, APodLargerThanEveryNodeNeverFits) {
  Placement placement(Nodes(2, {{"cpu", 1000}, {"nvidia.com/gpu", 1}}));
  placement.Add(1, APod(PodAsking({{"cpu", "1"}})));
  placement.PlaceNext();
  EXPECT_FALSE(placement.NeverFits(*PodAsking({{"cpu", "1"}})));
  EXPECT_EQ(placement.NeverFits(*PodAsking({{"nvidia.com/gpu", "2"}})),
            "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.");
}

TEST(Placement, AThousandSpecsAndTenThousandPodsComeAndGo) {
  Placement placement(Nodes(2, {{"cpu", 4000}}));
  std::set<PodNumber> placed;
  for (PodNumber pod = 1; pod <= 10'000; ++pod) {
    placement.Add(pod, APod(PodAsking({{"cpu", Cat(pod % 1300 + 1, "m")}})));
    while (const auto next = placement.PlaceNext()) placed.insert(next->pod);
    if (placed.size() > 3) {
      placement.Remove(*placed.begin());
      placed.erase(placed.begin());
    }
    placement.TakeRefused();
  }
  for (PodNumber pod = 1; pod <= 10'000; ++pod) placement.Remove(pod);
  EXPECT_FALSE(placement.PlaceNext());
  placement.Add(10'001, APod(PodAsking({{"cpu", "4"}})));
  EXPECT_TRUE(placement.PlaceNext());
}

// Two racks of two nodes each, and one node without a rack.
std::vector<Node> Racks() {
  auto nodes = Nodes(5, {{"cpu", 4000}});
  for (std::size_t i = 0; i < 4; ++i) nodes[i].labels["rack"] = i < 2 ? "a" : "b";
  return nodes;
}

std::string Required(std::string_view kind, std::string_view terms) {
  return Cat(kind, ": {requiredDuringSchedulingIgnoredDuringExecution: ", terms, "}");
}

std::string NodeTerms(std::string_view terms) {
  return Required("nodeAffinity", Cat("{nodeSelectorTerms: ", terms, "}"));
}

std::string RefusedFor(Placement& placement) {
  const auto refused = placement.TakeRefused();
  return refused.size() == 1 ? refused[0].message : Cat(refused.size(), " refused");
}

TEST(NodeAffinity, AllRequirementsOfOneTermMustHold) {
  const auto where = [](std::string_view terms) {
    auto nodes = Nodes(3, {{"cpu", 4000}});
    nodes[1].labels = {{"disk", "fast"}, {"cores", "16"}};
    nodes[2].labels = {{"disk", "slow"}, {"cores", "many"}};
    Placement placement(nodes);
    std::string out;
    const auto spec = PodWith(NodeTerms(terms));
    for (PodNumber pod = 1; pod <= 3; ++pod) placement.Add(pod, APod(spec));
    while (const auto placed = placement.PlaceNext()) {
      if (out.find(placed->node->name) == std::string::npos) AppendTo(out, placed->node->name);
    }
    return out;
  };
  EXPECT_EQ(where("[{matchExpressions: [{key: disk, operator: In, values: [fast, faster]}]}]"), "n2");
  EXPECT_EQ(where("[{matchExpressions: [{key: disk, operator: NotIn, values: [fast]}]}]"), "n1n3");
  EXPECT_EQ(where("[{matchExpressions: [{key: disk, operator: Exists}]}]"), "n2n3");
  EXPECT_EQ(where("[{matchExpressions: [{key: disk, operator: DoesNotExist}]}]"), "n1");
  EXPECT_EQ(where("[{matchExpressions: [{key: cores, operator: Gt, values: ['8']}]}]"), "n2");
  EXPECT_EQ(where("[{matchExpressions: [{key: cores, operator: Lt, values: ['8']}]}]"), "");
  EXPECT_EQ(where("[{matchFields: [{key: metadata.name, operator: In, values: [n3]}]}]"), "n3");
  EXPECT_EQ(
      where("[{matchFields: [{key: metadata.name, operator: NotIn, values: [n3]}], matchExpressions: [{key: disk, "
            "operator: Exists}]}]"),
      "n2");
  EXPECT_EQ(where("[{matchExpressions: [{key: disk, operator: In, values: [slow]}]}, {matchFields: [{key: "
                  "metadata.name, operator: In, values: [n1]}]}]"),
            "n1n3");
  EXPECT_EQ(where("[{}]"), "");
}

TEST(PodAntiAffinity, KeepsOthersAwayFromTheWholeDomain) {
  Placement placement(Racks());
  const auto alone =
      PodWith(Required("podAntiAffinity", "[{labelSelector: {matchLabels: {app: db}}, topologyKey: rack}]"));
  for (PodNumber pod = 1; pod <= 4; ++pod) placement.Add(pod, APod(alone, {{"app", "db"}}));
  EXPECT_EQ(PlacedOn(placement), "1@n1");
  EXPECT_EQ(PlacedOn(placement), "2@n3");
  // A node without a rack is in no domain, so anti-affinity does not apply.
  EXPECT_EQ(PlacedOn(placement), "3@n5");
  EXPECT_EQ(PlacedOn(placement), "4@n5");
  placement.SetSchedulable("n5", false);
  placement.Add(5, APod(alone, {{"app", "db"}}));
  EXPECT_EQ(PlacedOn(placement), "none");
  EXPECT_EQ(RefusedFor(placement),
            "0/5 nodes are available: 1 node(s) were unschedulable, 4 node(s) didn't match pod anti-affinity rules.");
  placement.Remove(2);
  EXPECT_EQ(PlacedOn(placement), "5@n3");
}

TEST(PodAntiAffinity, AppliesToLaterPodsWithoutTermsToo) {
  Placement placement(Racks());
  placement.SetSchedulable("n5", false);
  const auto plain = PodWith("");
  placement.Add(1, APod(PodWith(Required("podAntiAffinity",
                                         "[{labelSelector: {matchExpressions: [{key: app, operator: Exists}]}, "
                                         "topologyKey: rack}]"))));
  EXPECT_EQ(PlacedOn(placement), "1@n1");
  placement.Add(2, APod(plain, {{"app", "web"}}));
  placement.Add(3, APod(plain));
  placement.Add(4, APod(plain, {{"app", "web"}}, "other"));
  EXPECT_EQ(PlacedOn(placement), "2@n3");
  EXPECT_EQ(PlacedOn(placement), "3@n2");
  EXPECT_EQ(PlacedOn(placement), "4@n4");
  for (const char* node : {"n3", "n4"}) placement.SetSchedulable(node, false);
  placement.Add(5, APod(plain, {{"app", "web"}}));
  EXPECT_EQ(PlacedOn(placement), "none");
  EXPECT_EQ(RefusedFor(placement),
            "0/5 nodes are available: 2 node(s) didn't satisfy existing pods anti-affinity rules, 3 node(s) were "
            "unschedulable.");
  // The first pod's object is gone, even if its processes still run.
  placement.Forget(1);
  EXPECT_EQ(PlacedOn(placement), "5@n1");
}

TEST(PodAntiAffinity, LooksAtPodsThatWereThereBefore) {
  Placement placement(Racks());
  const auto plain = PodWith("");
  placement.Add(1, APod(plain, {{"app", "web"}}));
  EXPECT_EQ(PlacedOn(placement), "1@n1");
  for (const char* node : {"n2", "n3", "n4", "n5"}) placement.SetSchedulable(node, false);
  placement.Add(2, APod(PodAsking({{"cpu", "9"}}), {{"app", "web"}}));
  placement.Add(3, APod(PodAsking({{"cpu", "9"}}), {{"app", "other"}}));
  EXPECT_EQ(PlacedOn(placement), "none");
  EXPECT_EQ(placement.TakeRefused().size(), 2U);
  placement.Add(
      4, APod(PodWith(Required("podAntiAffinity", "[{labelSelector: {matchLabels: {app: web}}, topologyKey: rack}]"))));
  EXPECT_EQ(PlacedOn(placement), "none");
  // Pods that were reported are not reported again.
  EXPECT_EQ(RefusedFor(placement),
            "0/5 nodes are available: 1 node(s) didn't match pod anti-affinity rules, 4 node(s) were unschedulable.");
  placement.SetSchedulable("n4", true);
  EXPECT_EQ(PlacedOn(placement), "4@n4");
  for (PodNumber pod = 1; pod <= 4; ++pod) placement.Remove(pod);
}

TEST(PodAffinity, WaitsForThePodItMustBeNear) {
  Placement placement(Racks());
  placement.SetSchedulable("n1", false);
  placement.Add(
      1, APod(PodWith(Required("podAffinity", "[{labelSelector: {matchLabels: {app: db}}, topologyKey: rack}]"))));
  EXPECT_EQ(PlacedOn(placement), "none");
  EXPECT_EQ(RefusedFor(placement),
            "0/5 nodes are available: 1 node(s) were unschedulable, 4 node(s) didn't match pod affinity rules.");
  auto spec = *PodWith("");
  spec.node_selector = {{"rack", "b"}};
  placement.Add(2, APod(Shared(spec), {{"app", "db"}}, "other"));
  EXPECT_EQ(PlacedOn(placement), "2@n3");
  EXPECT_EQ(PlacedOn(placement), "none");  // of another namespace
  placement.Add(3, APod(Shared(spec), {{"app", "db"}}));
  EXPECT_EQ(PlacedOn(placement), "3@n4");
  EXPECT_EQ(PlacedOn(placement), "1@n3");
}

TEST(PodAffinity, TheFirstPodThatMatchesItsOwnAffinityGoesToAnyDomain) {
  Placement placement(Racks());
  const auto together =
      PodWith(Required("podAffinity", "[{labelSelector: {matchLabels: {app: db}}, topologyKey: rack}]"));
  for (PodNumber pod = 1; pod <= 3; ++pod) placement.Add(pod, APod(together, {{"app", "db"}}));
  EXPECT_EQ(PlacedOn(placement), "1@n1");
  EXPECT_EQ(PlacedOn(placement), "2@n2");
  EXPECT_EQ(PlacedOn(placement), "3@n1");
}

TEST(PodTerms, NamespacesAndLabelKeysAreThoseOfTheTermOrOfThePod) {
  const auto read = [](std::string_view term) {
    meta::Labels labels;
    labels.Set("hash", "1");
    return ReadAffinity(*PodWith(Required("podAffinity", Cat("[", term, "]"))), "own", labels).near.front();
  };
  meta::Labels hash_1, hash_2;
  hash_1.Set("hash", "1");
  hash_2.Set("hash", "2");
  EXPECT_TRUE(read("{labelSelector: {}, topologyKey: t}").Matches("own", hash_1));
  EXPECT_FALSE(read("{labelSelector: {}, topologyKey: t}").Matches("other", hash_1));
  EXPECT_FALSE(read("{topologyKey: t}").Matches("own", hash_1));
  EXPECT_TRUE(read("{labelSelector: {}, namespaces: [other], topologyKey: t}").Matches("other", hash_1));
  EXPECT_FALSE(read("{labelSelector: {}, namespaces: [other], topologyKey: t}").Matches("own", hash_1));
  EXPECT_TRUE(read("{labelSelector: {}, namespaceSelector: {}, topologyKey: t}").Matches("other", hash_1));
  const std::string named =
      "{labelSelector: {}, namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}, topologyKey: t}";
  EXPECT_TRUE(read(named).Matches("other", hash_1));
  EXPECT_FALSE(read(named).Matches("own", hash_1));
  EXPECT_TRUE(read("{labelSelector: {}, matchLabelKeys: [hash, none], topologyKey: t}").Matches("own", hash_1));
  EXPECT_FALSE(read("{labelSelector: {}, matchLabelKeys: [hash, none], topologyKey: t}").Matches("own", hash_2));
  EXPECT_FALSE(read("{labelSelector: {}, mismatchLabelKeys: [hash], topologyKey: t}").Matches("own", hash_1));
}

TEST(Placement, OfPodAffinityOnlyAMissingTopologyKeyMakesAPodNeverFit) {
  const Placement placement(Racks());
  const auto never = [&](std::string_view kind, std::string_view key) {
    return placement.NeverFits(
        *PodWith(Required(kind, Cat("[{labelSelector: {matchLabels: {app: db}}, topologyKey: ", key, "}]"))));
  };
  EXPECT_EQ(never("podAffinity", "rack"), std::nullopt);
  EXPECT_EQ(never("podAffinity", "zone"), "0/5 nodes are available: 5 node(s) didn't match pod affinity rules.");
  EXPECT_EQ(never("podAntiAffinity", "zone"), std::nullopt);
  EXPECT_EQ(placement.NeverFits(*PodWith(NodeTerms("[{matchExpressions: [{key: rack, operator: In, values: [c]}]}]"))),
            "0/5 nodes are available: 5 node(s) didn't match Pod's node affinity/selector.");
}

// Whatever comes and goes: each pod is put where a look at every node would put it.
TEST(Placement, AmongManyNodesTheChoiceIsThatOfALookAtEach) {
  constexpr int kNodes = 40;
  std::vector<Node> nodes = Nodes(kNodes, {{"cpu", 4000}});
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    nodes[i].allocatable["cpu"] = 2000 + 500 * static_cast<std::int64_t>(i % 5);
    nodes[i].allocatable["pods"] = 2 + static_cast<std::int64_t>(i % 3);
  }
  const std::vector<std::pair<std::int64_t, std::shared_ptr<const core::PodSpec>>> kinds = {
      {100, PodAsking({})}, {700, PodAsking({{"cpu", "700m"}})}, {1500, PodAsking({{"cpu", "1500m"}})}};
  Placement placement(nodes);
  struct Load {
    std::int64_t cpu = 0, pods = 0;
    bool cordoned = false;
  };
  std::vector<Load> loads(nodes.size());
  std::map<PodNumber, std::size_t> kind_of;
  std::map<PodNumber, std::size_t> node_of;
  Random random(7);
  PodNumber next = 1;
  const auto best = [&](std::size_t kind) -> std::optional<std::size_t> {
    std::optional<std::size_t> out;
    double score = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const std::int64_t cpu = nodes[i].allocatable["cpu"];
      const std::int64_t asked = kind == 0 ? 0 : kinds[kind].first;
      const std::int64_t taken = loads[i].cpu;
      if (loads[i].cordoned || loads[i].pods >= nodes[i].allocatable["pods"] || (asked > 0 && asked > cpu - taken))
        continue;
      // Pods without requests count for 100 here: they take nothing, and the score sees them all the same.
      std::int64_t seen = kinds[kind].first;
      for (const auto& [pod, node] : node_of) seen += node == i ? kinds[kind_of[pod]].first : 0;
      const double memory = 1 - static_cast<double>((loads[i].pods + 1) * (std::int64_t{200} << 20)) /
                                    static_cast<double>(std::int64_t{8} << 30);
      const double mine = (std::max(0.0, 1 - static_cast<double>(seen) / static_cast<double>(cpu)) + memory) / 2;
      if (!out || mine > score || (mine == score && loads[i].pods < loads[*out].pods)) {
        out = i;
        score = mine;
      }
    }
    return out;
  };
  int placed_pods = 0;
  for (int round = 0; round < 60; ++round) {
    for (std::uint64_t i = random.Below(25); i > 0; --i) {
      const std::size_t kind = random.Below(kinds.size());
      kind_of[next] = kind;
      placement.Add(next++, APod(kinds[kind].second));
    }
    while (const auto placed = placement.PlaceNext()) {
      const std::size_t kind = kind_of[placed->pod];
      const auto node = static_cast<std::size_t>(placed->node - placement.nodes().data());
      ASSERT_EQ(best(kind), node) << "pod " << placed->pod << " in round " << round;
      node_of[placed->pod] = node;
      loads[node].cpu += kind == 0 ? 0 : kinds[kind].first;
      ++loads[node].pods;
      ++placed_pods;
    }
    for (const Placement::Refused& refused : placement.TakeRefused()) {
      ASSERT_FALSE(best(kind_of[refused.pod])) << "pod " << refused.pod;
    }
    std::vector<PodNumber> going;
    for (const auto& [pod, node] : node_of) {
      if (random.Below(3) == 0) going.push_back(pod);
    }
    for (const PodNumber pod : going) {
      Load& load = loads[node_of[pod]];
      load.cpu -= kind_of[pod] == 0 ? 0 : kinds[kind_of[pod]].first;
      --load.pods;
      node_of.erase(pod);
      placement.Remove(pod);
    }
    const std::size_t turned = random.Below(nodes.size());
    loads[turned].cordoned = !loads[turned].cordoned;
    placement.SetSchedulable(nodes[turned].name, !loads[turned].cordoned);
  }
  EXPECT_GT(placed_pods, 300);
}

TEST(Resources, SidecarsCountWithTheContainersAndInitContainersByTheirPeak) {
  const auto cpu = [](std::string text) { return Quantities{{"cpu", std::move(text)}}; };
  const auto spec = [&](std::vector<core::Container> inits, std::vector<core::Container> containers) {
    return AmountOf(RequestsOf(ASpec(kNever, std::move(containers), std::move(inits))), kCpu);
  };
  const auto side = [&](std::string text) { return Asking(cpu(std::move(text)), ASidecar("s")); };
  EXPECT_EQ(spec({}, {Asking(cpu("1")), Asking(cpu("500m"))}), 1500);
  EXPECT_EQ(spec({Asking(cpu("4"))}, {Asking(cpu("1"))}), 4000);
  EXPECT_EQ(spec({side("1"), Asking(cpu("4"))}, {Asking(cpu("1"))}), 5000);
  EXPECT_EQ(spec({Asking(cpu("4")), side("1")}, {Asking(cpu("1"))}), 4000);
  EXPECT_EQ(spec({side("1"), side("2")}, {Asking(cpu("1"))}), 4000);
  core::Container limited = AContainer("main");
  limited.resources.limits = {{"memory", "1Gi"}};
  core::PodSpec with_overhead = ASpec(kNever, {limited});
  with_overhead.rest.At("overhead").Set("memory", core::Value::String("1Mi"));
  EXPECT_EQ(AmountOf(RequestsOf(with_overhead), kMemory), (std::int64_t{1} << 30) + (1 << 20));
}

}  // namespace
}  // namespace reprieve::scheduler
