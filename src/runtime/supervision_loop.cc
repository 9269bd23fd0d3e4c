// The supervising thread: it waits for output, exits, messages and deadlines, and hands each to where it is dealt with.
#include <algorithm>
#include <csignal>
#include <utility>

#include "base/saturate.h"
#include "runtime/memory_watch.h"
#include "runtime/supervision.h"

namespace reprieve::runtime {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kCleanUpAgainAfter{5};

}  // namespace

void Supervisor::Supervision::Loop() {
  BlockAllSignals();
  supervisor_id_ = std::this_thread::get_id();
  while (!Done()) {
    for (const std::uint64_t tag : poller_.Wait(TimeoutMillis())) Handle(tag);
    PassDeadlines();
    while (!InboxIsEmpty()) TakeInbox();
    clean_up_.Try();
  }
}

bool Supervisor::Supervision::Done() const {
  if (!ending_ || !closing_.empty() || !waiting_.empty() || !clean_up_.done()) return false;
  return std::all_of(live_.begin(), live_.end(), [](const auto& entry) { return entry.second.given_up; });
}

void Supervisor::Supervision::Handle(std::uint64_t tag) {
  const auto source = static_cast<Source>(tag & 3);
  if (source == Source::kReport) return ReadReports();
  const auto found = live_.find(tag >> 2);
  if (found == live_.end()) return;  // its exit came earlier in this round
  switch (source) {
    case Source::kStdout:
      return ReadOutput(found->second, Stream::kStdout);
    case Source::kStderr:
      return ReadOutput(found->second, Stream::kStderr);
    case Source::kProcess:
      return Reap(found->second);
    case Source::kReport:
      return;
  }
}

bool Supervisor::Supervision::InboxIsEmpty() {
  const std::lock_guard lock(mutex_);
  return inbox_.empty();
}

void Supervisor::Supervision::TakeInbox() {
  Inbox inbox;
  {
    const std::lock_guard lock(mutex_);
    std::swap(inbox, inbox_);
    for (const auto& container : inbox.launched) launching_.erase(Number(container->id));
    if (inbox.end) {
      for (const auto& order : orders_) order->sandbox->removing = true;
      for (auto& [id, sandbox] : sandboxes_) inbox.removals.push_back(std::move(sandbox));
      sandboxes_.clear();
    }
  }
  ending_ = ending_ || inbox.end;
  for (auto& container : inbox.launched) Admit(std::move(container));
  for (const StopOrder& order : inbox.stops) Stop(order);
  for (ExecOrder& order : inbox.execs) BeginExec(std::move(order));
  for (const auto& sandbox : inbox.removals) RemoveSandbox(sandbox);
  for (const ContainerId id : inbox.drained) {
    if (const auto found = live_.find(Number(id)); found != live_.end()) ReadAgain(found->second);
  }
  // Before the exits that waited for these logs: a run may end with one of them.
  for (const std::string& notice : inbox.notices) Tell(notice);
  for (const ContainerId id : inbox.closed) LogIsComplete(id);
}

void Supervisor::Supervision::RemoveSandbox(const std::shared_ptr<Sandbox>& sandbox) {
  sandbox->removing = true;
  if (sandbox->containers > 0) {
    for (auto& [id, live] : live_) {
      if (live.container->sandbox == sandbox) Kill(live);
    }
    std::vector<ContainerId> waiting;
    for (const auto& [id, order] : waiting_) {
      if (order->sandbox == sandbox) waiting.push_back(order->id);
    }
    for (const ContainerId id : waiting) EndWaiting(id);
  }
  clean_up_.Add(sandbox);
}

Supervisor::Supervision::Deadlines::iterator Supervisor::Supervision::SetDeadline(milliseconds from_now, ContainerId id,
                                                                                  Due due) {
  // Added to a clock's time, more than that could overflow.
  const auto wait = std::min(from_now, milliseconds(kLongestDuration));
  return deadlines_.emplace(Clock::now() + wait, Deadline{id, due});
}

void Supervisor::Supervision::PassDeadlines() {
  const Clock::time_point now = Clock::now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const Deadline deadline = deadlines_.begin()->second;
    if (deadline.due == Due::kDeliver) {
      LogIsComplete(deadline.id);  // takes the deadline away
      continue;
    }
    deadlines_.erase(deadlines_.begin());
    if (deadline.due == Due::kStartAgain) {
      StartAgain(deadline.id);
    } else if (const auto found = live_.find(Number(deadline.id)); found != live_.end()) {
      Handle(deadline, found->second);
    }
  }
}

void Supervisor::Supervision::Handle(const Deadline& deadline, Live& live) {
  switch (deadline.due) {
    case Due::kKill:
      return Kill(live);
    case Due::kKillInit:
      return SignalTo(*live.container, SIGKILL);
    case Due::kGiveUp:
      return GiveUp(live);
    case Due::kTimeOut:
      live.timed_out = true;
      return Kill(live);
    case Due::kLookAtMemory:
      return LookAtMemory(live);
    case Due::kWatchAgain:
      return WatchAgain(live);
    case Due::kReadAgain:
      return ReadAgain(live);
    case Due::kWriteLog:
      live.log_is_due = false;
      return WriteLog(live);
    case Due::kDeliver:
    case Due::kStartAgain:
      return;
  }
}

void Supervisor::Supervision::LookAtMemory(Live& live) {
  live.over_memory = ResidentBytesOfTree(live.container->pid) > *live.container->watched_memory_bytes;
  if (live.over_memory) return Kill(live);
  SetDeadline(kLookAtMemoryAfter, live.container->id, Due::kLookAtMemory);
}

int Supervisor::Supervision::TimeoutMillis() const {
  auto timeout = milliseconds::max();
  if (clean_up_.busy()) timeout = kCleanUpAgainAfter;
  if (!deadlines_.empty()) {
    const auto left = std::chrono::ceil<milliseconds>(deadlines_.begin()->first - Clock::now());
    timeout = std::min(timeout, std::max(left, milliseconds::zero()));
  }
  return timeout == milliseconds::max() ? -1 : static_cast<int>(std::min<std::int64_t>(timeout.count(), 1 << 30));
}

void Supervisor::Supervision::Tell(const std::string& notice) const {
  if (context_->events.notice) context_->events.notice(notice);
}

}  // namespace reprieve::runtime
