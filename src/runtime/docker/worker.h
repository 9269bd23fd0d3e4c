// Worker: what stands behind a DockerRuntime, in the engine client's loop: pods, containers and what becomes of them.
//
// One story in five files: worker.cc (calls, the end), worker_pods.cc (sandboxes), worker_start.cc (from an image to a
// running program), worker_end.cc (stops, output, exits, removal), worker_exec.cc (probes and hooks), worker_lost.cc
// (the engine is gone, and is back). Internal to the module. Thread rules: everything in the loop, but for EndLogs.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/client.h"
#include "net/loop.h"
#include "runtime/cri_log.h"
#include "runtime/docker/docker_runtime.h"
#include "runtime/docker/gpus.h"
#include "runtime/docker/image_config.h"
#include "runtime/docker/oom_watch.h"
#include "runtime/docker/output_frames.h"
#include "runtime/last_lines.h"
#include "runtime/log_writer.h"

namespace reprieve::runtime::docker {

inline constexpr int kStartErrorCode = 128;
inline constexpr int kMostRemovals = 5;  // that are tried of one container
inline constexpr int kKilledCode = 128 + 9;
inline constexpr int kTerminatedCode = 128 + 15;
inline constexpr Nanoseconds kWaitForever = std::chrono::hours(24 * 365);

// The waiting reasons of containers that could not be made, in the kubelet's words.
inline constexpr std::string_view kSandboxError = "CreatePodSandboxError";
inline constexpr std::string_view kConfigError = "CreateContainerConfigError";
inline constexpr std::string_view kCreateError = "CreateContainerError";

class Worker {
 public:
  using milliseconds = std::chrono::milliseconds;

  Worker(EngineClient& engine, DockerRuntimeOptions options, RuntimeEvents events, GpuSupport gpus);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  static std::string InitPathIn(const std::string& directory) { return directory + "/reprieve-init"; }

  void AddPod(SandboxId id, PodSandboxSpec spec);
  void StartContainer(ContainerId id, SandboxId sandbox, ContainerSpec spec);
  void Stop(ContainerId id, milliseconds grace);
  void Exec(ExecId id, ContainerId container, ExecSpec spec);
  void RemovePod(SandboxId id);
  // Removes everything; `ended` gets what could not be.
  void End(std::function<void(std::vector<std::string>)> ended);
  void CloseStreams();
  // Waits for the last lines. From any thread but the loop's.
  void EndLogs() { log_writer_.reset(); }

 private:
  struct Pod {
    enum class Stage : std::uint8_t { kAbsent, kMaking, kReady, kRemoving };
    SandboxId id{};
    PodSandboxSpec spec;
    Stage stage = Stage::kAbsent;
    std::string engine_id;
    int attempts = 0;      // to make it
    std::string leftover;  // one of an earlier attempt that may be there still: its id, or its name
    std::string hosts_path;
    bool owns_hosts = false;
    std::vector<ContainerId> waiting;  // for it to be ready
    // Another pod has its address: it is not asked for before that one has let it go.
    bool waits_for_address = false;
    std::vector<std::shared_ptr<Pod>> wait_for_its_address;
    bool cut_off = false;        // another has its address by now
    std::size_t containers = 0;  // that have not been removed yet
    bool removed = false;        // nobody wants it any more
    int removals = 0;            // that have been tried
  };
  struct Container {
    enum class Stage : std::uint8_t {
      kMaking,    // not asked to start yet
      kStarting,  // asked
      kRunning,
      kEnded,     // its output may still come
      kClosing,   // its log is being written
      kRemoving,  // its end has been told
      kLost,      // the engine is gone: what has become of it is unknown
    };
    ContainerId id{};
    std::shared_ptr<Pod> pod;
    ContainerSpec spec;
    std::optional<ImageConfig> image;  // once the engine has told it
    bool image_is_asked_for = false;
    bool pod_is_ready = false;
    Stage stage = Stage::kMaking;
    bool asked_to_start = false;
    bool start_was_cut = false;  // the engine went while it was asked to: what it was doing may go on without it
    std::string engine_id;
    std::string termination_file;
    Time started_at{};
    std::optional<ContainerExit> exit;
    // Streams.
    std::unique_ptr<net::Call> output;
    std::unique_ptr<net::Call> wait;
    std::string wait_text;
    bool output_ended = true;
    std::unique_ptr<OutputFrames> frames;
    std::unique_ptr<CriLog> log;
    std::optional<LastLines> last_lines;
    std::array<std::uint64_t, 2> bytes_seen{};
    std::array<std::uint64_t, 2> bytes_to_skip{};
    bool log_has_lines = false;
    // Ends.
    bool looking = false;   // the engine is asked what its end was
    int looks_for_end = 0;  // since its output ended
    bool stopping = false;
    bool killed = false;
    std::unique_ptr<net::Timer> kill_timer;
    std::unique_ptr<net::Timer> patience;
    std::vector<ExecId> execs;
    std::optional<OomWatch::Ticket> oom;
    int removals = 0;

    void CloseStreams() {
      output.reset();
      wait.reset();
    }
  };
  struct Process {  // an exec
    ExecId id{};
    ContainerId container{};
    std::chrono::steady_clock::time_point began{};
    milliseconds timeout{};
    std::string engine_id;
    std::string output;  // its beginning
    std::unique_ptr<OutputFrames> frames;
    std::unique_ptr<net::Call> call;
    std::unique_ptr<net::Timer> timer;
  };

  // worker.cc
  Container* Find(ContainerId id);
  void BoundByPod(Container& container);
  // As EngineClient::Send; `done` is not called once this is gone.
  void Ask(EngineRequest request, std::function<void(EngineReply)> done);
  void Tell(const std::string& notice) const;
  void LookWhetherAllIsGone();
  void RemoveLeftovers();
  void RemoveLeftoversLater(const EngineReply& failed);
  void TellTheEnd();

  // worker_pods.cc
  void EnsurePod(const std::shared_ptr<Pod>& pod);
  void RemoveLeftover(const std::shared_ptr<Pod>& pod, std::function<void()> then);
  void TakeAddress(const std::shared_ptr<Pod>& pod);
  std::shared_ptr<Pod> HolderOfAddressOf(const Pod& pod) const;
  void LetNextTakeAddress(Pod& pod);
  void CreatePod(const std::shared_ptr<Pod>& pod);
  void StartPod(const std::shared_ptr<Pod>& pod);
  void PodIsReady(const std::shared_ptr<Pod>& pod);
  void PodFailed(const std::shared_ptr<Pod>& pod, const std::string& why);
  Status WriteHosts(Pod& pod);
  void RemovePodIfEmpty(const std::shared_ptr<Pod>& pod);
  void DeletePod(const std::shared_ptr<Pod>& pod);
  void PodIsGone(const std::shared_ptr<Pod>& pod);
  // Whether its sandbox still runs; one that does not serves no container, and is made again for the next. Not called
  // if the engine does not answer.
  void LookAtPod(const std::shared_ptr<Pod>& pod, std::function<void(bool runs)> done);

  // worker_start.cc
  void LookAtImage(Container& container);
  void ImageIsKnown(Container& container, ImageConfig image);
  void CreateIfReady(Container& container);
  void Create(Container& container);
  void OpenOutput(Container& container);
  void OpenWait(Container& container);
  void WatchMemory(Container& container);
  void Start(Container& container);
  void Started(Container& container);
  void StartRefused(Container& container, std::string why);
  void StartFailed(Container& container, std::string message, bool without_sandbox);
  void Refuse(ContainerId id, std::string_view reason, std::string message);
  bool GiveUpStart(Container& container);
  std::vector<Mount> OwnMounts(Container& container);

  // worker_end.cc
  void Kill(Container& container);
  static std::string StopSignalOf(const Container& container);
  void Signal(Container& container, std::string signal);
  void Output(Container& container, Stream stream, std::string_view bytes);
  void OutputEnded(ContainerId id);
  void WaitEnded(ContainerId id, bool whole);
  void LookForEnd(Container& container);
  void Ended(Container& container, int exit_code, bool by_engine = false);
  void LookAtEnd(Container& container);
  void FinishIfComplete(Container& container);
  void Finish(Container& container);
  void Deliver(Container& container);
  void Remove(Container& container);
  void Forget(ContainerId id);

  // worker_exec.cc
  void StartExec(ExecId id);
  void ExecStreamEnded(ExecId id);
  void EndExec(ExecId id, ExecOutcome outcome, int exit_code, std::string message);
  void EndExecsOf(Container& container);

  // worker_lost.cc
  void Lost(Container& container);
  // One that shuts down takes no new connections, though it answers on those that are open: with errors of its own.
  bool EngineListens() const;
  void LookForEngine();
  void EngineIsBack();
  void LookForContainer(ContainerId id);
  void Found(Container& container, const document::Value& state);
  // A start was cut, and the next one refused.
  void LookAtRefusedStart(Container& container, std::string why);
  void RanUnseen(Container& container);
  void FollowLogs(Container& container, bool follow);

  EngineClient& engine_;
  const DockerRuntimeOptions options_;
  const RuntimeEvents events_;
  const std::string run_;
  const bool podman_;
  const GpuSupport gpus_;
  std::map<SandboxId, std::shared_ptr<Pod>> pods_;
  std::map<ContainerId, std::unique_ptr<Container>> containers_;
  std::map<ExecId, std::unique_ptr<Process>> processes_;
  std::map<std::string, ImageConfig> images_;  // by id
  bool pod_limits_told_ = false;
  std::unique_ptr<LogWriter> log_writer_;
  OomWatch oom_watch_;
  net::Timer reconnect_;
  Nanoseconds reconnect_delay_;
  bool engine_gone_ = false;
  int asking_ = 0;  // requests without an answer yet
  std::function<void(std::vector<std::string>)> ended_;
  // Containers that may still be there, by id or name, and what the engine last said to their removal.
  std::map<std::string, std::string> unremoved_;
  net::Timer end_patience_;
  net::Timer leftovers_;
  // What answers look at first: whether this is still there.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace reprieve::runtime::docker
