// Runs a helper program to its end: with an input, a time limit and a limit on what it prints.
//
// It blocks: call it on a thread of its own. Standard error is the caller's. Safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace reprieve {

struct ProgramToRun {
  // The first is looked for in PATH.
  std::vector<std::string> argv;
  // NAME=VALUE; absent: this process's.
  std::optional<std::vector<std::string>> environment = std::nullopt;
  std::string input = {};  // its standard input
  Nanoseconds timeout = Seconds(30);
  std::size_t max_output = std::size_t{1} << 20;
  // A descriptor that becomes readable once nobody waits for its end any more; -1: none.
  int unwanted = -1;
};

struct ProgramEnd {
  // kTooMuch: it took more than `timeout` or printed more than `max_output`, and was killed. kUnwanted: it was killed.
  enum class How : std::uint8_t { kExited, kSignalled, kTooMuch, kUnwanted, kNotStarted };
  How how = How::kExited;
  int number = 0;       // the exit code, the signal, or errno
  std::string printed;  // to its standard output

  bool succeeded() const { return how == How::kExited && number == 0; }
  // "failed with exit code 3"; behind the program's name. Nothing of what it printed.
  std::string Describe(Nanoseconds timeout) const;
};

ProgramEnd RunProgram(const ProgramToRun& program);

}  // namespace reprieve
