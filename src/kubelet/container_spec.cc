#include "kubelet/container_spec.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/text.h"
#include "kubelet/account.h"
#include "kubelet/hooks.h"
#include "kubelet/names_library.h"
#include "kubelet/security.h"
#include "kubelet/start_obstacles.h"

namespace reprieve::kubelet {
namespace {

constexpr std::size_t kMaxHostname = 63;

// A limit of 0 is none.
std::optional<std::int64_t> LimitOf(const core::Container& container, std::string_view resource) {
  const auto limit = scheduler::LimitOf(container, std::string(resource));
  return limit && *limit > 0 ? limit : std::nullopt;
}

// As container runtimes take a path: from the root, which .. does not leave.
std::string FromRoot(const std::string& path) {
  return path.empty() ? path : std::filesystem::path(Cat("/", path)).lexically_normal().string();
}

// As the kubelet names a pod in a message: name_namespace(uid).
std::string NameOf(const meta::ObjectMeta& pod) {
  return Cat(pod.name, "_", pod.namespace_, "(", pod.uid, ")");
}

std::int64_t GpusOf(const core::Container& container) {
  return scheduler::AmountOf(scheduler::RequestsOf(container), scheduler::kGpu);
}

// Init containers each begin with the first; the regular ones share them out.
std::vector<int> GpusFor(const core::Container& container, const core::PodSpec& pod, const std::vector<int>& gpus) {
  std::int64_t first = 0;
  for (const core::Container& earlier : pod.containers) {
    if (&earlier == &container) break;
    first += GpusOf(earlier);
  }
  const bool is_init = !pod.init_containers.empty() && &container >= &pod.init_containers.front() &&
                       &container <= &pod.init_containers.back();
  if (is_init) first = 0;
  std::vector<int> out;
  const std::int64_t end = std::min(first + GpusOf(container), static_cast<std::int64_t>(gpus.size()));
  for (std::int64_t i = first; i < end; ++i) out.push_back(gpus[static_cast<std::size_t>(i)]);
  return out;
}

// Empty where a node's GPUs are only said to be there (--node-resource): no program may take the machine's for them.
void ShowGpus(const std::vector<int>& gpus, Environment& environment) {
  std::vector<std::string> numbers;
  numbers.reserve(gpus.size());
  for (const int gpu : gpus) numbers.push_back(Cat(gpu));
  const std::string all = Join(numbers, ",");
  environment.insert_or_assign("CUDA_VISIBLE_DEVICES", all);
  environment.insert_or_assign("NVIDIA_VISIBLE_DEVICES", all);
}

// Where a container works that names no directory: where Reprieve was started, unless a volume of its own hides that.
// A user who may not enter it works in "/", as images have it that name no directory either.
std::string DefaultDirectory(const ContainerContext& context, const std::vector<runtime::Mount>& mounts,
                             const Security& security) {
  for (const runtime::Mount& mount : mounts) {
    if (context.working_directory == mount.container_path ||
        context.working_directory.starts_with(mount.container_path + "/")) {
      return mount.container_path;
    }
  }
  if (security.user && !MayEnter(context.working_directory, *security.user, security.group.value_or(0))) return "/";
  return context.working_directory;
}

// What /etc/passwd and /etc/group add to a user that the pod names by number. Its own group, if it has none: root's.
// What we have inherited from our own user does not hold for it.
void BecomeAccount(Security& security, std::uint32_t ours, Environment& environment) {
  if (!security.user || *security.user == 0) return;
  const auto account = AccountOf(*security.user);
  if (*security.user != ours) {
    environment.erase("USER");
    environment.erase("LOGNAME");
    environment.insert_or_assign("HOME", account && !account->home.empty() ? account->home : "/");
  }
  if (!security.group) security.group = account ? account->group : 0;
  if (!account || !security.groups_of_account) return;
  for (const std::uint32_t group : account->groups) {
    if (std::find(security.groups.begin(), security.groups.end(), group) == security.groups.end()) {
      security.groups.push_back(group);
    }
  }
}

std::vector<std::string> ExpandAll(const std::vector<std::string>& words, const Variables& variables) {
  std::vector<std::string> out;
  out.reserve(words.size());
  for (const std::string& word : words) out.push_back(Expand(word, variables));
  return out;
}

runtime::ImageUse ImageUseOf(const core::Container& container, const ContainerContext& context,
                             const Security& security, const Variables& variables) {
  const core::PodSpec& pod = *context.facts.spec;
  runtime::ImageUse out;
  out.name = context.images.ImageOf(container);
  out.command = ExpandAll(container.command, variables);
  out.args = ExpandAll(container.args, variables);
  out.never_root = security.non_root;
  out.privileged = security.privileged;
  if (security.privileges.capabilities) out.capabilities = CapabilityNames(*security.privileges.capabilities);
  out.seccomp = SeccompProfileOf(pod, container);
  out.apparmor = AppArmorProfileOf(pod, container);
  return out;
}

}  // namespace

Result<runtime::ContainerSpec> MakeContainerSpec(const core::Container& container, const ContainerContext& context) {
  const core::PodSpec& pod = *context.facts.spec;
  if (auto why_not = context.images.WhyNotRunnable(container)) return Error{std::move(*why_not)};
  const bool in_image = context.images.RunsInImage(container);
  Security security = SecurityOf(pod, container, in_image ? 0 : context.user);
  if (const auto why = WhyRoot(security, context.user); why && !in_image) {
    return Error{Cat(*why, " (pod: ", Quote(NameOf(*context.facts.metadata)), ", container: ", container.name, ")")};
  }
  auto own = ContainerEnvironment(container, context.facts, context.settings);
  if (!own) return own.error();
  const Variables variables = [&own](std::string_view name) -> const std::string* {
    const auto at = own->find(name);
    return at == own->end() ? nullptr : &at->second;
  };
  runtime::ContainerSpec out;
  out.name = container.name;
  if (in_image) {
    out.image = ImageUseOf(container, context, security, variables);
  } else {
    for (const std::string& word : context.images.CommandOf(container)) out.argv.push_back(Expand(word, variables));
  }
  auto mounts = context.volumes.MountsOf(container, variables);
  if (!mounts) return mounts.error();
  out.mounts = std::move(*mounts);
  for (runtime::Mount& mount : out.mounts) mount.container_path = FromRoot(mount.container_path);

  Environment environment = context.base_environment;
  environment.insert_or_assign("HOSTNAME", context.hostname);
  if (!in_image) BecomeAccount(security, context.user, environment);
  if (GpusOf(container) > 0) {
    std::vector<int> gpus = GpusFor(container, pod, context.gpus);
    // In an image it sees no others: its numbers are not the machine's.
    if (in_image && !gpus.empty()) {
      out.image->gpus = std::move(gpus);
    } else {
      ShowGpus(gpus, environment);
    }
  }
  for (auto& [name, value] : *own) environment.insert_or_assign(name, std::move(value));
  out.environment.reserve(environment.size());
  for (const auto& [name, value] : environment) out.environment.push_back(Cat(name, "=", value));
  if (context.names) PreloadNames(context.names->library, context.names->hosts_file, context.hostname, out.environment);

  out.working_directory = container.working_dir;
  if (!in_image && out.working_directory.empty()) {
    out.working_directory = DefaultDirectory(context, out.mounts, security);
  }
  out.termination_message_path = FromRoot(container.termination_message_path);
  out.limits.memory_bytes = LimitOf(container, scheduler::kMemory);
  out.limits.cpu_milli = LimitOf(container, scheduler::kCpu);
  out.uid = security.user;
  out.gid = security.group;
  out.groups = std::move(security.groups);
  out.privileges = security.privileges;
  out.read_only_root = security.read_only_root;
  out.message_from_output = container.rest["terminationMessagePolicy"].AsText() == "FallbackToLogsOnError";
  if (!in_image || !container.rest["lifecycle"]["stopSignal"].AsText().empty()) {
    out.stop_signal = StopSignalOf(container);
  }
  return out;
}

Result<runtime::ExecSpec> MakeExecSpec(const core::Container& container, const std::vector<std::string>& command,
                                       const ContainerContext& context) {
  auto own = MakeContainerSpec(container, context);
  if (!own) return own.error();
  const Variables variables = [&container](std::string_view name) -> const std::string* {
    const std::string* found = nullptr;
    for (const core::EnvVar& variable : container.env) {
      if (variable.name == name) found = &variable.value;
    }
    return found;
  };
  runtime::ExecSpec out;
  for (const std::string& word : command) out.argv.push_back(Expand(word, variables));
  out.environment = std::move(own->environment);
  out.working_directory = std::move(own->working_directory);
  out.uid = own->uid;
  out.gid = own->gid;
  out.groups = std::move(own->groups);
  out.privileges = own->privileges;
  return out;
}

runtime::ResourceLimits PodLimits(const core::PodSpec& pod) {
  runtime::ResourceLimits out;
  const core::Value& limits = pod.rest["resources"]["limits"];
  if (limits.IsNull()) return out;
  const auto limit = [&limits](std::string_view resource) -> std::optional<std::int64_t> {
    const core::Value& written = limits[resource];
    const std::int64_t amount = written.IsNull() ? 0 : scheduler::Amount(std::string(resource), written.AsText());
    return amount > 0 ? std::optional(amount) : std::nullopt;
  };
  out.memory_bytes = limit(scheduler::kMemory);
  out.cpu_milli = limit(scheduler::kCpu);
  return out;
}

std::string HostnameOf(const core::Pod& pod) {
  std::string out = !pod.hostname.empty() ? std::string(pod.Hostname()) : pod.spec->hostname;
  if (const std::string& own = pod.spec->rest["hostnameOverride"].AsText(); !own.empty()) out = own;
  if (out.empty()) out = pod.metadata.name;
  if (out.size() > kMaxHostname) out.resize(kMaxHostname);
  while (!out.empty() && (out.back() == '-' || out.back() == '.')) out.pop_back();
  return out;
}

std::string FullHostnameOf(const core::Pod& pod) {
  std::string out = HostnameOf(pod);
  if (pod.spec->subdomain.empty()) return out;
  return Cat(out, ".", pod.spec->subdomain, ".", pod.metadata.namespace_, ".svc.cluster.local");
}

}  // namespace reprieve::kubelet
