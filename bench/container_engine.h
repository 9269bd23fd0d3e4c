// A container engine for the benchmarks of images: the one whose socket REPRIEVE_BENCH_ENGINE names, else a `podman
// system service` of the benchmark's own, with folders of its own.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "processes.h"
#include "runtime/docker/engine_client.h"

namespace reprieve::bench {

class ContainerEngine {
 public:
  // Null pointer, and why on standard error: there is none here.
  static std::unique_ptr<ContainerEngine> Start(const Scratch& scratch);
  ContainerEngine(const ContainerEngine&) = delete;
  ContainerEngine& operator=(const ContainerEngine&) = delete;
  ~ContainerEngine();

  runtime::docker::EngineClient& client() { return *client_; }
  const std::string& socket() const { return socket_; }
  // Its image of busybox, with true, touch, sh and sleep in /bin.
  static std::string image() { return "localhost/reprieve-bench:latest"; }
  // `podman`, with its options, for the same engine; empty: it is not ours.
  const std::string& podman() const { return podman_; }

 private:
  ContainerEngine() = default;
  bool StartPodman();
  bool Load(const Scratch& scratch);

  std::string folder_;
  std::string podman_;
  std::string socket_;
  pid_t service_ = 0;
  std::unique_ptr<runtime::docker::EngineClient> client_;
};

// Seconds of processor time of a process that runs, all threads together.
double ProcessorTimeOf(pid_t process);

// A program in the background; its output goes to `output`.
pid_t Spawn(const std::string& command, const std::string& output);
// Waits for its end: the exit code; -1 if it did not exit.
int Await(pid_t process);

}  // namespace reprieve::bench
