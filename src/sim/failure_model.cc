#include "sim/failure_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace reprieve::sim {
namespace {

using world::FaultKind;

bool TakesTheMachine(FaultKind fault) {
  return fault == FaultKind::kNodeLost || fault == FaultKind::kNodeUnreachable;
}

double InSeconds(Nanoseconds duration) {
  return static_cast<double>(duration.count()) / 1e9;
}

}  // namespace

FailureModel::FailureModel(Simulation& simulation, Cluster& cluster, Gangs& gangs, const Scenario& scenario,
                           std::vector<std::int32_t> racks, std::uint64_t seed)
    : simulation_(simulation),
      cluster_(cluster),
      gangs_(gangs),
      scenario_(scenario),
      racks_(std::move(racks)),
      seed_(seed),
      down_(cluster.placement().nodes().size()),
      began_(simulation.Now()) {}

void FailureModel::Begin() {
  const std::size_t nodes = down_.size();
  for (const FailureSource& source : scenario_.failures) {
    if (!source.trace.empty()) Replay(source);
    if (source.maintenance) {
      simulation_.After(source.maintenance->first, [this, &source] { Maintain(source, 0); });
    }
    if (!source.hazard) continue;
    std::size_t count = 1;
    if (source.per == FailurePer::kNode) count = nodes;
    if (source.per == FailurePer::kRack) {
      count = static_cast<std::size_t>(*std::max_element(racks_.begin(), racks_.end()) + 1);
    }
    for (std::size_t i = 0; i < count; ++i) {
      Unit& unit = *units_.emplace_back(std::make_unique<Unit>());
      unit.source = &source;
      unit.number = i;
      unit.random = StreamOf(seed_, source.name, i);
      if (source.lemon_share > 0 && Uniform(unit.random) < source.lemon_share) unit.faster = source.lemon_faster;
      unit.age_from = simulation_.Now();
      Wait(unit);
    }
  }
}

// Until its next failure.
void FailureModel::Wait(Unit& unit) {
  const Hazard& hazard = *unit.source->hazard;
  Nanoseconds wait = hazard.Sample(unit.random, unit.faster);
  if (!unit.source->repair_renews && hazard.shape != 1) {
    // As old as it is: the time left, given that it has lived so long (the hazard's own scale of time is a power).
    const double age = InSeconds(simulation_.Now() - unit.age_from);
    const double scale = hazard.scale_seconds / unit.faster;
    const double used = std::pow(age / scale, hazard.shape);
    const double fresh = std::pow(InSeconds(wait) / scale, hazard.shape);
    wait = Nanoseconds(static_cast<std::int64_t>((scale * std::pow(used + fresh, 1 / hazard.shape) - age) * 1e9));
  }
  if (wait > scenario_.horizon) return;
  simulation_.After(wait, [this, &unit] {
    if (!ended_) Strike(unit);
  });
}

void FailureModel::Strike(Unit& unit) {
  const FailureSource& source = *unit.source;
  const FailureCause& cause = Draw(source, unit.random);
  const Nanoseconds repair = RepairOf(cause, unit.random);
  ++strikes_[cause.name];
  gangs_.Blame(cause.name);
  bool needs_repair = false;
  if (source.per == FailurePer::kNode) {
    needs_repair = Hit(cause, unit.number, repair);
  } else if (source.per == FailurePer::kJob) {
    needs_repair = Hit(cause, DrawNode(unit.random), repair);
  } else {
    for (std::size_t node = 0; node < racks_.size(); ++node) {
      if (racks_[node] == static_cast<std::int32_t>(unit.number)) needs_repair |= Hit(cause, node, repair);
    }
  }
  if (!needs_repair || repair <= Nanoseconds(0)) return Wait(unit);
  simulation_.After(repair, [this, &unit] {
    if (!ended_) Wait(unit);
  });
}

const FailureCause& FailureModel::Draw(const FailureSource& source, Random& random) const {
  double left = Uniform(random);
  for (const FailureCause& cause : source.causes) {
    left -= cause.share;
    if (left <= 0) return cause;
  }
  return source.causes.back();
}

Nanoseconds FailureModel::RepairOf(const FailureCause& cause, Random& random) const {
  // Drawn in any case: two scenarios that differ in a repair alone see the same failures.
  const double factor = 1 - cause.repair_spread + cause.repair_spread * -std::log(Uniform(random));
  return Nanoseconds(static_cast<std::int64_t>(static_cast<double>(cause.repair.count()) * factor));
}

bool FailureModel::Hit(const FailureCause& cause, std::size_t node, Nanoseconds repair) {
  const std::string& name = cluster_.placement().nodes()[node].name;
  if (cause.event.node.empty()) {
    HitPod(cause, name);
    return false;
  }
  // It is down already.
  if (down_[node] > 0) return false;
  world::Incident incident = cause.event;
  incident.node = name;
  if (TakesTheMachine(incident.fault)) gangs_.NodeIsGone(name);
  Apply(std::move(incident));
  if (repair <= Nanoseconds(0)) return false;
  ++down_[node];
  simulation_.After(repair, [this, node] { BringBack(node); });
  return true;
}

void FailureModel::BringBack(std::size_t node) {
  if (--down_[node] > 0) return;
  world::Incident back;
  back.fault = FaultKind::kNodeBack;
  back.node = cluster_.placement().nodes()[node].name;
  Apply(std::move(back));
}

void FailureModel::HitPod(const FailureCause& cause, const std::string& node) {
  const core::Pod* pod = cluster_.FirstRunningOn(node);
  if (pod == nullptr) return;
  world::Incident incident = cause.event;
  incident.pod = pod->metadata.name.str();
  Apply(std::move(incident));
}

void FailureModel::Apply(world::Incident incident) {
  incident.at = simulation_.Now() - began_;
  if (observer_) observer_(incident);
  cluster_.Apply(incident);
}

std::size_t FailureModel::DrawNode(Random& random) const {
  // Of those that work: the first one at or after a random one.
  const std::size_t nodes = down_.size();
  const std::size_t from = random.Below(nodes);
  for (std::size_t i = 0; i < nodes; ++i) {
    const std::size_t node = (from + i) % nodes;
    if (gangs_.AnyOn(cluster_.placement().nodes()[node].name)) return node;
  }
  return from;
}

// So many nodes at once are drained, then the next ones, until all have had their turn.
void FailureModel::Maintain(const FailureSource& source, std::size_t first) {
  if (ended_) return;
  const Maintenance& maintenance = *source.maintenance;
  FailureCause cause;
  cause.name = source.name;
  cause.event.fault = FaultKind::kNodeDrained;
  cause.event.node = "*";
  const std::size_t end = std::min(first + static_cast<std::size_t>(maintenance.nodes), down_.size());
  ++strikes_[cause.name];
  gangs_.Blame(cause.name);
  for (std::size_t node = first; node < end; ++node) Hit(cause, node, maintenance.lasts);
  if (end < down_.size()) {
    simulation_.After(maintenance.lasts, [this, &source, end] { Maintain(source, end); });
  } else if (maintenance.every > Nanoseconds(0)) {
    simulation_.After(maintenance.every, [this, &source] { Maintain(source, 0); });
  }
}

void FailureModel::Replay(const FailureSource& source) {
  for (std::size_t i = 0; i < source.trace.size(); ++i) {
    simulation_.After(source.trace[i].at, [this, &source, i] {
      if (ended_) return;
      const TraceEntry& entry = source.trace[i];
      Random random = StreamOf(seed_, source.name, i);
      const auto named = std::find_if(source.causes.begin(), source.causes.end(),
                                      [&entry](const FailureCause& each) { return each.name == entry.cause; });
      const FailureCause& cause = named != source.causes.end() ? *named : Draw(source, random);
      const auto& nodes = cluster_.placement().nodes();
      const auto at = std::find_if(nodes.begin(), nodes.end(),
                                   [&entry](const scheduler::Node& each) { return each.name == entry.node; });
      const std::size_t node = at != nodes.end() ? static_cast<std::size_t>(at - nodes.begin()) : DrawNode(random);
      ++strikes_[cause.name];
      gangs_.Blame(cause.name);
      Hit(cause, node, RepairOf(cause, random));
    });
  }
}

}  // namespace reprieve::sim
