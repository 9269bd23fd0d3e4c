#include "cli/refusal.h"

#include <unistd.h>

#include <cstdio>

#include "cli/error_json.h"
#include "document/json.h"

namespace reprieve::cli {
namespace {

void TellAsJson(const Refusal& refusal) {
  for (const Diagnostic& error : refusal.errors) std::puts(document::WriteJson(ErrorObject(error)).c_str());
  if (refusal.errors.empty()) std::puts(document::WriteJson(ErrorObject(refusal.message)).c_str());
}

void TellAsText(const Refusal& refusal, Color color) {
  if (refusal.errors.empty()) {
    std::fprintf(stderr, "reprieve: %s\n", refusal.message.c_str());
    return;
  }
  std::fputs(RenderAll(refusal.errors, Style(color, STDERR_FILENO)).c_str(), stderr);
  std::fprintf(stderr, "%s\n", CountLine(refusal.errors, "; nothing was started").c_str());
}

}  // namespace

int Tell(const Refusal& refusal, Color color, bool json) {
  if (json) {
    TellAsJson(refusal);
  } else {
    TellAsText(refusal, color);
  }
  return refusal.exit_code;
}

}  // namespace reprieve::cli
