// Runs a credential plugin: a program that prints an ExecCredential.
//
// Source: Kubernetes' documentation of client-go credential plugins. RunExecPlugin blocks: call it on a thread of its
// own. Its errors hold nothing of what the program printed to standard output.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "kube/access.h"

namespace reprieve::kube {

struct ExecCredential {
  std::string token;        // empty: none
  std::string certificate;  // PEM; empty: none
  std::string key;
  std::optional<Time> expires;
};

// The text of the variable KUBERNETES_EXEC_INFO.
std::string ExecInfo(const ExecPlugin& plugin, const Access& access);
Result<ExecCredential> ParseExecCredential(const std::string& printed, const ExecPlugin& plugin);
// At most `timeout`, then it is killed.
Result<ExecCredential> RunExecPlugin(const ExecPlugin& plugin, const Access& access, Nanoseconds timeout);

}  // namespace reprieve::kube
