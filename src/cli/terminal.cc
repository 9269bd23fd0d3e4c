#include "cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string_view>

namespace reprieve::cli {
namespace {

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::atomic<bool> resized = false;
std::atomic<void*> wake_context = nullptr;
std::atomic<void (*)(void*) noexcept> wake_up = nullptr;

void OnResize(int) {
  resized = true;
  if (auto* wake = wake_up.load()) wake(wake_context.load());
}

void Install(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(SIGWINCH, &action, nullptr);
}

}  // namespace

TerminalSize SizeOfTerminal(int descriptor) {
  winsize size{};
  TerminalSize out;
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) return out;
  if (size.ws_col > 0) out.columns = size.ws_col;
  if (size.ws_row > 0) out.rows = size.ws_row;
  return out;
}

bool IsTerminal(int descriptor) {
  return isatty(descriptor) == 1;
}

bool CanRepaint(int descriptor) {
  const std::string_view kind = Variable("TERM");
  return IsTerminal(descriptor) && !kind.empty() && kind != "dumb";
}

bool BreaksLinesAgain() {
  return Variable("XTERM_VERSION").empty() && Variable("STY").empty() && Variable("TERM") != "linux";
}

ResizeSignal::ResizeSignal(void (*wake)(void* context) noexcept, void* context) {
  wake_context = context;
  wake_up = wake;
  Install(OnResize);
}

ResizeSignal::~ResizeSignal() {
  wake_up = nullptr;
  Install(SIG_DFL);
}

bool ResizeSignal::Take() {
  return resized.exchange(false);
}

}  // namespace reprieve::cli
