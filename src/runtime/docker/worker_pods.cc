// Worker: the sandbox of each pod.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/text.h"
#include "net/url.h"
#include "runtime/docker/requests.h"
#include "runtime/docker/worker.h"
#include "runtime/hosts_file.h"
#include "runtime/no_links.h"

namespace reprieve::runtime::docker {
namespace {

constexpr std::string_view kSandboxName = "sandbox";

std::string NumberOf(std::uint64_t id) {
  return Cat(id - DockerRuntime::kFirstId);
}

}  // namespace

void Worker::EnsurePod(const std::shared_ptr<Pod>& pod) {
  if (pod->stage == Pod::Stage::kReady) return PodIsReady(pod);
  if (pod->stage != Pod::Stage::kAbsent) return;
  pod->stage = Pod::Stage::kMaking;
  if (Status written = WriteHosts(*pod); !written) return PodFailed(pod, written.error().message);
  RemoveLeftover(pod, [this, pod] { TakeAddress(pod); });
}

// It may hold the pod's address.
void Worker::RemoveLeftover(const std::shared_ptr<Pod>& pod, std::function<void()> then) {
  if (pod->leftover.empty()) return then();
  Ask({.method = "DELETE", .path = Cat("/containers/", pod->leftover, "?force=true&v=true")},
      [pod, asked = pod->leftover, then = std::move(then)](const EngineReply& reply) {
        if ((reply.ok() || reply.status == 404) && pod->leftover == asked) pod->leftover.clear();
        then();
      });
}

// A pod that had the address before is cut off, as on a network of ours: its successor has it while it still ends.
void Worker::TakeAddress(const std::shared_ptr<Pod>& pod) {
  const std::shared_ptr<Pod> holder = HolderOfAddressOf(*pod);
  pod->waits_for_address = holder != nullptr;
  if (!holder) return CreatePod(pod);
  if (holder->removed || holder->stage == Pod::Stage::kMaking) return holder->wait_for_its_address.push_back(pod);
  document::Value body = document::Value::MakeObject();
  body.Set("Container", document::Value::String(holder->engine_id));
  body.Set("Force", document::Value::Bool(true));
  holder->cut_off = true;
  Ask({.method = "POST",
       .path = Cat("/networks/", net::PercentEncode(pod->spec.engine_network), "/disconnect"),
       .json = std::move(body)},
      [this, pod](const EngineReply&) { TakeAddress(pod); });
}

std::shared_ptr<Worker::Pod> Worker::HolderOfAddressOf(const Pod& pod) const {
  if (pod.spec.address.empty()) return nullptr;
  for (const auto& [id, other] : pods_) {
    const bool same = id != pod.id && other->spec.address == pod.spec.address;
    if (!same || other->cut_off || other->waits_for_address) continue;
    if (other->stage != Pod::Stage::kAbsent) return other;
  }
  return nullptr;
}

void Worker::LetNextTakeAddress(Pod& pod) {
  for (const std::shared_ptr<Pod>& next : std::exchange(pod.wait_for_its_address, {})) TakeAddress(next);
}

// Each attempt has a name of its own: an engine that was gone in the middle of one may keep its name for good.
void Worker::CreatePod(const std::shared_ptr<Pod>& pod) {
  const std::string name = ContainerNameOf(pod->spec, kSandboxName, pod->attempts++,
                                           Cat(getpid(), "-", NumberOf(static_cast<std::uint64_t>(pod->id))));
  Ask({.method = "POST",
       .path = Cat("/containers/create?name=", net::PercentEncode(name)),
       .json = SandboxBody({pod->spec, run_})},
      [this, pod, name](const EngineReply& reply) {
        if (reply.no_answer()) pod->leftover = name;
        if (!reply.ok()) return PodFailed(pod, reply.error);
        pod->engine_id = reply.body["Id"].AsText();
        StartPod(pod);
      });
}

void Worker::StartPod(const std::shared_ptr<Pod>& pod) {
  Ask({.method = "POST", .path = Cat("/containers/", pod->engine_id, "/start")}, [this, pod](const EngineReply& reply) {
    if (!reply.ok()) return PodFailed(pod, reply.error);
    pod->stage = Pod::Stage::kReady;
    PodIsReady(pod);
    LetNextTakeAddress(*pod);
  });
}

void Worker::PodIsReady(const std::shared_ptr<Pod>& pod) {
  for (const ContainerId id : std::exchange(pod->waiting, {})) {
    Container* container = Find(id);
    if (container == nullptr) continue;
    container->pod_is_ready = true;
    CreateIfReady(*container);
  }
  RemovePodIfEmpty(pod);
}

// The next container of it tries again.
void Worker::PodFailed(const std::shared_ptr<Pod>& pod, const std::string& why) {
  pod->stage = Pod::Stage::kAbsent;
  if (!pod->engine_id.empty()) pod->leftover = std::exchange(pod->engine_id, {});
  RemoveLeftover(pod, [] {});
  for (const ContainerId id : std::exchange(pod->waiting, {})) Refuse(id, kSandboxError, why);
  RemovePodIfEmpty(pod);
  LetNextTakeAddress(*pod);
}

Status Worker::WriteHosts(Pod& pod) {
  if (!pod.hosts_path.empty()) return Ok();
  if (pod.spec.hosts_path) {
    pod.hosts_path = *pod.spec.hosts_path;
    return Ok();
  }
  const std::string path = Cat(options_.state_directory, "/p", NumberOf(static_cast<std::uint64_t>(pod.id)), ".hosts");
  if (const int error = WriteNewFile(path, HostsFile(pod.spec), 0644); error != 0 && error != EEXIST) {
    return Error{Cat("cannot write ", path, ": ", FileErrorText(error))};
  }
  pod.hosts_path = path;
  pod.owns_hosts = true;
  return Ok();
}

void Worker::RemovePodIfEmpty(const std::shared_ptr<Pod>& pod) {
  if (!pod->removed || pod->containers > 0) return;
  if (pod->stage == Pod::Stage::kMaking || pod->stage == Pod::Stage::kRemoving) return;
  if (pod->engine_id.empty()) return PodIsGone(pod);
  pod->stage = Pod::Stage::kRemoving;
  DeletePod(pod);
}

void Worker::DeletePod(const std::shared_ptr<Pod>& pod) {
  Ask({.method = "DELETE", .path = Cat("/containers/", pod->engine_id, "?force=true&v=true")},
      [this, pod](const EngineReply& reply) {
        if (reply.ok() || reply.status == 404) return PodIsGone(pod);
        if (!reply.no_answer() && ++pod->removals < kMostRemovals) return DeletePod(pod);
        unremoved_[pod->engine_id] = reply.error;
        PodIsGone(pod);
      });
}

void Worker::LookAtPod(const std::shared_ptr<Pod>& pod, std::function<void(bool)> done) {
  if (pod->stage != Pod::Stage::kReady) return done(false);
  Ask({.path = Cat("/containers/", pod->engine_id, "/json")},
      [this, pod, done = std::move(done)](const EngineReply& reply) {
        const bool runs = reply.no_answer() || reply.body["State"]["Running"].AsBool();
        if (!runs && pod->stage == Pod::Stage::kReady) {
          pod->stage = Pod::Stage::kAbsent;
          pod->leftover = std::exchange(pod->engine_id, {});
          RemoveLeftover(pod, [] {});
        }
        done(runs);
      });
}

void Worker::PodIsGone(const std::shared_ptr<Pod>& pod) {
  if (pod->owns_hosts) unlink(pod->hosts_path.c_str());
  if (!pod->leftover.empty()) unremoved_.try_emplace(pod->leftover);
  pods_.erase(pod->id);
  LetNextTakeAddress(*pod);
  LookWhetherAllIsGone();
}

}  // namespace reprieve::runtime::docker
