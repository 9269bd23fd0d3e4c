// What a container's lifecycle says: hooks after its start and before its stop, and the signal that stops it.
//
// Source: core/v1 Lifecycle; the kubelet's handlers: tcpSocket is in the API and fails whenever it is tried. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "model/core.h"

namespace reprieve::kubelet {

enum class HookKind : std::uint8_t { kPostStart, kPreStop };
// "postStart", "preStop".
std::string_view NameOf(HookKind kind);

// Null if the container has none.
const core::Value& HookOf(const core::Container& container, HookKind kind);
// How long a hook sleeps; nothing if it does something else.
std::optional<Nanoseconds> SleepOf(const core::Value& hook);

// The number of lifecycle.stopSignal, or of SIGTERM.
int StopSignalOf(const core::Container& container);

}  // namespace reprieve::kubelet
