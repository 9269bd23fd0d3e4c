#include "cli/refusal.h"

#include <unistd.h>

#include <cstdio>

namespace reprieve::cli {

int Tell(const Refusal& refusal, Color color) {
  if (refusal.errors.empty()) {
    std::fprintf(stderr, "reprieve: %s\n", refusal.message.c_str());
  } else {
    std::fputs(RenderAll(refusal.errors, Style(color, STDERR_FILENO)).c_str(), stderr);
    std::fprintf(stderr, "%s\n", CountLine(refusal.errors, "; nothing was started").c_str());
  }
  return refusal.exit_code;
}

}  // namespace reprieve::cli
