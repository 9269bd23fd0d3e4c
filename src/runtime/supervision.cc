// What may come from any thread, and the launcher threads.
#include "runtime/supervision.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace reprieve::runtime {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

}  // namespace

Supervisor::Supervision::Supervision(std::unique_ptr<RuntimeContext> context, Poller poller,
                                     const SupervisorOptions& options)
    : context_(std::move(context)),
      launcher_count_(std::max(options.launchers, 1)),
      kill_patience_(options.kill_patience),
      log_patience_(options.log.patience),
      poller_(std::move(poller)),
      clean_up_(options.kill_patience),
      buffer_(kReadBytes) {
  LogWriterEvents events;
  events.drained = [this](ContainerId id) { Post([id](Inbox& inbox) { inbox.drained.push_back(id); }); };
  events.closed = [this](ContainerId id) { Post([id](Inbox& inbox) { inbox.closed.push_back(id); }); };
  events.notice = [this](const std::string& text) { Post([&text](Inbox& inbox) { inbox.notices.push_back(text); }); };
  log_writer_ = std::make_unique<LogWriter>(options.log, std::move(events));
}

bool Supervisor::Supervision::Begin() {
  if (!poller_.Add(context_->report_read.get(), static_cast<std::uint64_t>(Source::kReport))) return false;
  supervisor_ = std::thread([this] { Loop(); });
  for (int i = 0; i < launcher_count_; ++i) launchers_.emplace_back([this] { LaunchLoop(); });
  return true;
}

Supervisor::Supervision::~Supervision() {
  End();
}

std::vector<std::string> Supervisor::Supervision::End() {
  if (!supervisor_.joinable()) return {};
  Post([](Inbox& inbox) { inbox.end = true; });
  supervisor_.join();
  // Containers die with the thread that started them, so the launchers go last.
  {
    const std::lock_guard lock(mutex_);
    no_more_orders_ = true;
  }
  orders_ready_.notify_all();
  for (std::thread& launcher : launchers_) launcher.join();
  log_writer_.reset();
  for (const std::string& notice : inbox_.notices) Tell(notice);

  std::vector<std::string> left;
  for (const auto& [id, live] : live_) {
    left.push_back(Cat("process ", live.container->pid, " of container ", live.container->name));
  }
  for (std::string& group : clean_up_.Left()) left.push_back(std::move(group));
  for (const std::string& group : context_->cgroups.RemoveAll()) left.push_back(Cat("cgroup ", group));
  if (!context_->folder.Remove()) left.push_back(Cat("folder ", context_->directory()));
  return left;
}

Result<SandboxId> Supervisor::Supervision::RunPodSandbox(PodSandboxSpec spec) {
  auto sandbox = std::make_shared<Sandbox>();
  sandbox->spec = std::move(spec);
  const std::lock_guard lock(mutex_);
  sandbox->id = SandboxId{next_id_++};
  sandboxes_.emplace(static_cast<std::uint64_t>(sandbox->id), sandbox);
  return sandbox->id;
}

Result<ContainerId> Supervisor::Supervision::StartContainer(SandboxId sandbox, ContainerSpec spec) {
  if (spec.argv.empty()) return Error{Cat("container ", spec.name, " has no command")};
  auto order = std::make_shared<LaunchOrder>();
  order->spec = std::move(spec);
  ContainerId id{};
  {
    const std::lock_guard lock(mutex_);
    const auto found = sandboxes_.find(static_cast<std::uint64_t>(sandbox));
    if (found == sandboxes_.end()) return Error{Cat("container ", order->spec.name, ": its pod sandbox is gone")};
    id = ContainerId{next_id_++};
    order->id = id;
    order->sandbox = found->second;
    ++order->sandbox->containers;
    launching_.insert(Number(id));
    orders_.push_back(std::move(order));
  }
  orders_ready_.notify_one();
  return id;
}

void Supervisor::Supervision::StopContainer(ContainerId container, milliseconds grace) {
  Post([&](Inbox& inbox) { inbox.stops.push_back({container, grace}); });
}

Result<ExecId> Supervisor::Supervision::Exec(ContainerId container, ExecSpec spec) {
  if (spec.argv.empty()) return Error{"there is no command"};
  ContainerId id{};
  Post([&](Inbox& inbox) {
    id = ContainerId{next_id_++};
    inbox.execs.push_back({id, {container, nullptr, {}, {}}, std::move(spec)});
  });
  return ExecId{Number(id)};
}

void Supervisor::Supervision::RemovePodSandbox(SandboxId sandbox) {
  std::shared_ptr<Sandbox> removed;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sandboxes_.find(static_cast<std::uint64_t>(sandbox));
    if (found == sandboxes_.end()) return;
    removed = std::move(found->second);
    sandboxes_.erase(found);
  }
  removed->removing = true;
  Post([&](Inbox& inbox) { inbox.removals.push_back(std::move(removed)); });
}

template <class Change>
void Supervisor::Supervision::Post(Change change) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = inbox_.empty();
    change(inbox_);
  }
  // The supervising thread looks again before it waits; this is for a callback's own calls.
  if (first && std::this_thread::get_id() != supervisor_id_) poller_.Wake();
}

void Supervisor::Supervision::LaunchLoop() {
  BlockAllSignals();
  const ChildStack stack;
  for (;;) {
    std::unique_lock lock(mutex_);
    orders_ready_.wait(lock, [&] { return !orders_.empty() || !exec_orders_.empty() || no_more_orders_; });
    std::unique_ptr<Container> container;
    // Execs first: a probe comes in time even if many containers are yet to start.
    if (!exec_orders_.empty()) {
      const ExecOrder order = std::move(exec_orders_.front());
      exec_orders_.pop_front();
      lock.unlock();
      container = StartExec(*context_, order.id, order.target, order.spec, stack);
    } else if (!orders_.empty()) {
      std::shared_ptr<LaunchOrder> order = std::move(orders_.front());
      orders_.pop_front();
      lock.unlock();
      container = StartContainerIn(*context_, std::move(order), stack);
    } else {
      return;
    }
    Post([&](Inbox& inbox) { inbox.launched.push_back(std::move(container)); });
  }
}

}  // namespace reprieve::runtime
