#include "node/pod_setup.h"

#include <unistd.h>

#include <utility>

#include "base/text.h"

namespace reprieve::node {
namespace {

// The path of the socket inside a pod that has its own mounts: next to the termination message, so that one mount over
// the directory serves both.
constexpr std::string_view kSocketInPod = "/dev/reprieve-agent";
constexpr std::string_view kDefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

}  // namespace

PodSetup::PodSetup(runtime::Runtime& runtime, Janitor& janitor, const kubelet::ImageMap& images,
                   const kubelet::Settings& settings, PodSetupOptions options, std::function<void()> agents_reported)
    : runtime_(runtime),
      janitor_(janitor),
      images_(images),
      settings_(settings),
      options_(std::move(options)),
      addresses_(options_.addresses),
      agents_(options_.agents_directory, std::move(agents_reported)) {}

void PodSetup::Assign(PodRecord& record) {
  const bool full = record.spec->rest["setHostnameAsFQDN"].AsBool();
  record.in_images = images_.RunInImages(*record.spec);
  record.hostname = full ? kubelet::FullHostnameOf(*record.pod) : kubelet::HostnameOf(*record.pod);
  addresses_.Assign(record);
}

Status PodSetup::Prepare(PodRecord& record) {
  if (!record.volumes) {
    if (auto made = MakeVolumes(record); !made) return made;
  }
  if (!record.agent) {
    if (auto made = MakeAgent(record); !made) return made;
  }
  return record.sandbox ? Ok() : MakeSandbox(record);
}

Status PodSetup::MakeVolumes(PodRecord& record) {
  auto made = kubelet::PodVolumes::Make(FactsOf(record), options_.volumes, settings_);
  if (!made) return made.error();
  record.volumes = std::move(*made);
  if (!record.volumes->directories().empty()) noticed_ = false;
  return Ok();
}

Status PodSetup::MakeAgent(PodRecord& record) {
  const auto socket = agents_.SocketOf(record.number, *record.pod);
  if (!socket) return socket.error();
  if (socket->empty()) return Ok();
  PodRecord::Agent& agent = record.agent.emplace();
  agent.socket = {*socket, record.in_images || runtime_.has_own_mounts() ? std::string(kSocketInPod) : *socket};
  if (!record.in_images) agent.environment = options_.base_environment;
  agent.environment.insert_or_assign(std::string(kAgentSocketVariable), agent.socket.container_path);
  agent.environment.insert_or_assign(std::string(kPodAddressVariable), record.address);
  if (record.in_images) return Ok();
  // Last in PATH: a pod finds `reprieve`, and every other program as before.
  std::string& path = agent.environment.try_emplace("PATH", kDefaultPath).first->second;
  if (!options_.program_directory.empty()) AppendTo(path, ":", options_.program_directory);
  return Ok();
}

Status PodSetup::MakeSandbox(PodRecord& record) {
  runtime::PodSandboxSpec spec;
  spec.namespace_ = record.reference.namespace_;
  spec.name = record.reference.name;
  spec.uid = record.reference.uid;
  spec.hostname = record.hostname;
  constexpr std::size_t kMostHostname = 64;  // the kernel's
  if (spec.hostname.size() > kMostHostname) {
    return Error{Cat("failed to construct FQDN from pod hostname and cluster domain, FQDN ", spec.hostname,
                     " is too long (", kMostHostname, " characters is the max, ", spec.hostname.size(),
                     " characters requested)")};
  }
  const auto& rest = record.spec->rest;
  if (rest["hostPID"].AsBool()) {
    spec.processes = runtime::ProcessView::kMachine;
  } else if (rest["shareProcessNamespace"].AsBool()) {
    spec.processes = runtime::ProcessView::kPod;
  }
  spec.host_ipc = rest["hostIPC"].AsBool();
  spec.images = record.in_images;
  if (spec.images) {
    for (const core::Value& sysctl : rest["securityContext"]["sysctls"].items()) {
      spec.sysctls.emplace_back(sysctl["name"].AsText(), sysctl["value"].AsText());
    }
  }
  spec.limits = kubelet::PodLimits(*record.spec);
  if (auto described = addresses_.Describe(record, spec); !described) return described;
  const auto sandbox = runtime_.RunPodSandbox(std::move(spec));
  if (!sandbox) return sandbox.error();
  record.sandbox = *sandbox;
  return Ok();
}

kubelet::PodFacts PodSetup::FactsOf(const PodRecord& record) {
  return {&record.pod->metadata, record.spec.get(),   record.node,
          record.address,        record.host_address, record.volumes ? &*record.volumes : nullptr};
}

// An image brings its own: only what the agent needs comes on top.
const kubelet::Environment& PodSetup::EnvironmentOf(const PodRecord& record) const {
  static const kubelet::Environment none;
  if (record.agent) return record.agent->environment;
  return record.in_images ? none : options_.base_environment;
}

kubelet::ContainerContext PodSetup::ContextOf(const PodRecord& record) const {
  return {FactsOf(record),
          record.hostname,
          record.gpus,
          *record.volumes,
          settings_,
          images_,
          EnvironmentOf(record),
          options_.working_directory,
          geteuid(),
          record.in_images ? std::nullopt : addresses_.LibraryFor(record)};
}

kubelet::WantedImage PodSetup::WantedImageOf(const PodRecord& record, std::size_t container) const {
  kubelet::WantedImage out = kubelet::WantedImageOf(*record.spec, container, record.reference.namespace_.str(),
                                                    settings_, options_.logins, images_);
  out.start.pod = record.number;
  return out;
}

void PodSetup::Publish(const PodRecord& record) {
  NoticeOnce(addresses_.Publish(record));
}

void PodSetup::ShowNames() {
  NoticeOnce(addresses_.Show());
}

void PodSetup::TearDown(const PodRecord& record) {
  if (record.sandbox) runtime_.RemovePodSandbox(*record.sandbox);
  if (!record.volumes) return;
  record.volumes->Unmount();
  for (const std::string& directory : record.volumes->directories()) janitor_.Remove(directory);
}

void PodSetup::Release(PodRecord& record) {
  addresses_.Release(record);
  agents_.Remove(record.number);
}

void PodSetup::NoticeOnce(const Status& status) {
  if (!status.ok() && options_.notice && !std::exchange(noticed_, true)) options_.notice(status.error().message);
}

}  // namespace reprieve::node
