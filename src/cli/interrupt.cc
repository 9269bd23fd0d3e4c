#include "cli/interrupt.h"

#include <atomic>
#include <csignal>

namespace reprieve::cli {
namespace {

std::atomic<int> interrupts = 0;
std::atomic<void*> wake_context = nullptr;
std::atomic<void (*)(void*) noexcept> wake_up = nullptr;

void OnSignal(int) {
  interrupts.fetch_add(1);
  if (auto* wake = wake_up.load()) wake(wake_context.load());
}

void Install(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}

// By nohup(1), say.
bool IsIgnored(int signal) {
  struct sigaction now {};
  return sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

Interrupt::Interrupt(void (*wake)(void* context) noexcept, void* context) {
  wake_context = context;
  wake_up = wake;
  for (const int signal : {SIGINT, SIGTERM}) Install(signal, OnSignal);
  if (!IsIgnored(SIGHUP)) Install(SIGHUP, OnSignal);
  // That the reader has gone is noticed by reader_watch.h: pods must be ended before this process.
  Install(SIGPIPE, SIG_IGN);
}

Interrupt::~Interrupt() {
  wake_up = nullptr;
  for (const int signal : {SIGINT, SIGTERM}) Install(signal, SIG_DFL);
  if (!IsIgnored(SIGHUP)) Install(SIGHUP, SIG_DFL);
}

int Interrupt::count() {
  return interrupts.load();
}

}  // namespace reprieve::cli
