// The first process of every container, reprieve-init (init.c), which this program carries inside itself.
//
// Thread rules: the functions are safe from any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "runtime/fd.h"

namespace reprieve::runtime {

// The 4th argument of reprieve-init.
inline constexpr int kInitSubreaper = 0;
inline constexpr int kInitOwnPidNamespace = 1;
// It starts an exec in a container's namespaces; what that leaves is reaped by the container's own reprieve-init.
inline constexpr int kInitBeside = 2;
// Its program has a PID namespace with others, which the first process of their pod keeps (PauseArguments).
inline constexpr int kInitSharedPidNamespace = 3;

// Tells a reprieve-init that is not the first process of a PID namespace to kill all that it has started, and exit.
inline constexpr int kKillAllSignal = 64;

// Where reprieve-init expects the pipe for its reports.
inline constexpr int kReportFd = 3;

// What it writes there when the program cannot be started. Smaller than PIPE_BUF: all containers share one pipe.
struct StartFailure {
  std::uint64_t serial;
  std::int32_t step;
  std::int32_t error;
};
enum StartStep : std::int32_t { kStepUser = 1, kStepDirectory = 2, kStepExec = 3, kStepFork = 4, kStepPrivileges = 5 };

// Instead of all arguments: it starts nothing, and reaps whatever its PID namespace leaves it until it is killed.
inline constexpr const char* kInitPause = "pause";

// The same in a container of an engine's.
inline constexpr const char* kInitSandbox = "sandbox";
// Then a time limit in milliseconds, a program and its arguments: it runs that.
inline constexpr const char* kInitExec = "exec";
// What it writes to its stderr if it can't, followed by an error number.
inline constexpr std::string_view kExecFailure = "reprieve-init: cannot execute: error ";

std::string_view InitImage();

// An executable memfd that holds it, closed on exec.
Result<Fd> OpenInitImage();

}  // namespace reprieve::runtime
