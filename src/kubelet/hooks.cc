#include "kubelet/hooks.h"

#include <algorithm>
#include <csignal>
#include <cstring>

#include "base/saturate.h"
#include "base/text.h"

namespace reprieve::kubelet {

std::string_view NameOf(HookKind kind) {
  return kind == HookKind::kPostStart ? "postStart" : "preStop";
}

const core::Value& HookOf(const core::Container& container, HookKind kind) {
  return container.rest["lifecycle"][NameOf(kind)];
}

std::optional<Nanoseconds> SleepOf(const core::Value& hook) {
  const core::Value& sleep = hook["sleep"];
  if (sleep.IsNull()) return std::nullopt;
  return DurationOfSeconds(std::max<std::int64_t>(sleep["seconds"].AsInt(), 0));
}

int StopSignalOf(const core::Container& container) {
  std::string_view name = container.rest["lifecycle"]["stopSignal"].AsText();
  if (!name.starts_with("SIG")) return SIGTERM;
  name.remove_prefix(3);
  // SIGRTMIN+3, SIGRTMAX-1
  if (name.starts_with("RTMIN") || name.starts_with("RTMAX")) {
    const int base = name.starts_with("RTMIN") ? SIGRTMIN : SIGRTMAX;
    name.remove_prefix(5);
    if (name.starts_with('+')) name.remove_prefix(1);
    return base + ParseInt32(name).value_or(0);
  }
  for (int number = 1; number < NSIG; ++number) {
    const char* known = sigabbrev_np(number);
    if (known != nullptr && name == known) return number;
  }
  return SIGTERM;
}

}  // namespace reprieve::kubelet
