// Why a verb does nothing: what is wrong with its input, or with this machine.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/diagnostic.h"
#include "cli/exit_code.h"

namespace reprieve::cli {

struct Refusal {
  int exit_code = kBadInput;
  std::vector<Diagnostic> errors;  // of the manifests and the events of --inject
  std::string message;             // of anything else; empty if there are errors
};

inline Refusal BadInput(const Error& error) {
  return {kBadInput, {}, error.message};
}
inline Refusal CannotRun(const Error& error) {
  return {kCannotRun, {}, error.message};
}

// Tells it, as text on standard error or as JSON on standard output; returns the exit code.
int Tell(const Refusal& refusal, Color color, bool json = false);

}  // namespace reprieve::cli
