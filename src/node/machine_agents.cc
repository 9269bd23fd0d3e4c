// Agents of in-place restarts in pods: Machine's part between JobSetAgents, containers and the store.
#include "base/text.h"
#include "node/pod_record.h"

namespace reprieve::node {
namespace {

// Where a pod with mounts of its own sees its socket: beside the termination message, so that one cover serves both.
constexpr std::string_view kSocketInPod = "/dev/reprieve-agent";
constexpr std::string_view kUsualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

}  // namespace

void Machine::JobSetChanged(const jobset::JobSet& jobset) {
  agents_.JobSetChanged(jobset);
}

void Machine::JobSetDeleted(const jobset::JobSet& jobset) {
  agents_.JobSetDeleted(jobset);
}

Status Machine::LetAgentIn(PodRecord& record) {
  if (record.agent) return Ok();
  const auto socket = agents_.SocketOf(record.number, *record.pod);
  if (!socket) return socket.error();
  if (socket->empty()) return Ok();
  PodRecord::Agent& agent = record.agent.emplace();
  agent.socket = {*socket, runtime_.has_own_mounts() ? std::string(kSocketInPod) : *socket};
  agent.environment = options_.base_environment;
  agent.environment.insert_or_assign(std::string(kAgentSocketVariable), agent.socket.container_path);
  agent.environment.insert_or_assign(std::string(kPodAddressVariable), record.address);
  // Last: a pod finds `reprieve`, and nothing that it would find otherwise is another program now.
  std::string& path = agent.environment.try_emplace("PATH", kUsualPath).first->second;
  if (!options_.program_directory.empty()) AppendTo(path, ":", options_.program_directory);
  return Ok();
}

void Machine::Handle(const kubelet::AgentsReported&) {
  for (const auto& [number, attempt] : agents_.TakeReports()) {
    const auto at = records_.find(number);
    if (at == records_.end() || at->second->pod == nullptr) continue;
    const std::string text = Cat(attempt);
    const SharedString* now = at->second->pod->metadata.annotations.Find(jobset::kInPlaceRestartAttempt);
    if (now != nullptr && *now == text) continue;
    writing_ = true;
    store_.UpdatePodAnnotations(at->second->reference, [&text](meta::Labels& annotations) {
      annotations.Set(jobset::kInPlaceRestartAttempt, text);
    });
    writing_ = false;
  }
}

}  // namespace reprieve::node
