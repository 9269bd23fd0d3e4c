// Worker: what is asked of it, and the end of everything.
#include "runtime/docker/worker.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "document/json.h"
#include "net/url.h"
#include "runtime/cgroup.h"
#include "runtime/docker/requests.h"

namespace reprieve::runtime::docker {
namespace {

constexpr Nanoseconds kLeftoversDelay = std::chrono::milliseconds(100);

void BoundBy(const std::optional<std::int64_t>& most, std::optional<std::int64_t>& limit) {
  if (most) limit = std::min(limit.value_or(*most), *most);
}

}  // namespace

Worker::Worker(EngineClient& engine, DockerRuntimeOptions options, RuntimeEvents events, GpuSupport gpus)
    : engine_(engine),
      options_(std::move(options)),
      events_(std::move(events)),
      run_(EngineName()),
      podman_(engine.identity().is_podman()),
      gpus_(std::move(gpus)),
      reconnect_(engine.loop()),
      reconnect_delay_(0),
      end_patience_(engine.loop()),
      leftovers_(engine.loop()) {
  const auto post = [this, alive = std::weak_ptr(alive_)](std::function<void()> work) {
    engine_.Post([alive, work = std::move(work)] {
      if (!alive.expired()) work();
    });
  };
  LogWriterEvents told;
  told.closed = [this, post](ContainerId id) {
    post([this, id] {
      if (Container* container = Find(id); container != nullptr && container->stage == Container::Stage::kClosing) {
        Deliver(*container);
      }
    });
  };
  told.drained = [this, post](ContainerId id) {
    post([this, id] {
      Container* container = Find(id);
      if (container != nullptr && container->output) container->output->Resume();
    });
  };
  told.notice = [this, post](const std::string& text) { post([this, text] { Tell(text); }); };
  log_writer_ = std::make_unique<LogWriter>(options_.log, std::move(told));
}

Worker::~Worker() = default;

Worker::Container* Worker::Find(ContainerId id) {
  const auto found = containers_.find(id);
  return found == containers_.end() ? nullptr : found->second.get();
}

void Worker::Ask(EngineRequest request, std::function<void(EngineReply)> done) {
  ++asking_;
  engine_.Send(std::move(request), [this, alive = std::weak_ptr(alive_), done = std::move(done)](EngineReply reply) {
    if (alive.expired()) return;
    --asking_;
    done(std::move(reply));
  });
}

void Worker::Tell(const std::string& notice) const {
  if (events_.notice) events_.notice(notice);
}

void Worker::AddPod(SandboxId id, PodSandboxSpec spec) {
  auto pod = std::make_shared<Pod>();
  pod->id = id;
  pod->spec = std::move(spec);
  pods_.emplace(id, std::move(pod));
}

void Worker::StartContainer(ContainerId id, SandboxId sandbox, ContainerSpec spec) {
  auto container = std::make_unique<Container>();
  container->id = id;
  container->spec = std::move(spec);
  const auto pod = pods_.find(sandbox);
  if (pod == pods_.end() || pod->second->removed) {
    if (events_.refused) events_.refused({id, sandbox, std::string(kCreateError), "its pod sandbox is gone"});
    return;
  }
  container->pod = pod->second;
  ++container->pod->containers;
  BoundByPod(*container);
  containers_.emplace(id, std::move(container));
  const std::shared_ptr<Pod> its_pod = pod->second;
  its_pod->waiting.push_back(id);
  LookAtImage(*Find(id));
  EnsurePod(its_pod);
}

// An engine has no limit for several containers together but by a cgroup of its own kind (a slice, where systemd makes
// them): each may have all that the pod may.
void Worker::BoundByPod(Container& container) {
  const ResourceLimits& most = container.pod->spec.limits;
  BoundBy(most.memory_bytes, container.spec.limits.memory_bytes);
  BoundBy(most.cpu_milli, container.spec.limits.cpu_milli);
  if (!most.any() || container.pod->containers < 2 || std::exchange(pod_limits_told_, true)) return;
  Tell(Cat("pod ", container.pod->spec.name,
           " has limits of its own: in images each of its containers is held to them, not all together"));
}

void Worker::RemovePod(SandboxId id) {
  const auto found = pods_.find(id);
  if (found == pods_.end()) return;
  const std::shared_ptr<Pod> pod = found->second;
  pod->removed = true;
  std::vector<ContainerId> inside;
  for (const auto& [container, each] : containers_) {
    if (each->pod == pod) inside.push_back(container);
  }
  for (const ContainerId container : inside) Stop(container, milliseconds(0));
  RemovePodIfEmpty(pod);
}

void Worker::End(std::function<void(std::vector<std::string>)> ended) {
  ended_ = std::move(ended);
  std::vector<SandboxId> all;
  for (const auto& [id, pod] : pods_) all.push_back(id);
  for (const SandboxId id : all) RemovePod(id);
  end_patience_.After(options_.kill_patience + options_.output_patience, [this] {
    for (const auto& [id, container] : containers_) {
      if (!container->engine_id.empty()) unremoved_.try_emplace(container->engine_id);
    }
    for (const auto& [id, pod] : pods_) {
      if (!pod->engine_id.empty()) unremoved_.try_emplace(pod->engine_id);
    }
    TellTheEnd();
  });
  LookWhetherAllIsGone();
}

void Worker::LookWhetherAllIsGone() {
  if (ended_ && pods_.empty() && containers_.empty()) RemoveLeftovers();
}

// A container whose creation was never answered is known to the engine alone.
void Worker::RemoveLeftovers() {
  if (!ended_) return;
  document::Value filters = document::Value::MakeObject();
  filters.At("label").Append(document::Value::String(Cat(kRunLabel, "=", run_)));
  const std::string path = Cat("/containers/json?all=true&filters=", net::PercentEncode(document::WriteJson(filters)));
  Ask({.path = path}, [this](const EngineReply& reply) {
    if (!reply.ok()) return RemoveLeftoversLater(reply);
    for (const document::Value& each : reply.body.items()) unremoved_.try_emplace(each["Id"].AsText());
    if (unremoved_.empty()) return TellTheEnd();
    const auto asked = std::make_shared<std::size_t>(unremoved_.size());
    for (const auto& [each, why] : std::map(unremoved_)) {
      Ask({.method = "DELETE", .path = Cat("/containers/", each, "?force=true&v=true")},
          [this, asked, id = each](const EngineReply& gone) {
            if (gone.ok() || gone.status == 404) {
              unremoved_.erase(id);
            } else {
              unremoved_[id] = gone.error;
            }
            if (--*asked > 0 || !ended_) return;
            unremoved_.empty() ? TellTheEnd() : RemoveLeftoversLater(gone);
          });
    }
  });
}

// Until end_patience_ is at its end.
void Worker::RemoveLeftoversLater(const EngineReply& failed) {
  if (!ended_) return;
  if (failed.no_answer() && !std::exchange(engine_gone_, true)) {
    Tell(Cat(engine_.identity().Describe(), " does not answer; what is left there is removed if it does soon"));
  }
  leftovers_.After(kLeftoversDelay, [this] { RemoveLeftovers(); });
}

void Worker::TellTheEnd() {
  end_patience_.Cancel();
  leftovers_.Cancel();
  std::vector<std::string> left;
  left.reserve(unremoved_.size());
  for (const auto& [id, why] : unremoved_)
    left.push_back(why.empty() ? Cat("container ", id) : Cat("container ", id, ": ", why));
  if (ended_) std::exchange(ended_, {})(std::move(left));
}

void Worker::CloseStreams() {
  for (const auto& [id, container] : containers_) container->CloseStreams();
  processes_.clear();
}

}  // namespace reprieve::runtime::docker
