// JobSetAgents: which pods have an agent, and what their agents are told of their JobSets.
//
//   store -> JobSetChanged -> AgentServer -> agent in the pod -> AgentServer -> TakeReports -> the pod's annotation
//
// Source: spec/jobset.md 2.14. Thread rules: one owner, the engine's thread; no socket and no thread are made before
// the first pod that may have an agent. Errors: what cannot be made keeps the pod waiting.
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
  // `directory` holds the sockets; it is made when the first is needed, in one that only this user can enter.
  // `reported`: TakeReports has something; called on a thread of its own.
  JobSetAgents(std::string directory, std::function<void()> reported)
      : directory_(std::move(directory)), reported_(std::move(reported)) {}

  void JobSetChanged(const jobset::JobSet& jobset);
  void JobSetDeleted(const jobset::JobSet& jobset);

  // The pod's socket, made if it has none; empty: no agent is to be expected in it.
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
