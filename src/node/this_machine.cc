#include "node/this_machine.h"

#include <dirent.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "model/quantity.h"
#include "node/node_rules.h"
#include "runtime/own_cgroup.h"

namespace reprieve::node {
namespace {

// A running container holds four or five of our file descriptors (spec/runtime.md 8); the rest is for everything else.
constexpr std::int64_t kFilesPerPod = 6;
constexpr std::int64_t kFilesForOurselves = 128;
// More processes than this at once help nobody on one machine, whatever its limits say; fewer than the kubelet's 110
// per node would surprise, and what finds no descriptor waits for one.
constexpr std::int64_t kMostPods = 4096;
constexpr std::int64_t kFewestPods = 110;

std::int64_t MemoryOfMachine() {
  const std::int64_t pages = sysconf(_SC_PHYS_PAGES);
  return pages * sysconf(_SC_PAGESIZE);
}

std::int64_t UsableMemory(const runtime::OwnLimits& limits) {
  const std::int64_t memory = MemoryOfMachine();
  return std::min(memory, limits.memory_bytes.value_or(memory));
}

std::int64_t UsableMilliCpu(const runtime::OwnLimits& limits) {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  std::int64_t milli = 1000 * std::max<std::int64_t>(sysconf(_SC_NPROCESSORS_ONLN), 1);
  if (sched_getaffinity(0, sizeof cpus, &cpus) == 0) milli = 1000 * CPU_COUNT(&cpus);
  return std::min(milli, limits.cpu_milli.value_or(milli));
}

std::vector<int> FindGpus() {
  std::vector<int> out;
  DIR* directory = opendir("/dev");
  if (directory == nullptr) return out;
  while (const dirent* entry = readdir(directory)) {
    const std::string_view name = entry->d_name;
    constexpr std::string_view kPrefix = "nvidia";
    if (name.substr(0, kPrefix.size()) != kPrefix) continue;
    const std::string_view number = name.substr(kPrefix.size());
    if (number.empty() || !IsDigit(number.front())) continue;
    if (const auto n = ParseInt32(number)) out.push_back(*n);
  }
  closedir(directory);
  std::sort(out.begin(), out.end());
  return out;
}

std::int64_t UsablePods() {
  // The soft limit is raised to the hard one before anything starts (runtime/file_limit.h).
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_max == RLIM_INFINITY) return kMostPods;
  const auto fit = (static_cast<std::int64_t>(files.rlim_max) - kFilesForOurselves) / kFilesPerPod;
  return std::clamp(fit, kFewestPods, kMostPods);
}

}  // namespace

MachineCapacity DetectMachine() {
  MachineCapacity out;
  const runtime::OwnLimits limits = runtime::ReadOwnLimits();
  out.resources.emplace(scheduler::kCpu, UsableMilliCpu(limits));
  out.resources.emplace(scheduler::kMemory, UsableMemory(limits));
  out.resources.emplace(scheduler::kPods, UsablePods());
  out.gpus = FindGpus();
  if (!out.gpus.empty()) out.resources.emplace(scheduler::kGpu, static_cast<std::int64_t>(out.gpus.size()));
  return out;
}

Result<std::vector<scheduler::Node>> MakeNodes(const NodeOptions& options, const MachineCapacity& machine) {
  const std::int64_t cpu = scheduler::AmountOf(machine.resources, scheduler::kCpu);
  if (options.count < 1) return Error{Cat("--nodes ", options.count, " leaves no node; give at least 1")};
  if (options.count > cpu && !options.capacity.contains(std::string(scheduler::kCpu))) {
    return Error{
        Cat("--nodes ", options.count, " divides ", cpu, " thousandths of a processor too finely; give fewer")};
  }
  std::vector<scheduler::Node> nodes(static_cast<std::size_t>(options.count));
  const auto count = static_cast<std::int64_t>(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    scheduler::Node& node = nodes[i];
    node.name = Cat("n", i + 1);
    for (const auto& [name, amount] : machine.resources) {
      if (name != scheduler::kGpu)
        node.allocatable[name] = std::max<std::int64_t>(amount / count, name == scheduler::kPods ? 1 : 0);
    }
    for (std::size_t gpu = i; gpu < machine.gpus.size(); gpu += nodes.size()) node.gpus.push_back(machine.gpus[gpu]);
    if (!node.gpus.empty()) node.allocatable.emplace(scheduler::kGpu, static_cast<std::int64_t>(node.gpus.size()));
    for (const auto& [name, quantity] : options.capacity) {
      const auto parsed = model::Quantity::Parse(quantity);
      if (!parsed || parsed->Sign() < 0) {
        return Error{Cat("capacity ", name, "=", quantity, " is not a quantity, such as 4 or 500m or 8Gi")};
      }
      node.allocatable[name] = scheduler::Amount(name, quantity);
    }
    node.labels = {
      {"kubernetes.io/hostname", node.name},
      {"kubernetes.io/os", "linux"},
      {"beta.kubernetes.io/os", "linux"},
#if defined(__aarch64__)
      {"kubernetes.io/arch", "arm64"},
      {"beta.kubernetes.io/arch", "arm64"}
#else
      {"kubernetes.io/arch", "amd64"},
      {"beta.kubernetes.io/arch", "amd64"}
#endif
    };
    for (const auto& [key, value] : options.labels) node.labels[key] = value;
    node.taints = options.taints;
  }
  if (auto applied = ApplyLabelRules(options.label_rules, nodes); !applied) return applied.error();
  if (auto applied = ApplyResourceRules(options.resource_rules, nodes); !applied) return applied.error();
  if (auto applied = ApplyTaintRules(options.taint_rules, nodes); !applied) return applied.error();
  return nodes;
}

}  // namespace reprieve::node
