#include "runtime/docker/requests.h"

#include <algorithm>

#include "base/text.h"
#include "runtime/docker/sandbox_image.h"
#include "runtime/file.h"
#include "runtime/init_image.h"

namespace reprieve::runtime::docker {
namespace {

using document::Value;

constexpr std::int64_t kNanosPerMilli = 1'000'000;
constexpr std::size_t kMostNameBytes = 200;

Value Texts(const std::vector<std::string>& texts) {
  Value out = Value::MakeArray();
  for (const std::string& text : texts) out.Append(Value::String(text));
  return out;
}

Value Labels(const PodSandboxSpec& pod, std::string_view run) {
  Value out = Value::MakeObject();
  out.Set(kRunLabel, Value::String(std::string(run)));
  out.Set(kPodLabel, Value::String(Cat(pod.namespace_, "/", pod.name)));
  return out;
}

Value BindOf(const Mount& mount) {
  Value out = Value::MakeObject();
  out.Set("Type", Value::String("bind"));
  out.Set("Source", Value::String(mount.host_path));
  out.Set("Target", Value::String(mount.container_path));
  out.Set("ReadOnly", Value::Bool(mount.read_only));
  return out;
}

std::string UserOf(const ContainerSpec& spec, const ImageConfig& image) {
  std::string out = spec.uid ? Cat(*spec.uid) : image.user.substr(0, image.user.find(':'));
  if (spec.gid) {
    if (out.empty()) out = "0";
    AppendTo(out, ":", *spec.gid);
  } else if (!spec.uid) {
    out = image.user;
  }
  return out;
}

void SetLimits(const ResourceLimits& limits, Value& host) {
  if (limits.memory_bytes) {
    host.Set("Memory", Value::Int(*limits.memory_bytes));
    // Without swap: a cluster's node has none for it.
    host.Set("MemorySwap", Value::Int(*limits.memory_bytes));
  }
  if (limits.cpu_milli) host.Set("NanoCpus", Value::Int(*limits.cpu_milli * kNanosPerMilli));
  if (limits.pids) host.Set("PidsLimit", Value::Int(*limits.pids));
}

// Docker takes the text of a seccomp profile, Podman its path.
Result<std::string> SeccompOption(const std::string& profile, bool podman) {
  if (profile == "unconfined" || podman) return Cat("seccomp=", profile);
  std::string text = ReadFile(profile);
  if (text.empty()) return Error{Cat("the seccomp profile ", profile, " can't be read")};
  return Cat("seccomp=", text);
}

bool RunsAsRoot(const ContainerSpec& spec, const ImageConfig& image) {
  if (spec.uid) return *spec.uid == 0;
  const std::string user = image.user.substr(0, image.user.find(':'));
  return user.empty() || user == "root" || user == "0";
}

// Podman lets what is added take effect for users other than root, too, who have none in effect on a cluster.
void SetCapabilities(const ContainerParts& parts, const std::vector<std::string>& allowed, Value& host) {
  if (!parts.podman || RunsAsRoot(parts.spec, parts.image)) {
    host.Set("CapDrop", Texts({"ALL"}));
    host.Set("CapAdd", Texts(allowed));
    return;
  }
  constexpr std::string_view kUsual[] = {"AUDIT_WRITE", "CHOWN",   "DAC_OVERRIDE",     "FOWNER",    "FSETID",
                                         "KILL",        "MKNOD",   "NET_BIND_SERVICE", "NET_RAW",   "SETFCAP",
                                         "SETGID",      "SETPCAP", "SETUID",           "SYS_CHROOT"};
  std::vector<std::string> dropped;
  for (const std::string_view each : kUsual) {
    if (std::find(allowed.begin(), allowed.end(), each) == allowed.end()) dropped.emplace_back(each);
  }
  if (!dropped.empty()) host.Set("CapDrop", Texts(dropped));
}

Status SetSecurity(const ContainerParts& parts, Value& host) {
  const ContainerSpec& spec = parts.spec;
  const ImageUse& use = *spec.image;
  host.Set("Privileged", Value::Bool(use.privileged));
  host.Set("ReadonlyRootfs", Value::Bool(spec.read_only_root));
  if (!use.privileged && use.capabilities) SetCapabilities(parts, *use.capabilities, host);
  std::vector<std::string> options;
  if (spec.privileges.no_new) options.emplace_back("no-new-privileges");
  if (!use.seccomp.empty()) {
    auto option = SeccompOption(use.seccomp, parts.podman);
    if (!option) return option.error();
    options.push_back(std::move(*option));
  }
  if (!use.apparmor.empty()) options.push_back(Cat("apparmor=", use.apparmor));
  if (!options.empty()) host.Set("SecurityOpt", Texts(options));
  if (!spec.groups.empty()) {
    Value groups = Value::MakeArray();
    for (const std::uint32_t group : spec.groups) groups.Append(Value::String(Cat(group)));
    host.Set("GroupAdd", std::move(groups));
  }
  return Ok();
}

void JoinSandbox(const ContainerParts& parts, Value& host) {
  const Value sandbox = Value::String(Cat("container:", parts.sandbox));
  host.Set("NetworkMode", sandbox);
  // Docker gives a container that joins a network the host name that goes with it; Podman has to be asked.
  if (parts.podman) host.Set("UTSMode", sandbox);
  host.Set("IpcMode", parts.pod.host_ipc ? Value::String("host") : sandbox);
  if (parts.pod.processes == ProcessView::kPod) host.Set("PidMode", sandbox);
  if (parts.pod.processes == ProcessView::kMachine) host.Set("PidMode", Value::String("host"));
}

// The engines keep what a container says for `logs`; it is read from there should a connection be lost.
Value LogConfig(bool podman) {
  Value out = Value::MakeObject();
  out.Set("Type", Value::String(podman ? "k8s-file" : "json-file"));
  return out;
}

}  // namespace

Value SandboxBody(const SandboxParts& parts) {
  const PodSandboxSpec& spec = parts.spec;
  Value host = Value::MakeObject();
  host.Set("NetworkMode", Value::String(spec.address.empty() ? "host" : spec.engine_network));
  host.Set("IpcMode", Value::String(spec.host_ipc ? "host" : "shareable"));
  if (spec.processes == ProcessView::kMachine) host.Set("PidMode", Value::String("host"));
  host.Set("ReadonlyRootfs", Value::Bool(true));
  if (!spec.sysctls.empty()) {
    Value sysctls = Value::MakeObject();
    for (const auto& [name, value] : spec.sysctls) sysctls.Set(name, Value::String(value));
    host.Set("Sysctls", std::move(sysctls));
  }
  Value out = Value::MakeObject();
  out.Set("Image", Value::String(std::string(SandboxImageName())));
  if (!spec.hostname.empty()) out.Set("Hostname", Value::String(spec.hostname));
  if (!spec.address.empty()) {
    Value& own = out.At("NetworkingConfig").At("EndpointsConfig").At(spec.engine_network);
    own.At("IPAMConfig").Set("IPv4Address", Value::String(spec.address));
  }
  out.Set("Labels", Labels(spec, parts.run));
  out.Set("HostConfig", std::move(host));
  return out;
}

Result<Value> ContainerBody(const ContainerParts& parts) {
  const ContainerSpec& spec = parts.spec;
  Value host = Value::MakeObject();
  JoinSandbox(parts, host);
  SetLimits(spec.limits, host);
  if (Status set = SetSecurity(parts, host); !set) return set.error();
  Value mounts = Value::MakeArray();
  for (const Mount& mount : parts.mounts) mounts.Append(BindOf(mount));
  for (const Mount& mount : spec.mounts) mounts.Append(BindOf(mount));
  host.Set("Mounts", std::move(mounts));
  std::vector<std::string> environment = spec.environment;
  GiveGpus(spec.image->gpus, parts.gpus, host, environment);
  host.Set("LogConfig", LogConfig(parts.podman));

  Value out = Value::MakeObject();
  out.Set("Image", Value::String(spec.image->name));
  out.Set("Entrypoint", Texts(ArgvOf(*spec.image, parts.image)));
  out.Set("Cmd", Value::MakeArray());
  out.Set("Env", Texts(environment));
  if (const std::string user = UserOf(spec, parts.image); !user.empty()) out.Set("User", Value::String(user));
  if (!spec.working_directory.empty()) out.Set("WorkingDir", Value::String(spec.working_directory));
  Value labels = Labels(parts.pod, parts.run);
  labels.Set(kContainerLabel, Value::String(spec.name));
  labels.Set(kAttemptLabel, Value::String(Cat(spec.attempt)));
  out.Set("Labels", std::move(labels));
  out.Set("HostConfig", std::move(host));
  return out;
}

Value ExecBody(const std::vector<std::string>& argv, std::chrono::milliseconds timeout) {
  std::vector<std::string> command = {std::string(kInitInContainer), kInitExec, Cat(timeout.count())};
  command.insert(command.end(), argv.begin(), argv.end());
  Value out = Value::MakeObject();
  out.Set("AttachStdout", Value::Bool(true));
  out.Set("AttachStderr", Value::Bool(true));
  out.Set("Cmd", Texts(command));
  return out;
}

std::string ContainerNameOf(const PodSandboxSpec& pod, std::string_view container, int attempt,
                            std::string_view suffix) {
  std::string out = Cat("reprieve-", pod.name, "-", container, "-", attempt);
  if (out.size() > kMostNameBytes) out.resize(kMostNameBytes);
  return Cat(out, "-", suffix);
}

}  // namespace reprieve::runtime::docker
