#include "node/jobset_agents.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace reprieve::node {
namespace {

constexpr std::string_view kJobSetNameVariable = "JOBSET_NAME";

policy::InPlaceNews NewsOf(const jobset::JobSet& jobset) {
  return {.in_place = jobset.spec->restart_strategy() == jobset::RestartStrategy::kInPlaceRestart,
          .disabled = jobset.metadata.annotations.Find(jobset::kDisableInPlaceRestart) != nullptr,
          .current = jobset.status.current_in_place_restart_attempt,
          .previous = jobset.status.previous_in_place_restart_attempt};
}

// Detects agents by the variable that every agent needs. Under another restart strategy an agent must still be told
// that it has nothing to wait for.
bool AsksForAnAgent(const core::PodSpec& spec) {
  const auto asks = [](const core::Container& container) {
    return std::any_of(container.env.begin(), container.env.end(),
                       [](const core::EnvVar& variable) { return variable.name == kJobSetNameVariable; });
  };
  return std::any_of(spec.containers.begin(), spec.containers.end(), asks) ||
         std::any_of(spec.init_containers.begin(), spec.init_containers.end(), asks);
}

}  // namespace

void JobSetAgents::JobSetChanged(const jobset::JobSet& jobset) {
  Known& known = jobsets_[meta::KeyOf(jobset.metadata)];
  const policy::InPlaceNews news = NewsOf(jobset);
  if (std::exchange(known.news, news) == news) return;
  for (const scheduler::PodNumber pod : known.pods) server_->Publish(pod, news);
}

void JobSetAgents::JobSetDeleted(const jobset::JobSet& jobset) {
  jobsets_.erase(meta::KeyOf(jobset.metadata));
}

Result<std::string> JobSetAgents::SocketOf(scheduler::PodNumber number, const core::Pod& pod) {
  if (const auto there = agents_.find(number); there != agents_.end()) return there->second.socket;
  const SharedString* name = pod.metadata.labels.Find(jobset::kJobSetName);
  if (name == nullptr) return std::string();
  const meta::ObjectKey key{pod.metadata.namespace_, *name};
  const auto known = jobsets_.find(key);
  if (known == jobsets_.end()) return std::string();
  if (!known->second.news.in_place && !AsksForAnAgent(*pod.spec)) return std::string();
  if (!server_) {
    if (mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) {
      return Error{Cat("directory ", directory_, " cannot be created: ", strerrordesc_np(errno))};
    }
    server_ = std::make_unique<AgentServer>(reported_);
  }
  std::string socket = Cat(directory_, "/", number);
  if (auto opened = server_->Open(number, socket, known->second.news); !opened) return opened.error();
  known->second.pods.insert(number);
  agents_.emplace(number, Agent{key, socket});
  return socket;
}

void JobSetAgents::Remove(scheduler::PodNumber number) {
  const auto at = agents_.find(number);
  if (at == agents_.end()) return;
  server_->Close(number);
  if (const auto known = jobsets_.find(at->second.jobset); known != jobsets_.end()) known->second.pods.erase(number);
  agents_.erase(at);
}

std::map<scheduler::PodNumber, std::int32_t> JobSetAgents::TakeReports() {
  if (!server_) return {};
  return server_->TakeReports();
}

}  // namespace reprieve::node
