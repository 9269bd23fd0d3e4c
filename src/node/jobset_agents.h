// JobSetAgents: which pods have an agent, and what their agents learn about their JobSets.
//
//   store -> JobSetChanged -> AgentServer -> agent in the pod -> AgentServer -> TakeReports -> the pod's annotation
//
// Source: spec/jobset.md 2.14. Thread rules: one owner, the engine's thread; sockets and threads are created only with
// the first pod that may have an agent. Errors: if something can't be created, the pod waits.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/result.h"
#include "model/jobset.h"
#include "node/agent_server.h"

namespace reprieve::node {

class JobSetAgents {
 public:
  // `directory` holds the sockets; it is created with the first one, inside a directory that only this user can enter.
  // `reported`: TakeReports has reports; called on another thread.
  JobSetAgents(std::string directory, std::function<void()> reported)
      : directory_(std::move(directory)), reported_(std::move(reported)) {}

  void JobSetChanged(const jobset::JobSet& jobset);
  void JobSetDeleted(const jobset::JobSet& jobset);

  // The pod's socket, created if it has none; empty: the pod should have no agent.
  Result<std::string> SocketOf(scheduler::PodNumber number, const core::Pod& pod);
  void Remove(scheduler::PodNumber number);
  std::map<scheduler::PodNumber, std::int32_t> TakeReports();

 private:
  struct Known {
    policy::InPlaceNews news;
    std::set<scheduler::PodNumber> pods;
  };
  struct Agent {
    meta::ObjectKey jobset;
    std::string socket;
  };

  const std::string directory_;
  const std::function<void()> reported_;
  std::map<meta::ObjectKey, Known> jobsets_;
  std::map<scheduler::PodNumber, Agent> agents_;
  std::unique_ptr<AgentServer> server_;
};

}  // namespace reprieve::node
