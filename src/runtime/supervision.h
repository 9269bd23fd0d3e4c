// Supervision: all that stands behind a Supervisor: its queues, its launcher threads and the thread that waits.
//
// One story in four files: supervision.cc (calls and launchers), supervision_loop.cc (the supervising thread's loop),
// supervision_start.cc (what becomes of a start), supervision_end.cc (stops, kills, output and exits).
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "runtime/clean_up.h"
#include "runtime/init_image.h"
#include "runtime/launcher.h"
#include "runtime/log_writer.h"
#include "runtime/poller.h"
#include "runtime/supervisor.h"

namespace reprieve::runtime {

inline constexpr int kStartErrorCode = 128;
inline constexpr int kKilledCode = 128 + 9;
inline constexpr std::chrono::milliseconds kLookAtMemoryAfter{200};

inline std::uint64_t Number(ContainerId id) {
  return static_cast<std::uint64_t>(id);
}

// Why the program could not be started, for people.
std::string StartFailureText(const Container& container, const StartFailure& failure);

class Supervisor::Supervision {
 public:
  using milliseconds = std::chrono::milliseconds;

  Supervision(std::unique_ptr<RuntimeContext> context, Poller poller, const SupervisorOptions& options);
  ~Supervision();
  // False: the poller does not take what it needs.
  bool Begin();

  // From any thread.
  const RuntimeContext& context() const { return *context_; }
  Result<SandboxId> RunPodSandbox(PodSandboxSpec spec);
  Result<ContainerId> StartContainer(SandboxId sandbox, ContainerSpec spec);
  void StopContainer(ContainerId container, milliseconds grace);
  Result<ExecId> Exec(ContainerId container, ExecSpec spec);
  void RemovePodSandbox(SandboxId sandbox);
  std::vector<std::string> End();

 private:
  using Clock = std::chrono::steady_clock;

  // What a ready descriptor belongs to: an id and one of these.
  enum class Source : std::uint8_t { kStdout, kStderr, kProcess, kReport };
  static constexpr std::size_t kSources = 3;  // of a container

  struct ExecOrder {
    ContainerId id;
    ExecTarget target;  // its container alone, until the supervising thread has found that
    ExecSpec spec;
  };
  struct StopOrder {
    ContainerId id;
    milliseconds grace;
  };
  // What other threads have left for the supervising thread.
  struct Inbox {
    std::vector<std::unique_ptr<Container>> launched;
    std::vector<StopOrder> stops;
    std::vector<ExecOrder> execs;
    std::vector<std::shared_ptr<Sandbox>> removals;
    std::vector<ContainerId> drained;  // logs that take more
    std::vector<ContainerId> closed;   // logs that are complete
    std::vector<std::string> notices;
    bool end = false;

    bool empty() const {
      return launched.empty() && stops.empty() && execs.empty() && removals.empty() && drained.empty() &&
             closed.empty() && notices.empty() && !end;
    }
  };
  // A container with a process, or an exec in one.
  struct Live {
    std::unique_ptr<Container> container;
    bool stopping = false;
    bool killed = false;
    bool over_memory = false;
    bool timed_out = false;
    // Lines that its log has not been given yet, for the sake of fewer and larger writes.
    std::string unwritten;
    std::int64_t unwritten_lines = 0;
    bool log_has_lines = false;
    bool log_is_due = false;
    // Its output waits in the pipe, since its log takes no more for now.
    bool paused = false;
    // Its end has been told, though its process hangs in the kernel.
    bool given_up = false;
    std::array<bool, kSources> watched{};
    std::vector<ContainerId> execs;
  };
  enum class Due : std::uint8_t {
    kKill,
    kKillInit,
    kGiveUp,
    kTimeOut,
    kLookAtMemory,
    kWatchAgain,
    kReadAgain,
    kWriteLog,
    kDeliver,
    kStartAgain
  };
  struct Deadline {
    ContainerId id;
    Due due;
  };
  using Deadlines = std::multimap<Clock::time_point, Deadline>;
  // A container that has ended, whose log is not complete yet. Its exit waits so long for it.
  struct Closing {
    std::unique_ptr<Container> container;
    ContainerExit exit;
    Deadlines::iterator deadline;
  };

  // supervision.cc, on launcher threads.
  void LaunchLoop();
  // From any thread.
  template <class Change>
  void Post(Change change);

  // supervision_loop.cc, on the supervising thread, as all below.
  void Loop();
  void Handle(std::uint64_t tag);
  bool InboxIsEmpty();
  void TakeInbox();
  void RemoveSandbox(const std::shared_ptr<Sandbox>& sandbox);
  void PassDeadlines();
  void Handle(const Deadline& deadline, Live& live);
  Deadlines::iterator SetDeadline(milliseconds from_now, ContainerId id, Due due);
  void LookAtMemory(Live& live);
  int TimeoutMillis() const;
  bool Done() const;
  void Tell(const std::string& notice) const;

  // supervision_start.cc
  void Admit(std::unique_ptr<Container> container);
  void AdmitExec(std::unique_ptr<Container> process);
  void NeverStarted(Container& container);
  void PutOff(Container& container, const std::string& why);
  void StartAgain(ContainerId id);
  void EndWaiting(ContainerId id);
  void BeginExec(ExecOrder order);
  void OpenLog(Live& live);
  void WriteLog(Live& live);
  void CloseLog(Live& live);
  // Registers what is not registered; what the kernel does not take is looked at again and again.
  void Watch(Live& live);
  void WatchAgain(Live& live);

  // supervision_end.cc
  void Stop(const StopOrder& order);
  void Kill(Live& live);
  void GiveUp(Live& live);
  static void SignalTo(const Container& container, int signal);
  void ReadOutput(Live& live, Stream stream);
  // Its log takes no more for now: the program waits, as it would for a slow terminal.
  void Pause(Live& live);
  void ReadAgain(Live& live);
  void ReadTheRest(Live& live, Stream stream, Time now);
  void ReadReports();
  std::optional<StartFailure> TakeStartFailure(const Container& container);
  void Reap(Live& live);
  void ReapExec(Live& live, int exit_code);
  void TellExecEnd(Live& live, ExecEnd end);
  void Close(Live& live, Source source);
  void Finish(Live& live, ContainerExit exit);
  void LogIsComplete(ContainerId id);
  void Deliver(Container& container, ContainerExit exit);

  std::unique_ptr<RuntimeContext> context_;
  const int launcher_count_;
  const milliseconds kill_patience_;
  const milliseconds log_patience_;
  Poller poller_;

  std::mutex mutex_;
  std::condition_variable orders_ready_;
  // Guarded by mutex_.
  std::deque<std::shared_ptr<LaunchOrder>> orders_;
  std::deque<ExecOrder> exec_orders_;
  Inbox inbox_;
  bool no_more_orders_ = false;
  std::uint64_t next_id_ = 1;
  std::unordered_map<std::uint64_t, std::shared_ptr<Sandbox>> sandboxes_;
  std::unordered_set<std::uint64_t> launching_;

  // Of the supervising thread alone.
  std::unordered_map<std::uint64_t, Live> live_;
  std::unordered_map<std::uint64_t, Closing> closing_;
  // Starts that are tried again, since something was lacking.
  std::unordered_map<std::uint64_t, std::shared_ptr<LaunchOrder>> waiting_;
  bool told_of_waiting_ = false;
  std::unordered_map<std::uint64_t, StartFailure> start_failures_;
  // Stops that came before the process did.
  std::unordered_map<std::uint64_t, milliseconds> early_stops_;
  Deadlines deadlines_;
  CleanUp clean_up_;
  std::vector<std::string> left_;
  std::vector<char> buffer_;
  bool ending_ = false;

  std::unique_ptr<LogWriter> log_writer_;
  std::vector<std::thread> launchers_;
  std::thread supervisor_;
  std::atomic<std::thread::id> supervisor_id_;
};

}  // namespace reprieve::runtime
