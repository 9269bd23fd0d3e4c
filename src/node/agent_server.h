// AgentServer: the sockets through which agents in pods hear of their JobSets (agent_protocol.h), all on one thread.
//
// Thread rules: every call may come from any thread and does not block; `reported` is called on the server's thread.
// What a client can make grow is bounded: connections per pod, the length of a line, one report per pod, and of news
// that wait for a reader only the newest are kept. Errors: of a client, it is disconnected.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>

#include "base/result.h"
#include "node/agent_protocol.h"
#include "runtime/fd.h"
#include "scheduler/placement.h"

namespace reprieve::node {

class AgentServer {
 public:
  static constexpr std::size_t kMaxPeersOfAPod = 8;

  // `reported`: TakeReports has something, and had nothing before.
  explicit AgentServer(std::function<void()> reported);
  AgentServer(const AgentServer&) = delete;
  AgentServer& operator=(const AgentServer&) = delete;
  ~AgentServer();

  // Makes the pod's socket. Who connects from now on hears `news` first.
  Status Open(scheduler::PodNumber pod, const std::string& path, const policy::InPlaceNews& news);
  // Who connects after this has returned hears nothing older. REQUIRES: the pod is open.
  void Publish(scheduler::PodNumber pod, const policy::InPlaceNews& news);
  // Nothing if it is not open.
  void Close(scheduler::PodNumber pod);
  // The newest attempt of each pod that has reported since the last call.
  std::map<scheduler::PodNumber, std::int32_t> TakeReports();

 private:
  using Id = std::uint64_t;
  struct Pod {
    std::string path;
    runtime::Fd listener;
    Id listener_id = 0;
    std::string news;
    std::set<Id> peers;
  };
  struct Peer {
    runtime::Fd fd;
    scheduler::PodNumber pod = 0;
    AgentLines heard;
    std::string unsent;    // of a line that has been begun
    bool has_news = true;  // it has not been begun to be told the newest
    bool waits = false;    // for room to send
  };

  void Loop();
  // False: it failed for want of descriptors, try again later.
  bool Handle(Id id);
  bool Accept(scheduler::PodNumber pod);
  // False: it is to be disconnected.
  bool Receive(Peer& peer);
  bool Send(Id id, Peer& peer);
  void Disconnect(Id id);
  bool Watch(int operation, int fd, Id id, std::uint32_t events) const;

  std::function<void()> reported_;
  runtime::Fd poll_;
  runtime::Fd end_;
  std::mutex mutex_;  // guards all below
  Id next_id_ = 1;    // 0 stands for the end
  std::map<scheduler::PodNumber, Pod> pods_;
  std::unordered_map<Id, scheduler::PodNumber> listeners_;
  std::unordered_map<Id, Peer> peers_;
  std::map<scheduler::PodNumber, std::int32_t> reports_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace reprieve::node
