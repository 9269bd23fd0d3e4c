#include "sim/gang.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/job_pods.h"

namespace reprieve::sim {
namespace {

constexpr std::string_view kOther = "other";

double InSeconds(Nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e9;
}

Nanoseconds FromSeconds(double seconds) {
  return Nanoseconds(static_cast<std::int64_t>(std::llround(seconds * 1e9)));
}

}  // namespace

Gangs::Gangs(Simulation& simulation, const Scenario& scenario, const CaseObjects& objects)
    : simulation_(simulation), began_(simulation.Now()) {
  for (const batch::Job* job : objects.jobs) {
    Gang& gang = jobs_[job->metadata.name.str()];
    gang.name = job->metadata.name.str();
    gang.pods = batch::PodsAtOnce(*job->spec);
    gang.work = scenario.WorkOf(gang.name);
  }
  for (const jobset::JobSet* jobset : objects.jobsets) {
    Gang& gang = jobsets_[jobset->metadata.name.str()];
    gang.name = jobset->metadata.name.str();
    gang.jobset = true;
    gang.pods = jobset::PodsAtOnce(*jobset->spec);
    gang.work = scenario.WorkOf(gang.name);
  }
  simulation_.store().AddWatcher(this);
}

Gangs::~Gangs() {
  simulation_.store().RemoveWatcher(this);
}

Gangs::Gang* Gangs::GangOf(const core::Pod& pod) {
  if (const SharedString* jobset = pod.metadata.labels.Find(jobset::kJobSetName)) {
    const auto at = jobsets_.find(jobset->str());
    return at == jobsets_.end() ? nullptr : &at->second;
  }
  const meta::OwnerReference* owner = pod.metadata.Controller();
  const auto at = owner == nullptr ? jobs_.end() : jobs_.find(std::string(owner->name));
  return at == jobs_.end() ? nullptr : &at->second;
}

void Gangs::PodChanged(const core::Pod& pod) {
  const bool runs = pod.status.phase == core::PodPhase::kRunning;
  const auto at = members_.find(&pod);
  if (at == members_.end()) {
    if (!runs) return;
    Member& member = members_[&pod];
    member.gang = GangOf(pod);
    if (member.gang == nullptr) return;
    member.node = pod.node_name.str();
    Join(member);
    return;
  }
  Member& member = at->second;
  if (member.gang == nullptr) return;
  if (!runs) return Leave(member, false);
  if (!pod.metadata.deleting() || std::exchange(member.asked_to_end, true)) return;
  // It has got SIGTERM: from now on it does no work.
  Leave(member, member.gang->work.checkpoints_on_sigterm);
}

void Gangs::PodDeleted(const core::Pod& pod) {
  const auto at = members_.find(&pod);
  if (at == members_.end()) return;
  if (at->second.gang != nullptr) Leave(at->second, false);
  members_.erase(at);
}

void Gangs::NodeIsGone(const std::string& node) {
  std::vector<Member*> gone;
  const auto [from, to] = on_node_.equal_range(node);
  for (auto at = from; at != to; ++at) gone.push_back(at->second);
  for (Member* member : gone) Leave(*member, false);
}

void Gangs::Join(Member& member) {
  member.alive = true;
  on_node_.emplace(member.node, &member);
  if (++member.gang->running == member.gang->pods) Begin(*member.gang);
}

void Gangs::Leave(Member& member, bool saves) {
  if (!std::exchange(member.alive, false)) return;
  const auto [from, to] = on_node_.equal_range(member.node);
  on_node_.erase(std::find_if(from, to, [&member](const auto& each) { return each.second == &member; }));
  --member.gang->running;
  Break(*member.gang, saves);
}

double Gangs::Left(const Gang& gang) const {
  return InSeconds(gang.work.duration) - gang.saved;
}

// First the restart, then rounds of work and a checkpoint.
Gangs::Progress Gangs::ProgressOf(const Gang& gang, Time now) const {
  Progress out;
  const double passed = InSeconds(now - *gang.began);
  out.restart = std::min(passed, InSeconds(gang.work.restart));
  const double at_work = passed - out.restart;
  const double left = Left(gang);
  if (!gang.work.checkpoint_every) {
    out.done = std::min(at_work, left);
    return out;
  }
  const double every = InSeconds(*gang.work.checkpoint_every);
  const double takes = InSeconds(gang.work.checkpoint_takes);
  const double rounds = std::floor(at_work / (every + takes));
  const double within = at_work - rounds * (every + takes);
  out.saved = rounds * every;
  out.done = std::min(out.saved + std::min(within, every), left);
  out.saved = std::min(out.saved, left);
  out.checkpoints = rounds * takes + std::max(within - every, 0.0);
  return out;
}

void Gangs::Begin(Gang& gang) {
  if (gang.result.finished) return;
  const Time now = simulation_.Now();
  if (gang.broken) {
    WasteOf& waste = gang.result.waste[gang.broken_by];
    waste.waiting += InSeconds(now - *gang.broken);
    waste.lost += std::exchange(gang.redo, 0);
    gang.broken.reset();
  } else {
    gang.result.first_start = InSeconds(now - began_);
  }
  gang.began = now;
  const std::uint64_t segment = ++gang.segment;
  double takes = InSeconds(gang.work.restart) + Left(gang);
  if (gang.work.checkpoint_every) {
    // None is taken at the very end.
    const double every = InSeconds(*gang.work.checkpoint_every);
    takes += std::max(std::ceil(Left(gang) / every - 1e-9) - 1, 0.0) * InSeconds(gang.work.checkpoint_takes);
  }
  simulation_.After(FromSeconds(takes), [this, &gang, segment] {
    if (gang.segment == segment && gang.began) Finish(gang);
  });
}

void Gangs::Break(Gang& gang, bool saves) {
  if (gang.result.finished) return;
  const Time now = simulation_.Now();
  const std::string cause = cause_.empty() ? std::string(kOther) : cause_;
  // What strikes while it waits breaks nothing: the first cause has it all.
  if (!gang.began) return;
  const Progress progress = ProgressOf(gang, now);
  gang.began.reset();
  ++gang.segment;
  WasteOf& waste = gang.result.waste[cause];
  ++waste.interruptions;
  const double kept = saves ? progress.done : progress.saved;
  gang.redo += progress.done - kept;
  gang.saved += kept;
  gang.result.checkpoints += progress.checkpoints;
  // The restart that this interruption makes useless belongs to whoever made it necessary; the first belongs to nobody.
  if (!gang.broken_by.empty()) gang.result.waste[gang.broken_by].restart += progress.restart;
  gang.broken = now;
  gang.broken_by = cause;
}

void Gangs::Finish(Gang& gang) {
  const Progress progress = ProgressOf(gang, simulation_.Now());
  if (!gang.broken_by.empty()) gang.result.waste[gang.broken_by].restart += progress.restart;
  gang.result.checkpoints += progress.checkpoints;
  gang.saved = InSeconds(gang.work.duration);
  gang.began.reset();
  gang.result.finished = simulation_.Now() - began_;
  end_pods_([this, &gang](const core::Pod& pod) { return GangOf(pod) == &gang; });
}

bool Gangs::AllDone() const {
  const auto done = [](const auto& each) { return each.second.result.finished.has_value(); };
  return std::all_of(jobs_.begin(), jobs_.end(), done) && std::all_of(jobsets_.begin(), jobsets_.end(), done);
}

std::vector<GangResult> Gangs::Results() const {
  std::vector<GangResult> out;
  for (const auto* gangs : {&jobs_, &jobsets_}) {
    for (const auto& [name, gang] : *gangs) {
      GangResult result = gang.result;
      result.name = gang.name;
      result.pods = gang.pods;
      result.useful = gang.saved;
      if (gang.began) {
        const Progress progress = ProgressOf(gang, simulation_.Now());
        result.useful += progress.done;
        result.checkpoints += progress.checkpoints;
        if (!gang.broken_by.empty()) result.waste[gang.broken_by].restart += progress.restart;
      }
      if (gang.broken) {
        WasteOf& waste = result.waste[gang.broken_by];
        waste.waiting += InSeconds(simulation_.Now() - *gang.broken);
        waste.lost += gang.redo;
      }
      out.push_back(std::move(result));
    }
  }
  return out;
}

}  // namespace reprieve::sim
