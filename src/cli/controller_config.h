// The configuration file of upstream's JobSet controller (--config): config.jobset.x-k8s.io/v1alpha1, Configuration.
//
// Read strictly, as upstream does: unknown fields and values of the wrong type are errors, all of them told at once
// with their lines. What is understood and has no effect here is told, too.
//
// Source: spec/jobset.md 5.2. Pure but for reading the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "cli/refusal.h"

namespace reprieve::cli {

// What the file says; absent: nothing.
struct ControllerConfig {
  std::optional<std::int32_t> webhook_port;
  std::string webhook_host;
  std::string webhook_folder;  // certDir
  std::optional<bool> leader_elect;
  std::string lease_name, lease_namespace;
  std::optional<Nanoseconds> lease_duration, renew_deadline, retry_period;
  std::optional<std::string> metrics_address;  // "0": off
  std::string metrics_folder;
  std::optional<std::string> health_address;  // "0": off
  std::string readiness_name, liveness_name;
  bool only_tls13 = false;
  std::optional<bool> own_certificates;  // internalCertManagement.enable
  std::string webhook_service, webhook_secret;
  std::optional<double> qps;
  std::optional<std::int32_t> burst;
  std::string feature_gates;  // as --feature-gates has them

  std::vector<std::string> without_effect;  // a sentence each
};

// Exit code 0: it is read.
[[nodiscard]] Refusal ReadControllerConfig(const std::string& path, ControllerConfig& out);

}  // namespace reprieve::cli
