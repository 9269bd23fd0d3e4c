#include "scheduler/resources.h"

#include <algorithm>
#include <limits>

#include "model/quantity.h"

namespace reprieve::scheduler {
namespace {

// Amounts may be as large as they can be held; their sum stops there too.
void AddTo(Resources& sum, const Resources& more) {
  for (const auto& [name, amount] : more) {
    std::int64_t& total = sum[name];
    if (!__builtin_add_overflow(total, amount, &total)) continue;
    total = amount > 0 ? std::numeric_limits<std::int64_t>::max() : std::numeric_limits<std::int64_t>::min();
  }
}

void RaiseTo(Resources& sum, const Resources& floor) {
  for (const auto& [name, amount] : floor) sum[name] = std::max(sum[name], amount);
}

Resources FromQuantities(const core::Value& quantities) {
  Resources out;
  for (const core::Value::Member& member : quantities.members()) {
    out[member.key] = Amount(member.key, member.value.AsText());
  }
  return out;
}

}  // namespace

std::int64_t AmountOf(const Resources& resources, std::string_view name) {
  const auto at = resources.find(name);
  return at == resources.end() ? 0 : at->second;
}

std::int64_t Amount(std::string_view resource, std::string_view quantity) {
  const auto parsed = model::Quantity::Parse(quantity);
  if (!parsed) return 0;
  return resource == kCpu ? parsed->MilliValue() : parsed->Value();
}

Resources RequestsOf(const core::Container& container) {
  Resources out;
  for (const auto& [name, quantity] : container.resources.limits) out[name] = Amount(name, quantity);
  for (const auto& [name, quantity] : container.resources.requests) out[name] = Amount(name, quantity);
  return out;
}

Resources RequestsOf(const core::PodSpec& pod) {
  Resources sum;
  for (const core::Container& container : pod.containers) AddTo(sum, RequestsOf(container));
  Resources sidecars, init_peak;
  for (const core::Container& container : pod.init_containers) {
    Resources needed = RequestsOf(container);
    if (container.IsSidecar()) {
      AddTo(sum, needed);
      AddTo(sidecars, needed);
      needed = sidecars;
    } else {
      AddTo(needed, sidecars);
    }
    RaiseTo(init_peak, needed);
  }
  RaiseTo(sum, init_peak);
  const core::Value& of_pod = pod.rest["resources"];
  for (const std::string_view from : {"limits", "requests"}) {
    for (const auto& [name, amount] : FromQuantities(of_pod[from])) {
      if (from == "requests" || of_pod["requests"].Find(name) == nullptr) sum[name] = amount;
    }
  }
  AddTo(sum, FromQuantities(pod.rest["overhead"]));
  return sum;
}

std::optional<std::int64_t> LimitOf(const core::Container& container, const std::string& resource) {
  const auto at = container.resources.limits.find(resource);
  if (at == container.resources.limits.end()) return std::nullopt;
  return Amount(resource, at->second);
}

}  // namespace reprieve::scheduler
