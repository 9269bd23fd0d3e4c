// Pods in one line, for tests.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/core.h"

namespace reprieve::testing {

inline core::Container AContainer(std::string_view name, std::vector<std::string> command = {"true"}) {
  core::Container out;
  out.name = name;
  out.image = "image";
  out.command = std::move(command);
  return out;
}

inline core::Container ASidecar(std::string_view name, std::vector<std::string> command = {"true"}) {
  core::Container out = AContainer(name, std::move(command));
  out.restart_policy = core::RestartPolicy::kAlways;
  return out;
}

// [{action, exitCodes: {operator, values}}]
inline core::Container WithRule(core::Container container, std::string_view action, std::string_view op,
                                std::vector<std::int64_t> values) {
  core::Value rule;
  rule.At("action") = core::Value::String(std::string(action));
  core::Value& codes = rule.At("exitCodes");
  codes.At("operator") = core::Value::String(std::string(op));
  core::Value& list = codes.At("values") = core::Value::MakeArray();
  for (const std::int64_t value : values) list.Append(core::Value::Int(value));
  container.rest.At("restartPolicyRules").Append(std::move(rule));
  return container;
}

inline core::PodSpec ASpec(core::RestartPolicy policy, std::vector<core::Container> containers,
                           std::vector<core::Container> inits = {}) {
  core::PodSpec out;
  out.restart_policy = policy;
  out.containers = std::move(containers);
  out.init_containers = std::move(inits);
  return out;
}

inline std::shared_ptr<const core::PodSpec> Shared(core::PodSpec spec) {
  return std::make_shared<const core::PodSpec>(std::move(spec));
}

}  // namespace reprieve::testing
